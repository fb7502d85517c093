"""Why a text is no JSON, in Go's words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sexpose.kubectl.go_json import json_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{spec: 1}", "invalid character 's' looking for beginning of object key string"),
        ("{'a':1}", r"invalid character '\'' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a":[1 2]}', "invalid character '2' after array element"),
        ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ('{"a":-}', "invalid character '}' in numeric literal"),
        ('{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
        ('{"a":1e}', "invalid character '}' in exponent of numeric literal"),
        (r'{"a":"\q"}', "invalid character 'q' in string escape code"),
        (r'{"a":"\u12x4"}', r"invalid character 'x' in \u hexadecimal character escape"),
        ('{"a":"\n"}', r"invalid character '\n' in string literal"),
        ('{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        ('{"a":1} x', "invalid character 'x' after top-level value"),
        ("{", "unexpected end of JSON input"), ('{"a":"b', "unexpected end of JSON input"),
        ('{"a":[{"b":null,"c":-1.5e+3}],"d":"\\u00e4"} ', ""),
    ],
)  # fmt: skip
def test_faults(text: str, fault: str) -> None:
    assert json_fault(text) == fault


@given(st.text(alphabet='{}[]":,0123456789.eE+-truefalsnl \n\\ab', max_size=20))
def test_a_fault_is_told_where_python_finds_one(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        assert json_fault(text)
    else:
        assert not json_fault(text)
