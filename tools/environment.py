"""Build the folder .venv that `make` uses, mend it where it was moved, and open the lessons.

    python tools/environment.py lab [-- OPTIONS]   what `make lab` does, and all that it does: on Windows too
    python tools/environment.py test               what `make test` needs; opens nothing

It runs in whatever Python there is, so that it can say what is wrong with it; it needs nothing but that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = (3, 11)  # pyproject.toml says the same; tests/course/test_pins.py compares the two
PINS = ("binder/requirements.txt", "constraints.txt")
INPUTS = ("pyproject.toml", *PINS)
EXTRAS = {"lab": ".[lab]", "test": ".[lab,test]"}
WINDOWS = os.name == "nt"
MAX_SHEBANG = 127  # what Linux reads of the first line of a script


class Trouble(Exception):
    """What stops the build: a sentence, with the line that mends it."""


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


def fingerprint() -> str:
    """Changes when the project asks for other packages."""
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in INPUTS)).hexdigest()


def stamp(venv: Path, what: str) -> dict:
    """What was noted when the environment was built; nothing where it was not, or by an older Makefile."""
    try:
        noted = json.loads((venv / f".{what}").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def works(venv: Path) -> bool:
    """Its Python starts, and imports the package of this very folder."""
    code = "import importlib.util, k8sexpose; assert importlib.util.find_spec('jupyterlab'); print(k8sexpose.__file__)"
    try:
        done = subprocess.run(
            [str(python_of(venv)), "-c", code], cwd=str(venv), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return False
    found = done.stdout.decode("utf-8", "replace").strip()
    return done.returncode == 0 and Path(found).parent.parent.resolve() == ROOT


def relocate(venv: Path, old: str, new: str) -> None:
    """Write the new place of the folder wherever an environment notes the old one: scripts, and the way to the package.

    Nothing is installed again, so that it works without a network.
    """
    scripts = [path for path in (venv / "bin").glob("*") if path.is_file() and not path.is_symlink()]
    ways = [*venv.rglob("site-packages/*.pth"), *venv.rglob("site-packages/k8sexpose-*/direct_url.json")]
    for path in [*scripts, *ways, venv / "pyvenv.cfg"]:
        content = path.read_bytes() if path.exists() else b""
        if old.encode() in content and b"\0" not in content:
            path.write_bytes(moved(content, old.encode(), new.encode()))


def moved(content: bytes, old: bytes, new: bytes) -> bytes:
    """The text of a script with its new place; a path that no first line can hold goes into a line of its own."""
    content = re.sub(re.escape(old) + rb"(?![^/\\\s\"':])", lambda _: new, content)
    first, end, rest = content.partition(b"\n")
    if first.startswith(b"#!" + new) and (b" " in first or len(first) > MAX_SHEBANG):
        return b"#!/bin/sh\n'''exec' \"" + first[2:] + b'" "$0" "$@"\n' + b"' '''" + end + rest
    return content


def build(venv: Path, what: str) -> None:
    """Make the environment anew, or bring it up to date; quick where nothing is to be done."""
    noted = stamp(venv, what)
    place = noted.get("root")
    if place and place != str(ROOT) and not WINDOWS and ROOT in venv.resolve().parents:
        print(f"The folder was moved or copied from {place}: mending {venv.name} …", flush=True)
        relocate(venv, place, str(ROOT))
    if noted and not works(venv):
        print(f"{venv.name} does not work any more: building it anew …", flush=True)
        noted = {}
        remove(venv)
    wanted = {"root": str(ROOT), "inputs": fingerprint()}
    if noted.get("inputs") != wanted["inputs"]:
        make(venv)
        install(venv, what)
    if what == "lab":
        wanted["trusted"] = trust(venv, noted.get("trusted", ""))
    if noted != wanted:
        for name in ("lab", "test") if what == "test" else ("lab",):
            (venv / f".{name}").write_text(json.dumps(wanted) + "\n", encoding="utf-8")


def trust(venv: Path, noted: str) -> str:
    """Sign the solutions, if they are others than the noted ones: JupyterLab then shows their stored outputs whole."""
    solutions = sorted((ROOT / "instructor").rglob("*.ipynb"))
    found = hashlib.sha256(b"".join(path.read_bytes() for path in solutions)).hexdigest()
    if solutions and found != noted:
        sign = "from nbformat.sign import TrustNotebookApp; TrustNotebookApp.launch_instance()"
        # What goes wrong here (a home that cannot be written) must not keep the lessons from being opened.
        command = [str(python_of(venv)), "-c", sign, *map(str, solutions)]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return found


def remove(venv: Path) -> None:
    if (venv / "pyvenv.cfg").is_file():  # whatever VENV names: only an environment is removed
        shutil.rmtree(str(venv))


def make(venv: Path) -> None:
    """Make an empty environment, if there is none whose Python starts."""
    mine = python_of(venv)
    try:
        if mine.exists() and subprocess.run([str(mine), "-c", ""]).returncode == 0:
            return
    except OSError:
        pass
    remove(venv)
    if sys.version_info < FLOOR:
        raise Trouble(
            f"k8sexpose needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}. "
            "To mend: install a newer one and name it: make lab PYTHON=python3.13"
        )
    if subprocess.run([sys.executable, "-m", "venv", str(venv)]).returncode:
        shutil.rmtree(str(venv), ignore_errors=True)
        raise Trouble(
            f"{venv} could not be made. To mend: on Debian and Ubuntu, apt-get install python3-venv; "
            "in a folder that cannot be written, name another one: make lab VENV=~/k8sexpose-venv"
        )


def install(venv: Path, what: str) -> None:
    mine = str(python_of(venv))
    with_tools = " and the test tools" if what == "test" else ""
    print(f"Installing k8sexpose, JupyterLab{with_tools} into {venv.name} (about a minute, once) …", flush=True)
    uv = shutil.which("uv")
    # Python compiles what is imported, when it is; most of what is installed here never is.
    start = [uv, "pip", "install", "--python", mine] if uv else [mine, "-m", "pip", "install", "--no-compile"]
    words = [*start, "--quiet", *(word for name in PINS for word in ("--constraint", name)), "--editable", EXTRAS[what]]
    done = subprocess.run(words, cwd=str(ROOT), env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    if done.returncode:
        raise Trouble(
            "Not everything could be installed; the reason is above. The first time needs the internet. "
            "To mend, behind a proxy: HTTPS_PROXY=http://HOST:PORT make lab; on a full disk: 600 MB are needed"
        )
    if what == "test":
        # Of nbgrader only the converter is wanted: its menus and panels would be in a learner's way.
        disable = ("labextensions", "disable", "--no-build", "@jupyter/nbgrader")
        subprocess.run([mine, "-m", "jupyterlab", *disable], stderr=subprocess.DEVNULL)
        extension = venv / "etc/jupyter/jupyter_server_config.d/nbgrader.json"
        if extension.exists():
            extension.unlink()


def main() -> int:
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=sorted(EXTRAS))
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="default: .venv in the clone")
    told = parser.parse_args(words[:cut])
    venv = Path(os.path.abspath(str(told.venv)))
    try:
        build(venv, told.what)
    except Trouble as trouble:
        print(f"k8sexpose: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"k8sexpose: {error}. To mend: run it where you may write, or name a folder with VENV=", file=sys.stderr)
        return 1
    if told.what == "test":
        return 0
    command = [str(python_of(venv)), "-m", "k8sexpose", "lab", str(ROOT / "notebooks"), *words[cut:]]
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
