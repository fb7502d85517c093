"""Pyodide, as far as it can be had without its own host, and a server for what runs in it: for tools/lite_kernel.py.

The core comes from npm, and every package that is pure Python from a package index. numpy, pandas, matplotlib and their
parts can be had for the browser from Pyodide's host alone: in their place are modules of the same names in which every
name is an empty class, so that what imports them can be imported.
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
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


def pure_yaml(folder: Path) -> dict[str, bytes]:
    """PyYAML's Python files: it works without its C part, more slowly."""
    (pinned,) = lite_lock.versions("PyYAML")
    subprocess.run([*PIP, "download", "--no-deps", "--no-binary=PyYAML", "-d", folder, pinned], check=True)
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
    runtime, downloads = lite_lock.npm(folder), folder / "downloads"
    theirs = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    if lite_lock.part(theirs) != lite_lock.read():
        raise ValueError(f"{lite_lock.LOCK.name} is not that of Pyodide {lite_lock.PYODIDE}: run tools/lite_lock.py")
    packages = lite_lock.read()["packages"].values()
    pure = [one for one in packages if one["file_name"].endswith("-none-any.whl")]
    wanted = [f"{one['name']}=={one['version']}" for one in pure]
    subprocess.run([*PIP, "download", "--no-deps", *lite_lock.PURE, "-d", downloads, *wanted], check=True)
    for path in downloads.glob("*.whl"):
        shutil.copy(path, runtime / path.name)
    names_only = []
    for one in packages:
        if not (runtime / one["file_name"]).exists():
            real = one["name"] == "pyyaml"
            files = pure_yaml(folder) if real else {f"{module}/__init__.py": STAND_IN for module in one["imports"]}
            wheel(runtime / one["file_name"], one["name"], one["version"], files)
            names_only += [] if real else [one["name"]]
    return runtime, names_only


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
