"""The lock file of our JupyterLite site: which packages the browser's Python loads, from where, with which checksums.

    python tools/lite_lock.py      (needs npm) write tools/pyodide-lock.json anew, after a change of PYODIDE

JupyterLite's kernel hands every cell to Pyodide before it runs, and Pyodide loads what the cell imports if its lock
file has it. So no `%pip` line is needed once our wheel is in that file, with what Pyodide lacks. A cell with a magic is
not read for imports; therefore everything that the lessons import is named for early loading too (EARLY), and is
fetched while Python itself starts.

The kernel has an option that makes such a file (`--pyodide-lock`). It is not used: it resolves all requirements anew
against Pyodide's host, so that nothing can be built where that host is not reached, and two builds may differ.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# The one place that says which Pyodide we build for and test with; tools/pyodide-lock.json belongs to it.
PYODIDE = "314.0.6"
HOST = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full/"
LOCK = ROOT / "tools/pyodide-lock.json"
# What we take of Pyodide's 357 packages, with what these need.
TAKEN = ("micropip", "ipython", "jedi", "numpy", "pandas", "matplotlib", "pyyaml", "typing-extensions")
# What the kernel asks for when it starts, then our package; each brings what it needs.
EARLY = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython", "k8sexpose")
# What pip is told to get wheels that run in any Python of this version, the browser's too.
PURE = ("--only-binary=:all:", "--platform=any", "--python-version=3.14", "--implementation=py", "--abi=none")
# It brings only a front end, which the site has.
NOT_NEEDED = {"jupyterlab-widgets"}


def read() -> dict[str, Any]:
    """Pyodide's lock file, as far as it concerns us."""
    return json.loads(LOCK.read_text(encoding="utf-8"))


def versions(*names: str) -> list[str]:
    """`name==version` of packages that Pyodide's distribution brings."""
    packages = read()["packages"]
    return [f"{name}=={packages[canonicalize_name(name)]['version']}" for name in names]


def closure(packages: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Names with everything that they need, sorted."""
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += map(canonicalize_name, packages[name]["depends"])
    return sorted(found)


def npm(folder: Path, version: str = PYODIDE) -> Path:
    """Fetch Pyodide's core into a folder; return where it is."""
    subprocess.run(["npm", "pack", "--silent", f"pyodide@{version}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(folder / f"pyodide-{version}.tgz") as archive:
        archive.extractall(folder / "npm", filter="data")
    return folder / "npm/package"


def part(lock: dict[str, Any]) -> dict[str, Any]:
    """The part of Pyodide's own lock file that we keep."""
    packages = lock["packages"]
    return {"info": lock["info"], "packages": {name: packages[name] for name in closure(packages, TAKEN)}}


def text(lock: dict[str, Any]) -> str:
    """A lock file with a line for each package."""
    lines = [f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(lock["packages"].items())]
    packages = ",\n".join(lines)
    return f'{{"info": {json.dumps(lock["info"])},\n"packages": {{\n{packages}\n}}}}\n'


# --- wheels that Pyodide does not have ------------------------------------------------------------------------------


def entry(wheel: Path, place: str) -> dict[str, Any]:
    """What a lock file says of a wheel; `depends` are requirements still."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        said = Parser().parsestr(archive.read(metadata).decode())
    modules = {name.partition("/")[0].removesuffix(".py") for name in names if name.endswith(".py")}
    return {
        "name": canonicalize_name(said["Name"]),
        "version": said["Version"],
        "file_name": place,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": sorted(module for module in modules if module.isidentifier()),
        "depends": said.get_all("Requires-Dist", []),
        "unvendored_tests": False,
    }


def needs(requirements: Iterable[str], python: str) -> list[Requirement]:
    """Those requirements that count in the browser."""
    environment = {
        "sys_platform": "emscripten",
        "platform_system": "Emscripten",
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "extra": "",
    }
    parsed = [Requirement(line) for line in requirements]
    counting = [need for need in parsed if need.marker is None or need.marker.evaluate(environment)]
    return [need for need in counting if canonicalize_name(need.name) not in NOT_NEEDED]


def made(wheels: dict[Path, str], lock: dict[str, Any] | None = None, host: str = HOST) -> dict[str, Any]:
    """Return the lock file of the site.

    Parameters
    ----------
    wheels : dict of Path to str
        Wheels that Pyodide lacks, and where the site has each, seen from the lock file.
    lock : dict, optional
        Pyodide's part of it. Default: that of tools/pyodide-lock.json.
    host : str
        Where Pyodide's own packages are.

    Raises
    ------
    ValueError
        A wheel needs what is not there, or another version of it.
    """
    lock = lock or read()
    packages = {name: old | {"file_name": host + old["file_name"]} for name, old in lock["packages"].items()}
    new = [entry(wheel, place) for wheel, place in wheels.items()]
    packages |= {one["name"]: one for one in new}
    for one in new:
        wanted = needs(one["depends"], lock["info"]["python"])
        for need in wanted:
            there = packages.get(canonicalize_name(need.name))
            if there is None or not need.specifier.contains(there["version"]):
                has = f"has {there['version']}" if there else "has none; name it in TAKEN or give its wheel"
                raise ValueError(f"{one['name']} needs {need}, and the lock file {has}")
        one["depends"] = [canonicalize_name(need.name) for need in wanted]
    return {"info": lock["info"], "packages": packages}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        theirs = json.loads((npm(Path(temporary)) / "pyodide-lock.json").read_text(encoding="utf-8"))
    LOCK.write_text(text(part(theirs)), encoding="utf-8", newline="\n")
    print(f"{LOCK.relative_to(ROOT)}: Pyodide {PYODIDE}, {len(read()['packages'])} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
