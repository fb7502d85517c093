"""What stands behind ``-o``: the formats, and how objects are written in each.

Sources: ``pkg/genericclioptions/{json_yaml,jsonpath,name}_flags.go`` (cli-runtime), ``pkg/cmd/get/customcolumn.go``
(kubectl).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..api.strategic_patch import go_map
from . import serialization as wire
from .jsonpath import find, path_of, render
from .result import KubectlError
from .tabwriter import NONE, table

__all__ = ["check_format", "custom_columns", "whole"]

Json = dict[str, Any]
# As kubectl lists them; those behind the model are refused by name.
TEXTS = (
    "go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file", "kyaml", "name",
    "template", "templatefile", "yaml",
)  # fmt: skip
TABLES = ("custom-columns", "custom-columns-file", "wide")
MODELLED = ("custom-columns", "json", "jsonpath", "jsonpath-as-json", "name", "wide", "yaml")
IN_ANY_CASE = ("json", "kyaml", "name", "yaml")


def check_format(output: str, *, tables: bool = False) -> str:
    """Return the name of a format, or refuse it.

    Parameters
    ----------
    output : str
        What stands behind ``-o``.
    tables : bool
        True for ``get``, which also prints tables.

    Returns
    -------
    str
        The format without its template.

    Raises
    ------
    KubectlError
        kubectl has no such format, or the model has not.

    Examples
    --------
    >>> check_format("jsonpath={.metadata.name}")
    'jsonpath'
    """
    name, equals, template = output.partition("=")
    name = output.lower() if output.lower() in IN_ANY_CASE else name
    known = sorted((*TEXTS, *TABLES)) if tables else TEXTS
    if name not in known or (equals and name in (*IN_ANY_CASE, "wide")):
        raise KubectlError(
            f'unable to match a printer suitable for the output format "{output}", '
            f"allowed formats are: {','.join(known)}"
        )
    if name not in (*IN_ANY_CASE, "wide") and not template:
        raise KubectlError(MISSING_TEMPLATE["custom-columns" if name.startswith("custom") else "jsonpath"])
    if name not in MODELLED:
        have = ", ".join(f"-o {form}" for form in MODELLED if form in known)
        raise KubectlError(f"k8sexpose does not model -o {name}; it has {have}")
    return name


MISSING_TEMPLATE = {
    "jsonpath": "template format specified but no template given",
    "custom-columns": "custom-columns format specified but no custom columns given",
}


def whole(output: str, value: Json, *, sort: bool = True) -> str:
    """Write an object in YAML, in JSON or through a JSONPath template.

    Parameters
    ----------
    output : str
        What stands behind ``-o``.
    value : dict
        Plain objects.
    sort : bool
        JSON with sorted keys.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> whole("jsonpath={.spec.type}", {"spec": {"type": "NodePort"}})
    'NodePort'
    """
    name = check_format(output)
    if name in ("jsonpath", "jsonpath-as-json"):
        return render(output.partition("=")[2], value, as_json=name != "jsonpath")
    return wire.to_yaml(value) if name == "yaml" else wire.to_json(value, sort=sort)


def custom_columns(output: str, rows: Iterable[Json], *, headers: bool = True) -> tuple[str, str]:
    """Print the table of ``-o custom-columns=NAME:.metadata.name,…``, as far as it goes.

    Parameters
    ----------
    output : str
        What stands behind ``-o``.
    rows : iterable of dict
        The objects.
    headers : bool
        False with ``--no-headers``.

    Returns
    -------
    tuple of str
        The table, and what went wrong; kubectl has printed the lines before that already.

    Examples
    --------
    >>> web = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}, {"port": 443}]}}
    >>> print(custom_columns("custom-columns=NAME:.metadata.name,PORTS:.spec.ports[*].port", [web])[0], end="")
    NAME   PORTS
    web    80,443
    """
    spec = output.partition("=")[2]
    columns = []
    for part in spec.split(","):
        head, colon, path = part.partition(":")
        if not colon:
            raise KubectlError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        columns.append((head, path_of(path) if path else ""))
    lines: list[list[str]] = []
    problem = ""
    try:
        lines.extend(_cells(columns, row) for row in rows)
    except KubectlError as error:
        problem = re.sub(r"^error parsing jsonpath [^,]*, ", "", str(error))
    return table([head for head, _ in columns], lines, headers=headers), problem


def _cells(columns: Sequence[tuple[str, str]], row: Json) -> list[str]:
    return [",".join(map(go_map, find(path, row) if path else [])) or NONE for _, path in columns]
