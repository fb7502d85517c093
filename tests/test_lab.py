"""The lessons copied, their environment checked, JupyterLab's command; and the errors that say what is missing."""

from __future__ import annotations

import builtins
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import k8sexpose
from k8sexpose import lab
from k8sexpose.cli import main

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["My Course ü", 'it\'s "mine"', "課程"]


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an installed package: elsewhere than in a clone, where the advice is always `make lab`."""
    monkeypatch.setattr(lab, "in_clone", lambda: False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def states(folder: Path) -> dict[str, str]:
    return {lesson.name: lesson.state for lesson in lab.compare(folder)}


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOLDERS)
def test_lessons_are_copied_whole(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "deeper"
    assert {lesson.state for lesson in lab.copy(folder)} == {"missing"}
    for lesson in lab.compare(folder):
        assert (folder / lesson.name).read_bytes() == (lab.shipped() / lesson.name).read_bytes()
    assert set(states(folder).values()) == {"same"}
    assert lab.FIRST in states(folder) and "GLOSSARY.md" in states(folder)
    assert not [path for path in folder.rglob("*") if "solutions" in path.name or "ANSWERS" in path.name]


def test_a_changed_file_is_never_replaced(tmp_path: Path) -> None:
    lab.copy(tmp_path)
    mine = tmp_path / "01_nodeport.ipynb"
    mine.write_text("my answers")
    (tmp_path / "02_loadbalancer.ipynb").unlink()
    lab.copy(tmp_path)
    lab.copy(tmp_path, update=True)
    assert mine.read_text() == "my answers"
    assert states(tmp_path)["01_nodeport.ipynb"] == "changed"
    assert states(tmp_path)["02_loadbalancer.ipynb"] == "same"


def test_a_file_that_was_there_before_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / lab.FIRST).write_text("something else")
    lab.copy(tmp_path, update=True)
    assert (tmp_path / lab.FIRST).read_text() == "something else"
    (tmp_path / lab.RECORD).write_text("[" * 100_000)
    assert states(tmp_path)[lab.FIRST] == "changed"


@pytest.fixture
def older(here: Path) -> Path:
    """A copy of an earlier version of the course, in which lesson 1 and 3 were different."""
    lab.copy(here)
    record = json.loads((here / lab.RECORD).read_text())
    for name in ("01_nodeport.ipynb", "03_cost_warning.ipynb"):
        (here / name).write_text("as it was")
        record[name] = lab._digest(here / name)
    (here / lab.RECORD).write_text(json.dumps(record))
    return here


def test_an_update_says_what_it_would_replace(older: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons"]) == 0
    assert "2 there in an earlier version" in capsys.readouterr().out
    assert main(["lessons", "--update"]) == 0  # no terminal: nobody can say yes
    out = capsys.readouterr().out
    assert "01_nodeport.ipynb, 03_cost_warning.ipynb" in out and "Nothing was replaced" in out
    assert states(older)["01_nodeport.ipynb"] == "older"
    assert main(["lessons", "--update", "--yes"]) == 0
    assert "2 replaced" in capsys.readouterr().out
    assert set(states(older).values()) == {"same"}


def test_an_update_asks(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    for answer, state in (("n", "older"), ("", "older"), ("y", "same")):
        monkeypatch.setattr(builtins, "input", lambda _, answer=answer: answer)
        assert main(["lessons", "--update"]) == 0
        assert states(older)["01_nodeport.ipynb"] == state


def test_the_lessons_themselves_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons", str(lab.shipped())]) == 0
    assert "these are the lessons themselves" in capsys.readouterr().out
    assert not (lab.shipped() / lab.RECORD).exists()


def test_where_lessons_go(here: Path) -> None:
    assert lab.default_folder() == Path("k8sexpose-lessons")
    lab.copy(here)
    assert lab.default_folder() == Path()


# -- what is missing, old or in the way --------------------------------------------------------------------------------


def test_a_file_in_the_way(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "taken").write_text("")
    for words in (["lessons", "taken"], ["lab", "taken", "--check"]):
        assert main(words) == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "taken" in err and "To mend: name another folder" in err


def test_no_permission(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(lab.tempfile, "mkstemp", refused)  # root may write everywhere
    monkeypatch.setattr(lab.tempfile, "TemporaryFile", refused)
    for words in (["lessons"], ["lab"]):
        assert main(words) == 1
        err = capsys.readouterr().err
        assert "cannot be written (Permission denied)" in err and "To mend: name another folder" in err


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_busy_port(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["lab", "--port", str(port)]) == 1
    assert f"Port {port} cannot be used" in capsys.readouterr().err
    assert "There is no port 99999" in str(lab.check(here, 99999)[0])
    # Whatever runs beside the tests may take a free port as well, but hardly three of them.
    assert any(not [problem for problem in lab.check(here, free_port()) if "ort" in problem.what] for _ in range(3))


def test_old_and_missing_packages(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name.lower() == "jupyterlab":
            raise metadata.PackageNotFoundError(name)
        return "6.0.0" if name == "ipywidgets" else real(name)

    monkeypatch.setattr(metadata, "version", version)
    assert main(["lab"]) == 1
    err = capsys.readouterr().err
    assert "jupyterlab is missing" in err and "ipywidgets is 6.0.0, needed is" in err
    assert f'"{sys.executable}" ' in err and '"jupyterlab' in err and "matplotlib" not in err


def test_an_old_python(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert str(lab.check(here)[0]).startswith("Python is 3.10.4, needed is >=3.11. To mend: use a newer Python")


def test_the_line_that_mends_fits_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lab.mend(["a>=1", "b"]).endswith('-m pip install "a>=1" "b"')
    monkeypatch.setattr(lab.util, "find_spec", lambda name: None)
    assert lab.mend(["a>=1"]) == f'in a terminal: uv pip install --python "{sys.executable}" "a>=1"'
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/abc")
    assert lab.mend(["a>=1", "b"]) == 'put --with "a>=1" --with "b" behind uvx, and say the rest as before'
    monkeypatch.setattr(lab, "in_clone", lambda: True)
    assert lab.mend(["a"]).endswith(": make lab")


class Without:
    """An importer that says of some packages that they are not there."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find_spec(self, name: str, *rest: object) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let packages be missing; the modules of ours that are loaded already are forgotten for the test."""

    def forget(*names: str) -> None:
        for name in list(sys.modules):
            if name.partition(".")[0] in names or name.startswith(("k8sexpose.plots", "k8sexpose.widgets")):
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Without(*names), *sys.meta_path])
        for name in k8sexpose.__all__:
            monkeypatch.delitem(vars(k8sexpose), name, raising=False)

    yield forget


@pytest.mark.parametrize(
    ("name", "package"),
    [("plot_load", "matplotlib"), ("flow", "anywidget"), ("policy_explorer", "ipywidgets")],
)
def test_a_missing_package_is_named_with_what_mends_it(without: Any, name: str, package: str) -> None:
    without(package)
    with pytest.raises(ModuleNotFoundError) as caught:
        getattr(k8sexpose, name)
    text = str(caught.value)
    assert text.startswith(f"kx.{name} needs {package}, which is missing in this Python. To mend: ")
    assert f'"{package}' in text
    assert caught.value.name and caught.value.name.startswith(package)


def test_an_error_of_our_own_stays_as_it_is() -> None:
    error = ModuleNotFoundError("No module named 'k8sexpose.nope'", name="k8sexpose.nope")
    assert lab.explain_import("kx.nope", error) is error
    old = lab.explain_import("kx.flow", ImportError("cannot import name 'x' from 'ipywidgets'", name="ipywidgets"))
    assert str(old).startswith("kx.flow needs ipywidgets, which is too old here")


@pytest.mark.slow
def test_the_command_without_yaml_says_so(tmp_path: Path) -> None:
    """In a Python that has nothing: `lab` says what is missing, a report too."""
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.split('.')[0] in ('yaml', 'numpy', 'jupyterlab'):\n"
        "            raise ModuleNotFoundError('No module named ' + name, name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "from k8sexpose.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path)

    assert run().returncode == 0 and "lab" in run().stdout
    done = run("report", "x.json")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "This command needs PyYAML, which is missing in this Python. To mend:" in done.stderr


# -- JupyterLab --------------------------------------------------------------------------------------------------------


def test_the_command_of_jupyterlab(tmp_path: Path) -> None:
    folder = tmp_path / "My Course ü"
    words = lab.command(folder, 8899, browser=False, options=["--ServerApp.token=x"])
    assert f"--ServerApp.root_dir={folder.resolve()}" in words
    assert words[:3] == [sys.executable, "-m", "jupyterlab"]
    assert {"--ServerApp.port=8899", "--ServerApp.port_retries=0", "--no-browser"} < set(words)
    assert words[-1] == "--ServerApp.token=x"
    assert ("--allow-root" in words) == (hasattr(os, "geteuid") and os.geteuid() == 0)


def test_words_for_jupyterlab_go_through(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(lab, "open_lab", lambda *args: given.append(args) or 0)
    assert main(["lab", "there", "--no-browser", "--", "--ServerApp.token=x", "-y"]) == 0
    assert given == [(Path("there"), None, False, ["--ServerApp.token=x", "-y"])]
    assert (here / "there" / lab.FIRST).exists()


def test_the_environment_of_jupyterlab() -> None:
    made = lab.environment({"JUPYTER_CONFIG_PATH": "/mine", "https_proxy": "p", "NO_PROXY": "intra"})
    first, mine = made["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    settings = json.loads((Path(first) / "labconfig/default_setting_overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert mine == "/mine" and made["JUPYTER_PREFER_ENV_PATH"] == "1"
    assert made["NO_PROXY"] == made["no_proxy"] == "intra,localhost,127.0.0.1"
    assert "NO_PROXY" not in lab.environment({})


@pytest.mark.slow
def test_the_check_starts_a_kernel(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "--check", "My Course ü"]) == 0
    assert "a kernel that finds k8sexpose" in capsys.readouterr().out
    assert not (here / "My Course ü").exists()


@pytest.mark.slow
def test_a_kernel_that_cannot_do_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "PROBE", "import no_such_package")
    assert "No module named 'no_such_package'" in str(lab.check(here, kernel=True)[0])
    monkeypatch.setattr(lab, "PROBE", "print('found /elsewhere/k8sexpose/__init__.py')")
    assert "The kernel uses another k8sexpose, /elsewhere" in str(lab.check(here, kernel=True)[0])


def test_the_command_without_words_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "usage: k8sexpose" in out and all(name in out for name in ("lab", "lessons", "report"))


@pytest.mark.slow
def test_python_m_k8sexpose() -> None:
    done = subprocess.run([sys.executable, "-m", "k8sexpose", "--version"], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == f"k8sexpose {k8sexpose.__version__}\n"
