"""All or nothing: what an error or an interrupt leaves half done is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from threading import RLock
from typing import Concatenate, ParamSpec, Protocol, TypeVar

__all__ = ["Journal", "whole"]

Undo = Callable[[], None]
OTHER_THREAD = (
    "another thread is changing this cluster: one thread at a time calls its verbs. Give each thread a cluster of its "
    "own (cluster.copy()), or let the threads take turns with a lock of yours."
)


class Journal:
    """How to undo the changes that have been made since a transaction began."""

    __slots__ = ("entries", "lock")

    def __init__(self) -> None:
        self.entries: list[Undo] | None = None
        self.lock = RLock()

    def __reduce__(self) -> tuple[type[Journal], tuple[()]]:
        return Journal, ()

    def note(self, undo: Undo) -> None:
        """Note how to undo the change that comes next; outside a transaction nothing is noted."""
        if self.entries is not None:
            self.entries.append(undo)

    @contextmanager
    def transaction(self, restore: Undo) -> Iterator[None]:
        """Undo every change made inside when an exception leaves the block, and call `restore` then.

        An interrupt may come between any two lines. So each change is noted before it is made, each undo may run
        twice, and a single assignment ends the transaction.

        Raises
        ------
        RuntimeError
            Another thread is inside a transaction: the two would undo each other's changes.
        """
        if not self.lock.acquire(blocking=False):
            raise RuntimeError(OTHER_THREAD)
        try:
            yield from self._noted(restore)
        finally:
            self.lock.release()

    def _noted(self, restore: Undo) -> Iterator[None]:
        """Yield once, and undo what was done meanwhile if an exception comes back."""
        outer = self.entries
        entries = self.entries = [restore]
        try:
            yield
            if outer is not None:
                outer.extend(entries)
            self.entries = outer
        except BaseException:
            if self.entries is entries:
                self.entries = None
                for undo in reversed(entries):
                    undo()
                self.entries = outer
            raise


class Transactional(Protocol):
    """An object that can undo everything that a block has done to it."""

    def _all_or_nothing(self) -> AbstractContextManager[None]: ...


Given = ParamSpec("Given")
Made = TypeVar("Made")
Owner = TypeVar("Owner", bound=Transactional)


def whole(verb: Callable[Concatenate[Owner, Given], Made]) -> Callable[Concatenate[Owner, Given], Made]:
    """Return a method that is undone as a whole when an error or an interrupt leaves it."""

    @wraps(verb)
    def call(self: Owner, /, *args: Given.args, **options: Given.kwargs) -> Made:
        with self._all_or_nothing():
            return verb(self, *args, **options)

    return call
