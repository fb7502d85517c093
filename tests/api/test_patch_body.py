"""Patches as the API server reads them: what the recorded histories do not reach."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx

WEB: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]},
}


def cluster() -> kx.Cluster:
    made = kx.Cluster(nodes=1, namespaces=("default",))
    made.create(WEB)
    return made


def refusal(patch: Any, patch_type: str, **options: Any) -> kx.ApiError:
    with pytest.raises(kx.ApiError) as refused:
        cluster().patch("web", patch, patch_type=patch_type, **options)
    return refused.value


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"ports": [{"port": True}]}, "unrecognized type: int32"),
        ({"ports": [{"port": 80.5}]}, "cannot convert float64 to int32"),
        ({"ports": [{"port": 80, "targetPort": 1.5}]}, "json: cannot unmarshal number 1.5 into Go value of type int32"),
        ({"ports": {}}, "cannot restore slice from map"),
        ({"ports": [80]}, "list element types are not identical"),
        ({"selector": [1]}, "cannot restore map from slice"),
        ({"externalName": 1}, "cannot convert int64 to string"),
        ({"externalName": False}, "unrecognized type: string"),
        ({"publishNotReadyAddresses": "yes"}, "unrecognized type: bool"),
        ({"sessionAffinityConfig": 1}, "cannot restore struct from: int64"),
        ({"ipFamilyPolicy": 2}, "cannot convert int64 to v1.IPFamilyPolicy"),
        # The first in the order of the Go struct is told, whatever the order of the patch.
        ({"trafficDistribution": 1, "selector": 1}, "cannot restore map from int64"),
    ],
)
def test_a_wrong_type_in_a_strategic_patch(spec: dict[str, Any], problem: str) -> None:
    assert problem in refusal({"spec": spec}, "strategic").message


def test_numbers_are_converted_as_go_converts_them() -> None:
    assert cluster().patch("web", {"spec": {"ports": [{"port": 80, "nodePort": 30081.0}]}}).ports[0].node_port == 30081
    # int32(2**32 + 443) is 443.
    assert cluster().patch("web", {"spec": {"ports": [{"port": 2**32 + 443, "name": "a"}, {"port": 80, "name": "b"}]}}).ports[0].port == 443  # fmt: skip


@pytest.mark.parametrize(
    ("patch", "patch_type", "validation", "message"),
    [
        ([{"op": 1}], "json", "Strict",
         "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
        ([3], "json", "Warn", "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        ([3], "json", "Ignore", "json: cannot unmarshal number into Go value of type jsonpatch.Operation"),
        ({}, "json", "Ignore", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ([], "merge", "Strict",
         "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("x", "merge", "Ignore", "Invalid JSON Patch"),
        ([], "strategic", "Strict", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ],
)  # fmt: skip
def test_a_document_that_is_no_such_patch(patch: Any, patch_type: str, validation: str, message: str) -> None:
    error = refusal(patch, patch_type, field_validation=validation)
    assert (error.code, error.reason, error.message) == (400, "BadRequest", message)


def test_an_operation_with_an_unknown_member() -> None:
    operation = {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}, "extra": 1}
    problem = 'strict decoding error: json patch unknown field "[0].extra"'
    assert problem in refusal([operation], "json").message
    warned = cluster()
    assert warned.patch("web", [operation], patch_type="json", field_validation="Warn").labels == {"a": "b"}
    assert warned.warnings == ('json patch unknown field "[0].extra"',)


def test_the_echo_shows_what_was_looked_into_in_alphabetical_order() -> None:
    shown = refusal([{"op": "add", "path": "/spec/ports/0/x", "value": {"b": 1, "a": 2}}], "json").message
    port = r"{\"nodePort\":30080,\"port\":80,\"protocol\":\"TCP\",\"targetPort\":80,\"x\":{\"b\":1,\"a\":2}}"
    assert rf"\"ports\":[{port}],\"sessionAffinity\":\"None\"" in shown
    untouched = refusal({"metadata": {"x": 1}}, "merge").message
    assert (
        r"\"spec\":{\"ports\":[{\"protocol\":\"TCP\",\"port\":80,\"targetPort\":80,\"nodePort\":30080}]," in untouched
    )


def test_an_object_of_another_kind_or_none() -> None:
    assert (
        "converting (v1.Secret) to (core.Service): unknown conversion" in refusal({"kind": "Secret"}, "merge").message
    )
    assert 'no kind "Foo" is registered for version "v1"' in refusal({"kind": "Foo"}, "merge").message
    assert cluster().patch("web", {"kind": "Pod"}).type == "NodePort"  # a strategic patch goes by the Go type
    assert 'unknown field "metadata", unknown field "spec"' in refusal({"apiVersion": None}, "merge").message
    assert "undeterminable" in refusal([{"op": "replace", "path": "", "value": {}}], "json").message


def test_warnings_of_a_patch_come_sorted_or_in_its_order() -> None:
    made, spec = cluster(), {"spec": {"b": 1, "a": 2}}
    made.patch("web", spec, field_validation="Warn")
    assert made.warnings == ('unknown field "spec.a"', 'unknown field "spec.b"')
    made.patch("web", {"spec": {"b": 1}}, field_validation="Ignore")
    assert made.warnings == ()
