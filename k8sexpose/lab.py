"""The lessons on a learner's machine: copied, their environment checked, opened in JupyterLab.

Everything here works with Python alone, so that it can say in a sentence what else is missing, with the line that
mends it. A copy never replaces a file that its reader has changed: what was copied is noted, file by file, in `RECORD`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import NoReturn

__all__ = [
    "ACTIONS",
    "FIRST",
    "FOLDER",
    "LabError",
    "Lesson",
    "Problem",
    "check",
    "command",
    "compare",
    "copy",
    "default_folder",
    "environment",
    "explain_import",
    "in_browser",
    "meets",
    "mend",
    "missing",
    "needs",
    "open_lab",
    "shipped",
]

PACKAGE = Path(__file__).parent
FIRST = "00_start_here.ipynb"
FOLDER = "k8sexpose-lessons"
RECORD = ".k8sexpose-lessons.json"
MAX_RECORD = 1_000_000
COURSE = ("*.ipynb", "leaflets/*.ipynb", "GLOSSARY.md")
# What a module is called on an index, where the two names differ.
PROJECTS = {"yaml": "PyYAML", "IPython": "ipython"}
KERNEL_PATIENCE_S = 60
IN_BROWSER = (
    "save your notebook and reload the page, which loads Python and all packages anew; "
    "if that does not help, try another network, as yours may block the host from which they come"
)
# Where Jupyter and what it starts keep things of their own; without these, below the home folder.
OWN_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
# What a kernel must be able to import, and the line by which it answers.
PROBE = "import numpy, pandas, matplotlib, ipywidgets, anywidget, yaml, k8sexpose; print('found', k8sexpose.__file__)"


class LabError(Exception):
    """What stops the command: a sentence, with the line that mends it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing, old or in the way.

    Parameters
    ----------
    what : str
        What is wrong, in a sentence without its full stop.
    mend : str
        What to do about it.

    Examples
    --------
    >>> print(Problem("jupyterlab is missing", "pip install jupyterlab"))
    jupyterlab is missing. To mend: pip install jupyterlab
    """

    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}. To mend: {self.mend}"


# -- the lessons, and copies of them -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lesson:
    """One file of the course, and its copy in a folder.

    Parameters
    ----------
    name : str
        Its path below the folder, with slashes.
    state : str
        ``missing``, ``same``, ``older`` (an earlier version, as it was copied) or ``changed`` (by its reader).

    Examples
    --------
    >>> Lesson("00_start_here.ipynb", "missing").state
    'missing'
    """

    name: str
    state: str


ACTIONS = {
    "missing": "copied",
    "same": "there already",
    "older": "there in an earlier version",
    "changed": "kept, because you have changed them",
}


def shipped() -> Path:
    """Return the folder of the lessons that this package brings.

    Returns
    -------
    Path
        Inside an installed package; beside it, in a clone.

    Raises
    ------
    LabError
        The lessons are not there.

    Examples
    --------
    >>> (shipped() / FIRST).name
    '00_start_here.ipynb'
    """
    for folder in (PACKAGE / "data" / "lessons", PACKAGE.parent / "notebooks"):
        if (folder / FIRST).is_file():
            return folder
    raise LabError("This installation of k8sexpose has no lessons. To mend: install it again from its wheel")


def in_clone() -> bool:
    """Return True if this package is that of a clone, in which ``make lab`` works."""
    return (PACKAGE.parent / "Makefile").is_file() and (PACKAGE.parent / "notebooks" / FIRST).is_file()


def default_folder() -> Path:
    """Return where the lessons go if nobody says it: here, if they are here already; else a folder of their own."""
    return Path() if Path(FIRST).is_file() else Path(FOLDER)


def compare(folder: Path) -> list[Lesson]:
    """Return every file of the course with the state of its copy in a folder.

    Parameters
    ----------
    folder : Path
        It need not exist.

    Returns
    -------
    list of Lesson
        By name.

    Examples
    --------
    >>> {lesson.state for lesson in compare(Path("no-such-folder"))}
    {'missing'}
    """
    source = shipped()
    record = _record(folder)
    found = sorted(path for pattern in COURSE for path in source.glob(pattern))
    names = [path.relative_to(source).as_posix() for path in found]
    return [Lesson(name, _state(source / name, folder / name, record.get(name))) for name in names]


def _state(source: Path, copied: Path, noted: str | None) -> str:
    if not copied.exists():
        return "missing"
    mine = _digest(copied)
    if mine == _digest(source):
        return "same"
    return "older" if mine == noted else "changed"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record(folder: Path) -> dict[str, str]:
    """Return what was copied into a folder: the digest of each file; nothing where the note cannot be read."""
    try:
        text = (folder / RECORD).read_text(encoding="utf-8") if (folder / RECORD).stat().st_size < MAX_RECORD else ""
        noted = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(name): str(digest) for name, digest in noted.items()} if isinstance(noted, dict) else {}


def copy(folder: Path, update: bool = False) -> list[Lesson]:
    """Copy the lessons that a folder lacks.

    Parameters
    ----------
    folder : Path
        Where to; it is made.
    update : bool
        Replace earlier versions too. A file that its reader has changed is never replaced.

    Returns
    -------
    list of Lesson
        Every file, with its state before the call.

    Raises
    ------
    LabError
        The folder cannot be made or written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as there:
    ...     first, again = copy(Path(there)), copy(Path(there))
    >>> first[0].state, again[0].state
    ('missing', 'same')
    """
    lessons = compare(folder)
    source = shipped()
    if folder.exists() and folder.samefile(source):
        return lessons
    record = _record(folder)
    try:
        for lesson in lessons:
            if lesson.state == "missing" or (update and lesson.state == "older"):
                _write(folder / lesson.name, (source / lesson.name).read_bytes())
            if lesson.state != "changed" and (update or lesson.state != "older"):
                record[lesson.name] = _digest(source / lesson.name)
        text = json.dumps(record, indent=1, sort_keys=True) + "\n"
        if record != _record(folder):
            _write(folder / RECORD, text.encode())
    except OSError as error:
        raise LabError(f"{_unwritable(folder, error)}. To mend: {_elsewhere('lessons')}") from error
    return lessons


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _unwritable(folder: Path, error: OSError) -> str:
    return f"The folder {folder} cannot be written ({error.strerror or error})"


def _elsewhere(verb: str) -> str:
    return f"name another folder, for example: k8sexpose {verb} {Path.home() / FOLDER}"


# -- what is missing or old --------------------------------------------------------------------------------------------


def needs(package: str = "k8sexpose", extra: str = "") -> list[str]:
    """Return what an installed package says it needs: ``ipywidgets<9,>=7.7.1``.

    Parameters
    ----------
    package : str
        The package.
    extra : str
        Of its extras, whose needs to add.

    Returns
    -------
    list of str
        The requirements, without markers.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        It is not installed.

    Examples
    --------
    >>> [need for need in needs() if need.startswith("matplotlib")][0][:10]
    'matplotlib'
    """
    found = []
    for text in metadata.requires(package) or ():
        need, _, marker = text.partition(";")
        if "extra ==" not in marker or (extra and re.search(rf"""extra == ['"]{extra}['"]""", marker)):
            found.append(need.strip())
    return found


def missing(need: str) -> str:
    """Return what is wrong with one requirement; empty if it is met.

    Examples
    --------
    >>> missing("PyYAML>=6.0.2"), missing("no-such-package>=1")
    ('', 'no-such-package is missing')
    """
    name = _project(need)
    wanted = need[len(name) :]
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    return "" if meets(version, wanted) else f"{name} is {version}, needed is {wanted.strip()}"


def _project(need: str) -> str:
    found = re.match(r"[\w.-]+", need)
    return found[0] if found else need


def meets(version: str, wanted: str) -> bool:
    """Return True if a version lies within bounds such as ``>=8.1,<9``.

    Examples
    --------
    >>> meets("8.1.9", ">=8.1,<9"), meets("9.0", ">=8.1,<9"), meets("8.0", ">=8.1")
    (True, False, False)
    """
    mine = _numbers(version)
    bounds = re.findall(r"(>=|<)\s*([\d.]+)", wanted)
    return all((mine >= _numbers(bound)) == (sign == ">=") for sign, bound in bounds)


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"[\d.]+", version)
    numbers = [int(number) for number in re.findall(r"\d+", release[0] if release else "")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def in_browser() -> bool:
    """Return whether this Python runs in a browser (JupyterLite), which loads all packages together with the page.

    Returns
    -------
    bool
        True where there is neither a terminal nor a server to start again.

    Examples
    --------
    >>> in_browser()
    False
    """
    return sys.platform == "emscripten"


def mend(requirements: Iterable[str] = ()) -> str:
    """Return the line that installs requirements into this Python.

    Parameters
    ----------
    requirements : iterable of str
        What to install; in a clone ``make lab`` installs everything.

    Returns
    -------
    str
        What to do, for a sentence.

    Examples
    --------
    >>> mend(["matplotlib>=3.10"]) != ""
    True
    """
    if in_browser():
        return IN_BROWSER
    if in_clone():
        return f"in a terminal, in the folder {PACKAGE.parent}: make lab"
    quoted = " ".join(f'"{need}"' for need in requirements) or '"k8sexpose[lab]"'
    if any(part.startswith("archive-v") for part in Path(sys.prefix).parts):
        return f"put --with {quoted.replace(' ', ' --with ')} behind uvx, and say the rest as before"
    if util.find_spec("pip") is None:
        return f'in a terminal: uv pip install --python "{sys.executable}" {quoted}'
    return f'in a terminal: "{sys.executable}" -m pip install {quoted}'


def explain_import(name: str, error: ImportError) -> ImportError:
    """Return an error that says why a name cannot be loaded, with the line that mends it.

    Parameters
    ----------
    name : str
        What was asked for, such as ``kx.plot_load``.
    error : ImportError
        What Python said.

    Returns
    -------
    ImportError
        Of the same class.

    Examples
    --------
    >>> str(explain_import("kx.flow", ModuleNotFoundError("No module named 'ipywidgets'", name="ipywidgets")))[:41]
    'kx.flow needs ipywidgets, which is missin'
    """
    module = (error.name or "").partition(".")[0]
    if module in ("", "k8sexpose"):
        return error
    project = PROJECTS.get(module, module)
    try:
        wanted = [need for need in needs(extra="lab") if _project(need).lower() == project.lower()]
    except metadata.PackageNotFoundError:
        wanted = []
    old = [problem for need in wanted if (problem := missing(need))]
    found = "which is missing in this Python" if isinstance(error, ModuleNotFoundError) else "which is too old here"
    detail = f" ({old[0]})" if old and not isinstance(error, ModuleNotFoundError) else ""
    text = f"{name} needs {project}, {found}{detail}. To mend: {mend(wanted[:1] or [project])}"
    return type(error)(text, name=error.name, path=error.path)


# -- the check ---------------------------------------------------------------------------------------------------------


def check(folder: Path, port: int | None = None, kernel: bool = False) -> list[Problem]:
    """Return what keeps the lessons from being opened in a folder.

    Parameters
    ----------
    folder : Path
        Where they are, or will be.
    port : int, optional
        The port that JupyterLab is told to listen at; None for any.
    kernel : bool
        Start a kernel too, and import in it what the lessons import; this takes some seconds.

    Returns
    -------
    list of Problem
        Nothing if all is well.
    """
    problems = [*_python(), *_packages(), *_folder(folder), *_port(port)]
    return problems or [*(_kernel() if kernel else ())]


def _python() -> list[Problem]:
    try:
        wanted = metadata.metadata("k8sexpose")["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        wanted = ">=3.11"
    mine = ".".join(map(str, sys.version_info[:3]))
    if meets(mine, wanted):
        return []
    mending = "make lab PYTHON=python3.13" if in_clone() else "use a newer Python, for example: uv python install 3.13"
    return [Problem(f"Python is {mine}, needed is {wanted}", mending)]


def _packages() -> list[Problem]:
    try:
        wanted = needs(extra="lab")
    except metadata.PackageNotFoundError:
        return [Problem(f"k8sexpose is not installed in {sys.executable}", mend())]
    bad = {need: problem for need in wanted if (problem := missing(need))}
    return [Problem("; ".join(bad.values()), mend(bad))] if bad else []


def _folder(folder: Path) -> list[Problem]:
    there, error = _writable(folder)
    if not there.is_dir():
        return [Problem(f"{there} is a file", _elsewhere("lab"))]
    if error is not None:
        return [Problem(f"{_unwritable(there, error)}, so that your answers could not be saved", _elsewhere("lab"))]
    return []


def _writable(folder: Path) -> tuple[Path, OSError | None]:
    """Return what there is of a folder's path, and why nothing can be written into it; None if it can."""
    there = folder
    while not os.path.exists(there) and there != there.parent:  # Path.exists raises where the path may not be looked at
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            return there, None
    except OSError as error:
        return there, error


def _port(port: int | None) -> list[Problem]:
    if port is None:
        return []
    try:
        with socket.socket() as probe:
            if os.name != "nt":  # on Windows this option would take a port from another program
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OverflowError:
        return [Problem(f"There is no port {port}", "name one from 1024 to 65535, or leave --port out")]
    except OSError as error:
        what = f"Port {port} cannot be used ({error.strerror or error})"
        return [Problem(what, "name another one, or leave --port out: a free one is then found")]
    return []


def _kernel() -> list[Problem]:
    """Return why a kernel, started as JupyterLab starts it, cannot import what the lessons need."""
    code = (
        "import sys\n"
        "from jupyter_client.manager import start_new_kernel\n"
        f"manager, client = start_new_kernel(startup_timeout={KERNEL_PATIENCE_S}, kernel_name='python3')\n"
        "said = lambda message: print(message['content'].get('text') or message['content'].get('evalue') or '')\n"
        f"client.execute_interactive({PROBE!r}, timeout={KERNEL_PATIENCE_S}, output_hook=said)\n"
        "client.stop_channels(); manager.shutdown_kernel(now=True)\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(), capture_output=True, text=True,
            encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, timeout=3 * KERNEL_PATIENCE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Problem("The kernel does not answer", mend(["ipykernel>=6.17"]))]
    found = re.search(r"^found (.+)$", done.stdout, re.MULTILINE)
    if found and Path(found[1]).parent.resolve() == PACKAGE.resolve():
        return []
    if found:
        what = f"The kernel uses another k8sexpose, {found[1]}"
        return [Problem(what, f'in a terminal: "{sys.executable}" -m ipykernel install --sys-prefix')]
    said = [line for line in done.stdout.splitlines() if line.strip()]
    if said:
        return [Problem(f"The kernel cannot import what the lessons need ({said[-1]})", mend())]
    errors = [line for line in done.stderr.splitlines() if line.strip()]
    last = errors[-1] if errors else "it says nothing"
    return [Problem(f"The kernel does not start ({last})", mend(["ipykernel>=6.17"]))]


# -- JupyterLab --------------------------------------------------------------------------------------------------------


def command(folder: Path, port: int | None = None, browser: bool = True, options: Sequence[str] = ()) -> list[str]:
    """Return the command that opens the first lesson of a folder in JupyterLab.

    Parameters
    ----------
    folder : Path
        Where the lessons are.
    port : int, optional
        Where to listen; None for the first that is free from 8888 on.
    browser : bool
        Open a browser.
    options : sequence of str
        For JupyterLab itself.

    Returns
    -------
    list of str
        The words.

    Examples
    --------
    >>> command(Path("/lessons"), browser=False)[-2:]
    ['--LabApp.default_url=/lab/tree/00_start_here.ipynb', '--no-browser']
    """
    words = [sys.executable, "-m", "jupyterlab"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")  # Jupyter refuses to run as root (containers, CI) unless told
    # The default address is the first lesson, so that the printed address leads there too.
    # In a clone the root is the repository: the lessons link to the solutions beside them.
    folder = folder.resolve()
    root = folder.parent if in_clone() and folder == shipped().resolve() else folder
    first = (folder / FIRST).relative_to(root).as_posix()
    words += [f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{first}"]
    if port is not None:
        words += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    return [*words, *([] if browser else ["--no-browser"]), *options]


def environment(now: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which JupyterLab starts.

    Without the news pop-up; with the kernel of this Python and not that of a user's folder; without a proxy between
    the machine and itself; with a temporary folder for Jupyter's own files where the home folder cannot be written.

    Parameters
    ----------
    now : mapping of str to str, optional
        The environment to begin with; None for that of the process.

    Returns
    -------
    dict of str to str
        The environment.

    Examples
    --------
    >>> environment({"HTTP_PROXY": "http://proxy:3128"})["NO_PROXY"]
    'localhost,127.0.0.1'
    """
    made = dict(os.environ if now is None else now)
    ours = str(PACKAGE / "data" / "jupyter")
    made["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (ours, made.get("JUPYTER_CONFIG_PATH"))))
    made["JUPYTER_PREFER_ENV_PATH"] = "1"
    if any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in made):
        spared = made.get("NO_PROXY") or made.get("no_proxy") or ""
        wanted = [host for host in ("localhost", "127.0.0.1") if host not in spared.split(",")]
        made["NO_PROXY"] = made["no_proxy"] = ",".join(filter(None, (spared, *wanted)))
    if not _home_is_writable():
        temporary = tempfile.mkdtemp(prefix="k8sexpose-")
        made |= {name: os.path.join(temporary, name.lower()) for name in OWN_FOLDERS if name not in made}
    return made


def _home_is_writable() -> bool:
    """Return whether Jupyter can keep its own files where it always does."""
    try:
        return _writable(Path.home())[1] is None
    except RuntimeError:  # nobody knows where this user's home is
        return False


def open_lab(folder: Path, port: int | None = None, browser: bool = True, options: Sequence[str] = ()) -> int:
    """Open the first lesson in JupyterLab; return its exit code, on POSIX never: this process becomes JupyterLab."""
    words = command(folder, port, browser, options)
    sys.stdout.flush()
    if os.name != "nt":
        _become(words)
    process = subprocess.Popen(words, env=environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # JupyterLab got it too, and asks whether to stop
            continue


def _become(words: Sequence[str]) -> NoReturn:
    os.execve(words[0], list(words), environment())
