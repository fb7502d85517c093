"""Where a course may have to run: no home folder to write into, no UTF-8, blanks and other letters in the path."""

from __future__ import annotations

import json
import locale
import os
import subprocess
import sys
from pathlib import Path

import pytest

from k8sexpose import lab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
LOCALES = {"C": "ascii", "de_DE.ISO-8859-1": "iso8859-1"}
DUMP = {
    "kind": "List", "apiVersion": "v1",
    "items": [
        {
            "kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"},
            "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}], "selector": {"app": "grün"}},
        }
    ],
}  # fmt: skip
ANSWER = """
import sys
from k8sexpose.lessons import ask, check, progress
ask("np-which-nodes", answer="10.0.0.1, 10.0.0.2, 10.0.0.3")
for shown in (check("np-which-nodes"), progress()):
    sys.displayhook(shown)  # as a prompt shows it
"""


def _is_there(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_ALL, before)
    return True


@pytest.fixture(params=LOCALES)
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dump; the processes of the test have no home and another locale."""
    if not _is_there(request.param):
        pytest.skip(f"no locale {request.param} on this machine")
    (tmp_path / "file").write_text("")
    # Not even root can write below a file.
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "home"))
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, request.param)
    for name in ("K8SEXPOSE_ANSWERS", "PYTHONIOENCODING", *lab.OWN_FOLDERS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    said = python(tmp_path, "-c", "import sys; print(sys.getfilesystemencoding())").stdout
    if os.name == "posix":
        assert said.split() == [LOCALES[request.param].encode()]
    folder = tmp_path / "My Course ü"
    folder.mkdir()
    (folder / "dump ü.json").write_text(json.dumps(DUMP, ensure_ascii=False), encoding="utf-8")
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run Python there, and expect success."""
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert b"Traceback" not in done.stderr
    return done


def test_a_report(there: Path) -> None:
    shown = python(there, "-m", "k8sexpose", "report", "dump ü.json", "--format", "markdown").stdout.decode("utf-8")
    assert "default/web" in shown
    python(there, "-m", "k8sexpose", "report", "dump ü.json", "-o", "out ü.html")
    assert "default/web" in (there / "out ü.html").read_text(encoding="utf-8")


def test_the_lessons(there: Path) -> None:
    said = python(there, "-m", "k8sexpose", "lessons", "Lektionen ü").stdout
    assert (there / "Lektionen ü" / lab.FIRST).read_bytes() == (lab.shipped() / lab.FIRST).read_bytes()
    # What cannot be read in ASCII is printed as the bytes that it is, so that the line can be copied.
    name = "Lektionen ü" if os.environ["LC_ALL"] == "C" else "Lektionen Ã¼"
    assert os.name != "posix" or said.decode("utf-8").startswith(f"{name}: ")


def test_a_question(there: Path) -> None:
    said = python(there, "-c", ANSWER).stdout
    assert b"Right" in said and b"1 of 11 answered" in said
    kept = json.loads((there / "k8sexpose-answers.json").read_text(encoding="utf-8"))
    assert "np-which-nodes" in kept["answers"]


def test_a_missing_file_is_named_in_letters(tmp_path: Path, there: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "k8sexpose", "report", "no ü.json"], cwd=there, capture_output=True)
    assert done.returncode == 1 and b"no such file" in done.stderr
    assert os.name != "posix" or os.environ["LC_ALL"] != "C" or "no ü.json" in done.stderr.decode("utf-8")


def test_jupyter_keeps_its_own_files_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").write_text("")
    mine = {"IPYTHONDIR": "mine"}
    for home, made in ((tmp_path / "home", False), (tmp_path / "file" / "home", True)):
        monkeypatch.setattr(lab.Path, "home", classmethod(lambda cls, home=home: home))
        found = lab.environment(mine)
        assert found["IPYTHONDIR"] == "mine"
        assert [name in found for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR")] == [made] * 3
    assert Path(found["JUPYTER_RUNTIME_DIR"]).parent.is_dir()
