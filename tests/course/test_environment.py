"""The script behind make: an environment that is built, and mended where its folder was moved or copied."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from tools import environment
from tools.environment import Trouble, build, fingerprint, moved, python_of, trust

pytestmark = pytest.mark.slow

POSIX = pytest.mark.skipif(os.name == "nt", reason="on Windows a moved environment is built anew, not mended")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with an environment that was built there; to install anything would be an error."""
    root = tmp_path / "course"
    for name in (*environment.INPUTS, "k8sexpose/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    venv = root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = next(venv.rglob("site-packages"))
    (site / "_k8sexpose.pth").write_text(f"{root}\n")
    (site / "those_of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    script = venv / "bin/hello"
    if os.name != "nt":
        script.write_text(f"#!{python_of(venv)}\nimport sys\nprint('hello', *sys.argv[1:])\n")
        script.chmod(0o755)
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "install", lambda venv, what: pytest.fail("it installs something"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(environment, "trust", lambda venv, noted: "as noted")
    (venv / ".lab").write_text(json.dumps({"root": str(root), "inputs": fingerprint(), "trusted": "as noted"}))
    return root


@POSIX
@pytest.mark.parametrize(("name", "way"), [("My Course ü", shutil.move), ("elsewhere", shutil.copytree)])
def test_a_moved_folder_is_mended(
    clone: Path, name: str, way: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = clone.parent / name
    if way is shutil.move:
        shutil.move(clone, there)
    else:
        shutil.copytree(clone, there, symlinks=True)
    monkeypatch.setattr(environment, "ROOT", there)
    build(there / ".venv", "lab")
    assert f"was moved or copied from {clone}" in capsys.readouterr().out
    done = subprocess.run([there / ".venv/bin/hello", "a b"], capture_output=True, text=True)
    assert done.stdout == "hello a b\n", done.stderr
    found = subprocess.run(
        [python_of(there / ".venv"), "-c", "import k8sexpose; print(k8sexpose.__file__)"], capture_output=True,
        text=True, cwd=there.parent,
    )  # fmt: skip
    assert Path(found.stdout.strip()).parent.parent == there
    build(there / ".venv", "lab")
    assert capsys.readouterr().out == ""


def test_nothing_is_done_twice(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(clone / ".venv", "lab")
    assert capsys.readouterr().out == ""


def test_what_does_not_work_is_built_anew(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(environment, "make", lambda venv: venv.mkdir())
    monkeypatch.setattr(environment, "install", lambda venv, what: installed.append(what))
    next((clone / ".venv").rglob("_k8sexpose.pth")).unlink()
    build(clone / ".venv", "lab")
    assert installed == ["lab"] and [path.name for path in (clone / ".venv").iterdir()] == [".lab"]


def test_other_pins_are_installed(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(environment, "install", lambda venv, what: installed.append(what))
    (clone / "constraints.txt").write_text("a==2\n")
    build(clone / ".venv", "lab")
    build(clone / ".venv", "lab")
    build(clone / ".venv", "test")
    assert installed == ["lab", "test"]


def test_an_old_python_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(Trouble, match=r"needs Python 3\.11 or newer.* To mend: .*make lab PYTHON=python3\.13"):
        build(tmp_path / ".venv", "lab")
    assert not (tmp_path / ".venv").exists()


def test_the_solutions_are_trusted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "python_of", lambda venv: Path(sys.executable))
    outputs = [nbformat.v4.new_output("display_data", {"text/html": "<b>signed</b>"})]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=outputs)])
    (tmp_path / "instructor").mkdir()
    nbformat.write(notebook, tmp_path / "instructor/00.ipynb")
    noted = trust(tmp_path, "")
    assert NotebookNotary().check_signature(nbformat.read(tmp_path / "instructor/00.ipynb", as_version=4))
    monkeypatch.setattr(environment.subprocess, "run", lambda *args, **options: pytest.fail("it signs again"))
    assert trust(tmp_path, noted) == noted


def test_only_an_environment_is_removed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")
    environment.remove(tmp_path)
    assert (tmp_path / "precious").exists()


def test_only_whole_paths_are_replaced() -> None:
    text = b"#!/a/course/.venv/bin/python\n/a/course\n/a/course2/x\n"
    assert moved(text, b"/a/course", b"/b") == b"#!/b/.venv/bin/python\n/b\n/a/course2/x\n"


def test_a_path_that_no_first_line_can_hold_gets_a_shell_line() -> None:
    for place in (b"/My Course", b"/" + b"a" * 130):
        first, second, third, _ = moved(b"#!/a/bin/python\nprint()\n", b"/a", place).split(b"\n", 3)
        assert (first, third) == (b"#!/bin/sh", b"' '''")
        assert second == b"'''exec' \"" + place + b'/bin/python" "$0" "$@"'
