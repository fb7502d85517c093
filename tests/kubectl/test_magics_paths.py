"""A path that a magic inserts stays one word: blanks, quotes, backslashes, letters of any alphabet."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import k8sexpose as kx
from k8sexpose.kubectl.magics import split

FOLDERS = ["My Course", "Kurs für Üben", 'it\'s "mine"', r"back\slash", "課程", "$HOME {x} ; & | # *"]

Cell = Callable[[str, str], str]


@pytest.fixture
def cell(capsys: pytest.CaptureFixture[str]) -> Cell:
    """Run a magic in a shell of its own, in which `manifest` is the path."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns["cluster"] = kx.Cluster()

    def run(line: str, manifest: object) -> str:
        shell.user_ns["manifest"] = manifest
        capsys.readouterr()
        assert shell.run_cell(line).success
        return capsys.readouterr().out

    run("%load_ext k8sexpose", "")
    return run


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("quoted", ["{manifest}", "$manifest", '"{manifest}"', "'{manifest}'"])
@pytest.mark.parametrize("kind", [Path, str])
def test_a_folder_of_any_name(tmp_path: Path, cell: Cell, name: str, quoted: str, kind: type) -> None:
    (tmp_path / name).mkdir()
    manifest = shutil.copy(kx.example("public-api-lb"), tmp_path / name)
    assert cell(f"%kubectl apply -f {quoted}", kind(manifest)) == "service/public-api-lb created\n"


def test_a_path_of_windows(cell: Cell) -> None:
    manifest = PureWindowsPath(r"C:\Users\Zoë\My Course\web.yaml")
    assert cell("%kubectl apply -f {manifest}", manifest) == f'error: the path "{manifest}" does not exist\n'
    assert cell("%kubectl apply -f {manifest.name}", manifest) == 'error: the path "web.yaml" does not exist\n'
    assert split("apply --filename={manifest}", {"manifest": manifest}.__getitem__) == [
        "apply", r"--filename=C:\Users\Zoë\My Course\web.yaml",
    ]  # fmt: skip


def test_a_backslash_that_is_written(cell: Cell) -> None:
    line = r"""apply -f C:\new\web.yaml "C:\My Course\web.yaml" '{"a":1}' "{\"a\":1}" """
    on_windows = ["apply", "-f", r"C:\new\web.yaml", r"C:\My Course\web.yaml", '{"a":1}', '{"a":1}']
    assert split(line, {}.__getitem__, windows=True) == on_windows
    assert split(r"get svc a\ b", {}.__getitem__, windows=False) == ["get", "svc", "a b"]


def test_a_value_is_not_looked_through_again() -> None:
    values = {"a": "{b} $b \0000\0", "b": "no"}
    assert split("x {a} '{a}' y{a}z", values.__getitem__) == ["x", values["a"], values["a"], f"y{values['a']}z"]


@given(st.text(min_size=1), st.booleans())
def test_any_value_is_one_word(value: str, windows: bool) -> None:
    assert split("apply -f {value} -o yaml", {"value": value}.__getitem__, windows) == [
        "apply", "-f", value, "-o", "yaml",
    ]  # fmt: skip


@given(st.text())
def test_a_line_of_any_kind_is_split_or_refused(line: str) -> None:
    try:
        words = split(line, {}.__getitem__, windows=True)
    except ValueError:
        return
    assert not any("\0" in word for word in words)
