"""Compare the model with recorded histories: requests in a row to one real kube-apiserver, and every answer.

Usage: ``python tests/conformance/histories.py FILE`` prints every disagreement, then ``agree N of M, K left out``, and
exits with 1 unless N = M. The file has the form of apiserver-histories.json beside this script (``about`` in the file
tells it). The runner reads a question from a step, asks the public API, and compares; it knows no answer.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import k8sexpose as kx
from tests.conformance.apiserver import Masks, api_answer, compare, new_cluster, recorded

Row = dict[str, Any]

# What the recorded objects do not have, and the objects that are echoed in a message have.
BOOKKEEPING = ("uid", "resourceVersion", "creationTimestamp", "managedFields")


def ask(cluster: kx.Cluster, step: Row) -> Row:
    """Send one request, and return the answer in the form of a recorded one."""
    options: Row = {"field_validation": "Warn" if step.get("fv") == "" else step.get("fv") or "Strict"}
    if step.get("dry"):
        options["dry_run"] = True
    name = step.get("name", "")
    if step["op"] == "delete":
        return _delete(cluster, name)
    if step["op"] == "patch":
        options["patch_type"] = step["ptype"]
        return api_answer(lambda: cluster.patch(name, step["patch"], **options), 200, cluster)
    body = _object(step["body"]) if step["ctype"] == "json" else step["body"]
    if step["op"] == "create":
        return api_answer(lambda: cluster.create(body, **options), 201, cluster)
    code = 200 if _there(cluster, name) else 201
    return api_answer(lambda: cluster.replace(body, name=name, **options), code, cluster)


def _object(body: str) -> Any:
    """Return a JSON body as an object; what is none goes out as text."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return value if isinstance(value, dict) else body


def _there(cluster: kx.Cluster, name: str) -> bool:
    return any((service.namespace, service.name) == ("default", name) for service in cluster.services)


def _delete(cluster: kx.Cluster, name: str) -> Row:
    """Delete, and answer with the Service as it was or, where a finalizer holds it, as it is now."""
    before = cluster.service(name) if _there(cluster, name) else None
    answer = api_answer(lambda: cluster.delete(name), 200, cluster)
    if before is not None:
        answer["object"] = (cluster.service(name) if _there(cluster, name) else before).to_dict()
    return answer


def comparable(answer: Row) -> Row:
    """Leave out what differs from run to run: times, and the bookkeeping in an echoed object."""
    result = dict(answer)
    metadata = result.get("object", {}).get("metadata", {})
    if "deletionTimestamp" in metadata:
        result["object"] = {**result["object"], "metadata": {**metadata, "deletionTimestamp": "<time>"}}
    if "message" in result:
        result["message"] = _echo(result["message"])
    if "causes" in result:
        result["causes"] = [{**cause, "message": _echo(cause.get("message", ""))} for cause in result["causes"]]
    return {key: value for key, value in result.items() if value}


def _echo(message: str) -> str:
    return re.sub(r'(?<=Invalid value: )"(?:[^"\\]|\\.)*"', lambda match: _without_bookkeeping(match[0]), message)


def _without_bookkeeping(quoted: str) -> str:
    try:
        shown = json.loads(json.loads(quoted))
    except ValueError:
        return quoted
    if isinstance(shown, dict) and isinstance(shown.get("metadata"), dict):
        kept = {key: value for key, value in shown["metadata"].items() if key not in BOOKKEEPING}
        shown = {**shown, "metadata": kept}
    return json.dumps(json.dumps(shown, ensure_ascii=False), ensure_ascii=False)


def check_history(row: Row) -> Iterator[str]:
    """Ask every step of one history, in order, and compare."""
    cluster, masks, seen = new_cluster(), (Masks(""), Masks("")), ""
    for number, step in enumerate(row["steps"], 1):
        seen += step.get("body") or json.dumps(step.get("patch"))
        got, want = comparable(ask(cluster, step)), comparable(recorded(step["real"]))
        yield from compare(f"step {number}, {step['op']}", seen, got, want, masks)


def check_row(row: Row) -> Iterator[str]:
    """Compare one history; what is no answer of an API server is a disagreement, too."""
    try:
        yield from check_history(row)
    except Exception as error:
        yield f"raised {error!r}"


def left_out(row: Row) -> str | None:
    """Return why the model does not try to answer a history: none at present."""
    return None


def check_file(path: Path) -> tuple[list[str], int, int, int]:
    """Check every history of a file: the disagreements, agreeing histories, histories, histories left out."""
    rows = json.loads(path.read_text())["rows"]
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
