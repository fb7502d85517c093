"""The JSON of reports and differences has the fields and types that docs/report.md promises to programs, and no other."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import k8sexpose as kx
from k8sexpose.report.findings import SEVERITIES
from tests.report.helpers import SAMPLE

FILES, ROOT = Path(__file__).parent / "real_files", Path(__file__).parents[2]
TEXT, TRUTH = {"type": "string"}, {"type": "boolean"}
NUMBER = {"type": ["number", "null"]}
SHARE = {**NUMBER, "minimum": 0, "maximum": 1}


def an_object(words: str = "", /, **fields: Any) -> dict[str, Any]:
    """Describe an object: the names of its texts, and its other fields."""
    properties = {**dict.fromkeys(words.split(), TEXT), **fields}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def a_list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


HEAD = {"made_by": TEXT, "date": {"type": ["string", "null"]}}
FINDING = an_object(
    "kind service what why fix command field lesson source url", severity={"enum": ["problem", "warning", "note"]}
)
ENTRANCE = an_object(
    "kind service address seen_as note", who={"enum": ["internet", "private network", "cluster"]}, lost=SHARE
)
POLICY = an_object(
    "source failure", hottest_over_mean=NUMBER, fairness=NUMBER, mean_ms=NUMBER, p50_ms=NUMBER, p99_ms=NUMBER,
    extra_hop=SHARE, crosses_zone=SHARE, lost=SHARE, cost_per_month=NUMBER,
)  # fmt: skip
COMPARISON = an_object(
    "now recommended", reasons=a_list(TEXT), local_slower_from_utilisation=SHARE,
    local_slower_at_p99_from_utilisation=SHARE, policies=an_object(Cluster=POLICY, Local=POLICY),
)  # fmt: skip
SERVICE = an_object(
    "name type address ports reached_by why_not", ready={"type": ["integer", "null"]}, entrances=a_list(ENTRANCE),
    comparison={"anyOf": [COMPARISON, {"type": "null"}]},
)  # fmt: skip
SHARED = an_object(
    "name class served_by billed_as group", kind={"enum": ["Ingress", "Gateway"]}, internal=TRUTH, hosts=a_list(TEXT),
    services=a_list(TEXT), addresses=a_list(TEXT),
)  # fmt: skip
LINE = an_object(
    "name unit source url as_of", quantity={"type": "number"}, unit_price=NUMBER, cost=NUMBER, estimated=TRUTH
)
BILL = an_object(
    "currency headline", total_per_month=NUMBER, known_per_month=NUMBER, estimated_total_per_month=NUMBER,
    missing=a_list(TEXT), lines=a_list(LINE),
)  # fmt: skip
REPORT = an_object(
    "provider region guess size load_balancers data_plane", **HEAD, schema={"const": "k8sexpose.report/1"},
    lacks=a_list(TEXT), findings=a_list(FINDING), services=a_list(SERVICE), internet=a_list(ENTRANCE),
    shared_entries=a_list(SHARED), bill=BILL, assumptions=a_list(TEXT),
)  # fmt: skip
CHANGE = an_object("service what before after", before_value=NUMBER, after_value=NUMBER)
DIFF = an_object(
    **HEAD, schema={"const": "k8sexpose.diff/1"}, exposed_anew=a_list(TEXT), exposed_no_more=a_list(TEXT),
    changes=a_list(CHANGE), new_findings=a_list(FINDING), gone_findings=a_list(FINDING),
    bill=an_object(before=BILL, after=BILL),
)  # fmt: skip


def names(schema: dict[str, Any]) -> set[str]:
    """Return the names of all fields in a schema."""
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    return {*schema.get("properties", {}), *itertools.chain.from_iterable(map(names, inner))}


@pytest.mark.parametrize("schema", [REPORT, DIFF])
def test_every_field_is_in_the_docs(schema: dict[str, Any]) -> None:
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs/report.md").read_text(encoding="utf-8")))
    assert names(schema) - told == set()


def check(text: str, schema: dict[str, Any]) -> Any:
    made = json.loads(text, parse_constant=pytest.fail)
    assert [f"{list(one.path)}: {one.message}" for one in Draft202012Validator(schema).iter_errors(made)] == []
    return made


@pytest.mark.parametrize("path", [SAMPLE, *sorted(FILES.glob("*.json"))], ids=lambda path: path.name)
def test_a_report_is_what_the_docs_say(path: Path) -> None:
    made = check(kx.review(kx.Cluster.from_json(path, provider=None)).to_json("2026-11-30"), REPORT)
    ranks = [SEVERITIES.index(one["severity"]) for one in made["findings"]]
    assert ranks == sorted(ranks), "the most severe first"


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda dump: dump["items"].clear(),
    lambda dump: [one["spec"].update(externalTrafficPolicy="Local") for one in dump["items"] if _balanced(one)],
]


def _balanced(item: dict[str, Any]) -> bool:
    return item["kind"] == "Service" and item["spec"].get("type") == "LoadBalancer"


@pytest.mark.parametrize("change", CHANGES)
def test_a_difference_is_what_the_docs_say(change: Callable[[dict[str, Any]], object]) -> None:
    dump = json.loads(SAMPLE.read_text(encoding="utf-8"))
    other = copy.deepcopy(dump)
    change(other)
    before, after = (kx.Cluster.from_json(one, provider=None) for one in (dump, other))
    made = check(kx.diff(before, after).to_json(), DIFF)
    assert made["changes"] or made["exposed_no_more"]
