"""Every recorded print of kubectl, letter for letter."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.kubectl.describe import describe_service
from tests.kubectl.helpers import TW, WEB, answer, stdout

PRINTS = json.loads((Path(__file__).parents[1] / "conformance" / "kubectl-prints.json").read_text())


def ageless(text: str) -> str:
    """Ages differ with the clock, and the blanks behind them."""
    return re.sub(r"(?<= )\d+[smhd](?=\s)\s*?(?=\n| {3}\S|$)", "AGE", re.sub(r"(?<= )(\d+[smhd]) *", r"\1   ", text))


def test_recorded_get(recorded: kx.Cluster) -> None:
    assert ageless(stdout(recorded, "get svc")) == ageless(PRINTS["kubectl_get_svc"])
    assert ageless(stdout(recorded, "get svc -o wide")) == ageless(PRINTS["kubectl_get_svc_wide"])


@pytest.mark.parametrize("name", PRINTS["kubectl_describe"])
def test_recorded_describe(recorded: kx.Cluster, name: str) -> None:
    want = PRINTS["kubectl_describe"][name]
    assert describe_service(recorded.service(name)) == want
    # The model has an EndpointSlice controller, the recorded cluster had none.
    got = re.sub(r"(?m)^(Endpoints: +).*$", r"\1<none>", stdout(recorded, f"describe svc {name}"))
    assert got == want


def test_recorded_answers(recorded: kx.Cluster) -> None:
    assert answer(run(recorded, "get svc nosuch")) == PRINTS["kubectl_get_missing"]
    assert answer(run(recorded, "delete svc web")) == PRINTS["kubectl_delete"]
    assert answer(run(recorded, "delete svc web")) == PRINTS["kubectl_delete_missing"]
    assert [answer(run(recorded, "apply -f -", TW)) for _ in range(2)] == PRINTS["kubectl_apply_twice"]
    assert [answer(run(recorded, "create -f -", TW))] == PRINTS["kubectl_create_twice"]
    assert answer(run(recorded, """patch svc tw -p '{"spec":{"type":"NodePort"}}'""")) == PRINTS["kubectl_patch_type"]
    bad = """patch svc tw -p '{"spec":{"externalTrafficPolicy":"local"}}'"""
    assert answer(run(recorded, bad)) == PRINTS["kubectl_patch_bad_policy"]
    made = "create service nodeport cli --tcp=80:8080 --node-port=30090 --dry-run=client -o yaml"
    assert answer(run(recorded, made)) == PRINTS["kubectl_create_service_nodeport"]
    bad = "create service nodeport cli2 --tcp=80:8080 --node-port=80"
    assert answer(run(recorded, bad)) == PRINTS["kubectl_create_service_nodeport_bad"]
    twice = WEB.replace("type: %s", "type: NodePort, type: LoadBalancer")
    want = PRINTS["dup_key_type_NodePort_then_LoadBalancer_kubectl"]
    assert answer(run(recorded, "create -f -", twice)) == want["kubectl"]
    assert recorded.service("web").type == want["type"]


def test_every_recorded_print_is_compared() -> None:
    text = Path(__file__).read_text()
    assert not [key for key in PRINTS if "kubectl" in key and f'"{key}"' not in text]
