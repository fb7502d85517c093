"""The manifest doctor: any text, kubectl's words, hints apart."""

from __future__ import annotations

import pytest

from k8sexpose.widgets.explorers.diagnosis import BROKEN, LONGEST, diagnose
from k8sexpose.widgets.explorers.doctor import DOCTOR, DoctorSetting, draw_gates
from tests.widgets.explorers.helpers import label

GOOD = BROKEN.replace("Loadbalancer", "LoadBalancer")


HOSTILE = [
    "", " \n", "null", "[]", "- 1", "a: [", "\t\x00<b>", "\ud800: 1", "[" * 3000, "/etc/hostname.yaml", "kind: [",
    "kind: List\napiVersion: v1\nitems: 5", "a: &a [1]\nb: &b [*a, *a]", "<script>alert(1)</script>: <b>",
    "apiVersion: v1\nkind: Service\nmetadata: {name: '<img src=x onerror=alert(1)>'}\nspec: {ports: [{port: 80}]}",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {a: '</pre><script>'}}\nspec: {ports: [{port: 80}]}",
    "apiVersion: v1\nkind: '<i>'\nmetadata: 7", "x" * (LONGEST + 1), (GOOD + "---\n") * 30, "{{ template }}", "? ? ?",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_doctor_takes_any_text(text: str) -> None:
    found = diagnose(text)
    page = DOCTOR.page(DoctorSetting(text))
    page.encode()
    assert not {"<script", "<img", "<i>", "<b>"} & {part for part in ("<script", "<img", "<i>", "<b>") if part in page}
    assert "doctor's fault" not in found.verdict
    assert found.verdict in label(draw_gates(found))


def test_doctor_says_what_kubectl_says_and_keeps_the_hint_apart() -> None:
    found = diagnose(BROKEN)
    assert found.printed.startswith('The Service "public-api-lb" is invalid: spec.type: Unsupported value')
    assert found.hints == ("Values are case-sensitive: write LoadBalancer.",) and found.hints[0] not in found.printed
    assert "60,000 at most" in diagnose("x" * (LONGEST + 1)).verdict


def test_doctor_marks_what_the_server_added() -> None:
    (document,) = diagnose(GOOD).documents
    added = {line.strip() for line, is_added in document.lines if is_added}
    kept = {line.strip() for line, is_added in document.lines if not is_added}
    assert {"sessionAffinity: None", "externalTrafficPolicy: Cluster", "namespace: default"} <= added
    assert {"type: LoadBalancer", "port: 80", "targetPort: 8080", "app: api-backend"} <= kept
    page = DOCTOR.page(DoctorSetting(GOOD))
    assert page.count("<ins ") == sum(is_added for _, is_added in document.lines)
    assert page.count(">+ ") == page.count("<ins ")


def test_doctor_goes_on_after_a_refusal() -> None:
    found = diagnose(f"{GOOD}---\n{BROKEN}")
    assert [document.stored for document in found.documents] == [True, False]
    assert "public-api-lb created" in found.printed and "1 of 2 objects is refused" in found.verdict
