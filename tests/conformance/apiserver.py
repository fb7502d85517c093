"""Compare the model with recorded answers of a real kube-apiserver and kubectl.

Usage: ``python tests/conformance/apiserver.py FILE`` prints every disagreement, then ``agree N of M, K left out``, and
exits with 1 unless N = M. The file has the form of apiserver-cases.json beside this script. The runner reads a
question from a row, asks the public API, and compares; it knows no answer.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import k8sexpose as kx
from k8sexpose.api.results import ApplyResult
from k8sexpose.kubectl import run

Row = dict[str, Any]

# How a name is made from a generateName (apiserver/pkg/storage/names/generate.go).
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
MAX_GENERATED_PREFIX = 58


@dataclass
class Masks:
    """Names random numbers by the order in which they appear, across the steps of one case.

    A value is random if the manifest does not hold it and it lies in a band from which automatic picks come: node
    ports from 30086 (dry runs: 32768) on, cluster IPs from 10.96.1.1 on, names made from a generateName.
    """

    manifest: str
    names: dict[str, str] = field(default_factory=dict)

    def text(self, value: str) -> str:
        """Mask a printed text; kubectl's columns are as wide as the masked value."""
        value = re.sub(r"10\.96\.\d+\.\d+", lambda m: self._ip(m[0]), value)
        for prefix in re.findall(r"\bgenerateName\b[\"']?: *[\"']?([\w.-]+)", self.manifest):
            generated = re.escape(prefix[:MAX_GENERATED_PREFIX]) + f"[{SUFFIX_LETTERS}]{{5}}"
            value = re.sub(rf"(?<![\w.-]){generated}(?![\w.-])", lambda m: self._name("name", m[0]), value)
        return re.sub(r"(?<![\d.-])3[0-2]\d{3}(?![\d.])", lambda m: self._port(m[0]), value)

    def value(self, value: Any) -> Any:
        """Mask an object."""
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool):
            masked = self._port(str(value))
            return value if masked == str(value) else masked
        return self.text(value) if isinstance(value, str) else value

    def _ip(self, text: str) -> str:
        third = int(text.split(".")[2])
        fixed = text in self.manifest or (third == 0 and text != "10.96.0.0")
        return text if fixed else self._name("ip", text)

    def _port(self, text: str) -> str:
        fixed = re.search(rf"(?<!\d){text}(?!\d)", self.manifest) or not 30086 <= int(text) <= 32800
        return text if fixed else self._name("port", text)

    def _name(self, kind: str, text: str) -> str:
        return self.names.setdefault(text, f"<{kind}-{sum(n.startswith(f'<{kind}') for n in self.names.values()) + 1}>")


def table(text: str | None) -> Any:
    """Split a printed table into cells: the widths depend on the random values, the age on the clock."""
    if text is None:
        return None
    rows = [re.split(r"\s{3,}", line) for line in text.splitlines()]
    return [row[:-1] if row and re.fullmatch(r"AGE|\d+[smhd].*", row[-1]) else row for row in rows]


def widths_kept(text: str | None) -> bool:
    """Check that every column of a table is as wide as kubectl makes it: the longest cell and three spaces."""
    lines = (text or "").splitlines()
    starts = [[m.start() for m in re.finditer(r"(?<!\S)\S", line)] for line in lines]
    return len({tuple(columns) for columns in starts}) <= 1


def new_cluster() -> kx.Cluster:
    """A cluster as at the recordings: IPv4 only, the namespace default, the Service kubernetes."""
    return kx.Cluster(nodes=1, namespaces=("default",))


def api_answer(call: Callable[[], Any], success: int, cluster: kx.Cluster) -> Row:
    """What the model answers to a direct request, in the form of a recorded answer."""
    try:
        service = call()
    except kx.ApiError as error:
        causes = [
            {k: v for k, v in (("reason", c.reason), ("message", c.message), ("field", c.field)) if v}
            for c in error.causes
        ]
        answer: Row = {"http_code": error.code, "reason": error.reason, "message": error.message, "causes": causes}
        if error.warnings:
            answer["warnings"] = list(error.warnings)
        return answer
    answer = {"http_code": success}
    # Of a deletion only the code is recorded.
    if service is not None and not isinstance(service, ApplyResult):
        answer["object"] = service.to_dict()
    if cluster.warnings:
        answer["warnings"] = list(cluster.warnings)
    return answer


def ask(cluster: kx.Cluster, row: Row, **options: Any) -> Row:
    """Send one create, replace or delete."""
    if row["op"] == "delete":
        return api_answer(lambda: cluster.delete(row["name"]), 200, cluster)
    if row["op"] == "replace":
        known = f"default/{_name(row['manifest'])}" in {f"{s.namespace}/{s.name}" for s in cluster.services}
        return api_answer(lambda: cluster.replace(row["manifest"], **options), 200 if known else 201, cluster)
    return api_answer(lambda: cluster.create(row["manifest"], **options), 201, cluster)


def _name(manifest: str) -> str:
    match = re.search(r"^ *\"?name\"?: *\"?([\w.-]+)", manifest, re.MULTILINE)
    return match[1] if match else ""


def recorded(row: Row) -> Row:
    """The part of a recorded answer that is compared."""
    return {k: row[k] for k in ("http_code", "reason", "message", "causes", "object", "warnings") if row.get(k)}


def printed(completed: Any) -> Row:
    return {"rc": completed.rc, "stdout": completed.stdout, "stderr": completed.stderr}


def compare(what: str, manifest: str, got: Any, want: Any, masks: tuple[Masks, Masks] | None = None) -> Iterator[str]:
    ours, theirs = masks or (Masks(manifest), Masks(manifest))
    ours.manifest = theirs.manifest = manifest
    got, want = ours.value(got), theirs.value(want)
    if got != want:
        shown = (json.dumps(side, ensure_ascii=False) for side in (got, want))
        yield "{}:\n      model {}\n      real  {}".format(what, *shown)


def check_single(row: Row) -> Iterator[str]:
    """Compare a case of one request."""
    manifest = row["manifest"] or ""
    cluster = new_cluster()
    answer = ask(cluster, row)
    answer = {key: value for key, value in answer.items() if value}
    yield from compare("answer", manifest, answer, recorded(row))
    if "kubectl_create" in row:
        fresh = new_cluster()
        yield from compare(
            "kubectl create", manifest, printed(run(fresh, "create -f -", manifest)), row["kubectl_create"]
        )
    if "kubectl_get" in row:
        text = (
            run(cluster, ["get", "services", answer["object"]["metadata"]["name"]]).stdout if "object" in answer else ""
        )
        yield from compare("kubectl get", manifest, table(text), table(row["kubectl_get"]))
        if not widths_kept(text):
            yield f"kubectl get: columns do not line up:\n{text}"
    if "api_fieldValidation_warn" in row:
        dry = {k: v for k, v in ask(new_cluster(), row, field_validation="Warn", dry_run=True).items() if v}
        yield from compare("fieldValidation=Warn", manifest, dry, recorded(row["api_fieldValidation_warn"]))


def check_steps(row: Row) -> Iterator[str]:
    """Compare a case of several requests to one cluster."""
    cluster = new_cluster()
    masks = Masks(""), Masks("")
    seen = ""
    for number, step in enumerate(row["steps"], 1):
        seen += step.get("manifest") or ""
        if step["op"] == "apply":
            completed = run(cluster, "apply -f -", step["manifest"])
            yield from compare(f"step {number}, kubectl apply", seen, printed(completed), step["kubectl_apply"], masks)
            name = _name(step["manifest"])
            after = api_answer(lambda name=name: cluster.service(name), 200, cluster)  # type: ignore[misc]
            after.pop("warnings", None)
            yield from compare(f"step {number}, after", seen, after, recorded(step["after"]), masks)
            continue
        before = cluster.copy()
        answer = {k: v for k, v in ask(cluster, step).items() if v}
        yield from compare(f"step {number}, answer", seen, answer, recorded(step["api"]), masks)
        if "kubectl_create" in step:
            completed = run(before, "create -f -", step["manifest"])
            yield from compare(f"step {number}, kubectl create", seen, printed(completed), step["kubectl_create"])


def check_row(row: Row) -> Iterator[str]:
    """Compare one case; what is no answer of an API server is a disagreement, too."""
    try:
        yield from check_steps(row) if "steps" in row else check_single(row)
    except Exception as error:
        yield f"raised {error!r}"


def left_out(row: Row) -> str | None:
    """The classes of input that the model does not try to answer, each with its reason: none at present."""
    return None


def check_file(path: Path) -> tuple[list[str], int, int, int]:
    """Check every case of a file: the disagreements, agreeing cases, cases, cases left out."""
    rows = json.loads(path.read_text())
    problems, agree, skipped = [], 0, 0
    for row in rows:
        if left_out(row):
            skipped += 1
            continue
        found = list(check_row(row))
        problems += [f"{row['id']}: {text}" for text in found]
        agree += not found
    return problems, agree, len(rows), skipped


def main() -> int:
    problems, agree, rows, skipped = check_file(Path(sys.argv[1]))
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"agree {agree} of {rows - skipped}, {skipped} left out")
    return 0 if agree == rows - skipped else 1


if __name__ == "__main__":
    sys.exit(main())
