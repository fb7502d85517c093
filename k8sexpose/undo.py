"""All or nothing: what an error or an interrupt finds half done is undone.

The store undoes its own changes (`Store.transaction`); here is what a cluster keeps beside the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from .clock import Clock
from .store import Store

__all__ = ["Undoing", "whole"]


class Undoing:
    """A store and what stands beside it, changed together or not at all."""

    store: Store

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Undo everything that the block has done, if an error or an interrupt leaves it."""
        with self.store.transaction(self._restorer()):
            yield

    def _restorer(self) -> Callable[[], None]:
        """Return what puts everything back that is not in the store; it may be called twice."""
        saved = {name: _copied(value) for name, value in vars(self).items() if not isinstance(value, Store)}
        return lambda: vars(self).update({name: _copied(value) for name, value in saved.items()})


def _copied(value: object) -> object:
    """Copy what is changed in place; all other values are replaced as a whole."""
    return value.copy() if isinstance(value, dict | list | Clock) else value


Given = ParamSpec("Given")
Made = TypeVar("Made")
Owner = TypeVar("Owner", bound=Undoing)


def whole(verb: Callable[Concatenate[Owner, Given], Made]) -> Callable[Concatenate[Owner, Given], Made]:
    """Make a method all or nothing."""

    @wraps(verb)
    def call(self: Owner, /, *args: Given.args, **options: Given.kwargs) -> Made:
        with self._all_or_nothing():
            return verb(self, *args, **options)

    return call
