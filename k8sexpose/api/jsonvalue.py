"""What code hands over in place of text: Python objects, checked to be what JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .errors import ManifestError
from .manifest import MAX_DEPTH, SURROGATE

__all__ = ["plain"]


def plain(value: Any, where: str = "") -> Any:
    """Return a copy of Python objects as JSON would carry them: what code hands over is checked like text.

    Parameters
    ----------
    value : object
        Mappings with text as keys, lists and tuples, text, numbers, truth values, None.
    where : str
        The path of the value, for the message.

    Returns
    -------
    object
        The same in dicts and lists of its own.

    Raises
    ------
    ManifestError
        Something in it cannot be sent, or it is too deep.

    Examples
    --------
    >>> plain({"ports": ({"port": b"80"},)})
    Traceback (most recent call last):
        ...
    k8sexpose.api.errors.ManifestError: ports[0].port: a value of type bytes cannot be sent as JSON
    """
    here = where or "the object"
    if where.count(".") + where.count("[") > MAX_DEPTH:
        raise ManifestError(f"{where[:60]}…: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or SURROGATE.search(key):
                raise ManifestError(f"{here}: the key {str(key)[:60]} of type {type(key).__name__} is no text")
        return {key: plain(one, f"{where}.{key}".lstrip(".")) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, f"{where}[{number}]") for number, one in enumerate(value)]
    if isinstance(value, str) and SURROGATE.search(value):
        raise ManifestError(f"{here}: a lone surrogate is no character")
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    what = f"the number {value}" if isinstance(value, float) else f"a value of type {type(value).__name__}"
    raise ManifestError(f"{here}: {what} cannot be sent as JSON")
