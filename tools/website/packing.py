"""Store what was computed in few bytes: as JSON, deflated, in base64."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

__all__ = ["packed", "pages_packed", "squeezed"]

TOKEN = re.compile(r"[A-Za-z0-9.\-]+|[^A-Za-z0-9.\-]+")


def squeezed(value: Any) -> bytes:
    """Return a value as deflated JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(text.encode()) + deflate.flush()


def packed(value: Any) -> str:
    """Return a value as text for a page's data; site.js reads it with `inflate`."""
    return b64encode(squeezed(value)).decode("ascii")


def pages_packed(pages: Sequence[str]) -> str:
    """Return pages that resemble each other, whole or as texts with gaps, whichever is shorter."""
    whole, gaps = squeezed({"pages": list(pages)}), squeezed({"gaps": _with_gaps(pages)})
    return b64encode(min(whole, gaps, key=len)).decode("ascii")


def _with_gaps(pages: Sequence[str]) -> list[list[Any]]:
    """Group pages of one build: the numbers of the pages, the text around the gaps, and what fills each gap."""
    tokens = [TOKEN.findall(page) for page in pages]
    groups: dict[int, list[int]] = {}
    for number, page in enumerate(tokens):
        groups.setdefault(len(page), []).append(number)
    found = []
    for numbers in groups.values():
        around, fills, run = [], [], []
        for column in zip(*(tokens[number] for number in numbers), strict=True):
            if len(set(column)) == 1:
                run.append(column[0])
                continue
            around.append("".join(run))
            fills.append(list(column))
            run = []
        found.append([numbers, [*around, "".join(run)], fills])
    return found
