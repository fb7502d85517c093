"""A report becomes a file: whole or not at all, and never in place of somebody else's."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from .diff import TITLE as DIFF_TITLE
from .review import TITLE

__all__ = ["is_report", "write_whole"]

HEAD_BYTES = 65_536  # among which the title of a report is


def is_report(path: Path) -> bool:
    """Return True if a file begins as a report or a difference of ours does."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith((f"# {TITLE}\n".encode(), f"# {DIFF_TITLE}\n".encode(), b'{\n  "schema": "k8sexpose.')):
        return True
    titles = (f"<title>{title}</title>".encode() for title in (TITLE, DIFF_TITLE))
    return head.startswith(b"<!DOCTYPE html>") and any(title in head for title in titles)


def write_whole(path: Path, text: str) -> None:
    """Write a text beside a file and rename it: what goes wrong meanwhile leaves the old file as it was.

    A symbolic link stays one: the file that it leads to is replaced. An `OSError` names the file that was asked for.
    """
    target = Path(os.path.realpath(path))
    beside = ""
    try:
        if target.exists() and not target.is_file():  # a pipe or a device: there is nothing to keep
            target.write_text(text, encoding="utf-8")
            return
        handle, beside = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(beside, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
        os.replace(beside, target)
    except BaseException as error:
        if beside:
            with contextlib.suppress(OSError):
                os.unlink(beside)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def _umask() -> int:
    """Return the rights that new files do not get here."""
    found = os.umask(0)
    os.umask(found)
    return found
