"""From text to objects: what people paste, and what must never work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.api import documents as files
from k8sexpose.api import manifest
from k8sexpose.api.decode import decode
from k8sexpose.api.schemas import SERVICE
from k8sexpose.data import EXAMPLES

ONE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("Yes", True), ("ON", True), ("n", False), ("off", False), ("yEs", "yEs"),
        ("0120", 80), ("0o17", 15), ("0x50", 80), ("0b11", 3), ("8_080", 8080), ("-5", -5), ("+5", 5),
        ("1e3", 1000), ("80.0", 80), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("~", None), ("null", None),
        (".5", 0.5), ("1_000.5", 1000.5), ("08", 8), ("1.2.3", "1.2.3"), ("-", "-"), ("0x", "0x"), ("", None),
    ],
)  # fmt: skip
def test_a_scalar_is_read_as_go_reads_it(text: str, value: object) -> None:
    assert manifest.scalar(text) == value
    assert type(manifest.scalar(text)) is type(value) or isinstance(value, float)


def test_byte_order_mark_crlf_comments_anchors() -> None:
    text = "\ufeff# a comment\r\napiVersion: v1 # core\r\nkind: Service\r\nmetadata: &m {name: web}\r\ncopy: *m\r\n"
    assert manifest.parse(text.encode()).value == {
        "apiVersion": "v1", "copy": {"name": "web"}, "kind": "Service", "metadata": {"name": "web"},
    }  # fmt: skip


def test_merge_keys_and_later_keys() -> None:
    assert manifest.parse("a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}").value["b"] == {"x": 1, "z": 3}


def test_keys_of_other_types_become_texts() -> None:
    assert manifest.parse("1: a\ntrue: b\n1.5: c").value == {"1": "a", "1.5": "c", "true": "b"}
    assert manifest.parse("-.INF: a\n.nan: b").value == {"-.inf": "a", ".nan": "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1", "yaml: line 2: found character that cannot start any token"),
        ("a: *nothing", "yaml: unknown anchor 'nothing' referenced"),
        ("a: &a [*a]", "yaml: anchor 'a' value contains itself"),
        ("[" * 500, "yaml: line 1: nested deeper than 60 levels"),
        ("a: .inf", "json: unsupported value: +Inf"),
        ("a: b\x00c", "yaml: control characters are not allowed"),
        (
            "? [a, 1, yes, {b: 2}]\n: b",
            'yaml: invalid map key: []interface {}{"a", 1, true, map[interface {}]interface {}{"b":2}}',
        ),
        ("~: [b]", 'unsupported map key of type: %!s(<nil>), key: <nil>, value: []interface {}{"b"}'),
        (b"a: \xff", "yaml: invalid UTF-8 at byte 3"),
    ],
)
def test_an_unreadable_text_is_told_where(text: str | bytes, message: str) -> None:
    with pytest.raises(kx.ManifestError) as caught:
        manifest.parse(text)
    assert caught.value.message == message


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]" for i in range(12)]
    with pytest.raises(kx.ManifestError, match="excessive aliasing"):
        manifest.parse("\n".join(lines))


def test_a_tag_builds_no_object() -> None:
    assert manifest.parse("a: !!python/object/apply:os.system [echo]").value == {"a": ["echo"]}


def test_too_large_a_text_is_not_read() -> None:
    with pytest.raises(kx.ManifestError, match="are not read"):
        manifest.parse("a" * (manifest.MAX_CHARACTERS + 1))


def test_documents_are_split_where_kubectl_splits_them() -> None:
    text = "---\n# first\na: 1\n--- # next\nb: 2\n---\n---\nc: 3\n"
    values = [manifest.parse(document).value for document in manifest.split(text)]
    assert [value for value in values if value] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert len(manifest.split('{"a": 1}\n{"b": 2}')) == 2


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(st.characters(codec="ascii", categories=["L", "N"])),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), children, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
@settings(max_examples=150, deadline=None)
def test_what_is_written_as_json_or_yaml_is_read_back(value: object) -> None:
    assert manifest.parse(json.dumps(value)).value == value
    text = yaml.safe_dump(value, default_style='"') if isinstance(value, str) else json.dumps(value, indent=1)
    assert manifest.parse(text).value == value


@given(st.text(max_size=60) | st.text(":-[]{}&*!|>'\"#%@`,?\n\t ab1", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = manifest.parse(text).value
    except kx.ManifestError as error:
        assert error.message
    else:
        json.dumps(value)


@given(st.dictionaries(st.sampled_from([*SERVICE.fields, "foo"]), json_values, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_object_is_decoded_without_an_exception(value: dict[str, object]) -> None:
    decoded = decode(value, SERVICE)
    assert decoded.type_error is None or decoded.type_error.startswith(("json: cannot unmarshal", "parsing time"))


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_list_is_taken_apart() -> None:
    items = files.read_items("apiVersion: v1\nkind: List\nitems:\n- " + ONE.strip().replace("\n", "\n  "))
    assert [(item.kind, item.value["metadata"]["name"]) for item in items] == [("Service", "web")]


def test_a_path_and_a_name_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(ONE)
    assert len(files.read_items(file)) == len(files.read_items(str(file))) == 1
    with pytest.raises(FileNotFoundError, match=r"nothing\.yaml"):
        files.read_items("nothing.yaml")


def test_a_kind_that_no_server_has_is_named_with_its_document() -> None:
    with pytest.raises(kx.ManifestError, match=r"no kind Servce in apiVersion v1 \(document 2\)"):
        files.read_items(ONE + "---\napiVersion: v1\nkind: Servce\n")
    with pytest.raises(kx.ManifestError, match="Kinds are case-sensitive: write Ingress"):
        files.read_items("apiVersion: networking.k8s.io/v1\nkind: ingress\n")


def test_the_entries_of_a_typed_list_have_its_kind() -> None:
    items = files.read_items("apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: web}\n")
    assert [(item.kind, item.value["apiVersion"]) for item in items] == [("Service", "v1")]


def test_a_large_document_of_a_kind_that_is_passed_over_is_not_parsed() -> None:
    rows = "".join(f"  k{number}: {{a: b}}\n" for number in range(3_000))
    large = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {a: b}\n  name: big\ndata:\n" + rows
    assert files.read_items(large + "  broken: [\n")[0].value["metadata"] == {"name": "big"}
    # What the model works with is read in full, whatever its size.
    with pytest.raises(kx.ManifestError):
        files.read_items(large.replace("ConfigMap", "Pod") + "  broken: [\n")


def test_an_example_is_found_by_its_name() -> None:
    for name in ("public-api-lb", "debug-svc-nodeport"):
        assert [item.value["metadata"]["name"] for item in files.read_items(kx.example(name))] == [name]
    assert all(files.read_items(path) for path in EXAMPLES.glob("*.yaml"))
    with pytest.raises(FileNotFoundError, match="public-api-lb"):
        kx.example("nothing")


# -- YAML as Go reads it -----------------------------------------------------------------------------------------------

GO = json.loads((Path(__file__).parents[1] / "conformance" / "yaml-go.json").read_text())["rows"]


@pytest.mark.parametrize("row", GO, ids=lambda row: row["yaml"][:30])
def test_yaml_as_go_reads_it(row: dict[str, Any]) -> None:
    try:
        got = {"ok": manifest.parse(row["yaml"]).value}
    except kx.ManifestError as error:
        got = {"err": error.message}
    assert got == row["go"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("b: &b {x: 1, z: 2}\na:\n  x: 0\n  <<: *b\n  z: 3", {"x": 1, "z": 3}),
        ("a: {<<: [{x: 1}, {x: 2, z: 3}]}", {"x": 1, "z": 3}),
        ("a: \"it\\'s \\\\\\' and \\x41\"", "it's \\' and A"),
        ("a: !!str 12", "12"), ("a: !!float 3", 3), ("a: !!int '3'", 3), ("a: !!binary aGk=", "hi"), ("a: !mine 12", "12"),
        ("a: b?c", "b?c"), ("a: [\"b?c\"]", ["b?c"]), ("a: {b: 'c?'}", {"b": "c?"}),
        ("%YAML 1.1\n---\na: 1", 1), ("a: |\n  %YAML 1.2", "%YAML 1.2"), ("# x\na: 18446744073709551615", 2**64 - 1),
        ("a: 1e20", 10**20),
    ],
)  # fmt: skip
def test_more_of_it(text: str, value: Any) -> None:
    assert manifest.parse(text).value["a"] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: 1\na: {b: http://x?y=1}", "yaml: line 1: did not find expected ',' or '}'"),
        ('x: 1\na: "b\\/c"', "yaml: line 2: found unknown escape character"),
        ("# a comment\n%YAML 1.3\n---\na: 1", "yaml: found incompatible YAML document"),
        ("a: !!bool 1", "yaml: cannot decode !!int `1` as a !!bool"),
        ("a: !!null x", "yaml: cannot decode !!str `x` as a !!null"),
        ("z: .nan\na: [1, -.inf]", "json: unsupported value: -Inf"),
        ("x: 1\na: *b", "yaml: unknown anchor 'b' referenced"),
        ("a: !!binary 'aGk'", "yaml: !!binary value contains invalid base64 data"),
    ],
)
def test_more_that_go_does_not_read(text: str, message: str) -> None:
    with pytest.raises(kx.ManifestError) as caught:
        manifest.parse(text)
    assert caught.value.message == message
