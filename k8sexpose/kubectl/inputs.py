"""What stands behind ``-f``: files, folders, patterns, standard input.

Source: ``pkg/resource/{builder,visitor}.go`` (cli-runtime).
"""

from __future__ import annotations

import re
from glob import glob
from pathlib import Path

from ..api.checks import is_file
from ..api.documents import read_text
from .flags import Options
from .result import KubectlError

__all__ = ["inputs"]

MAX_FILES = 1_000
ENDINGS = (".json", ".yaml", ".yml")


def inputs(options: Options, stdin: str) -> list[tuple[str | bytes, str]]:
    """List the text of each ``-f`` and the name by which kubectl speaks of it; all are looked for first."""
    names = [name for name in options.filename if name]
    if not names:
        raise KubectlError("must specify one of -f and -k")
    recursive = vars(options).get("recursive", False)
    found: list[Path | None] = []
    for name in names:
        found += [None] if name == "-" else _files(name, recursive=recursive)
    if len(found) > MAX_FILES:
        raise KubectlError(f"there are {len(found):,} files; more than {MAX_FILES:,} are not read")
    return [(stdin, "STDIN") if path is None else (read_text(path), str(path)) for path in found]


def _files(name: str, *, recursive: bool) -> list[Path]:
    """List the file, the manifests in the folder, or the files that a pattern means."""
    if re.match(r"https?://", name):
        raise KubectlError(f"k8sexpose reads no URL: save {name} as a file, and name that")
    path = Path(name)
    if is_file(path):
        return [path]
    if path.is_dir():
        inside = sorted(path.rglob("*") if recursive else path.glob("*"))
        files = [file for file in inside if file.is_file() and file.suffix in ENDINGS]
        if not files:
            raise KubectlError(f"error reading [{name}]: recognized file extensions are [.json .yaml .yml]")
        return files
    matching = sorted(Path(found) for found in glob(name)) if re.search(r"[*?\[]", name) else []
    if not matching:
        raise KubectlError(f'the path "{name}" does not exist')
    return matching
