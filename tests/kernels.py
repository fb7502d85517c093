"""A plugin for the run of nbval (`-p tests.kernels`): a kernel that finds its port taken is not the end of a lesson."""

from __future__ import annotations

from typing import Any

import nbval.kernel
import pytest

PATIENCE_S = 300
TRIES = 3
_start = nbval.kernel.start_new_kernel


def start_new_kernel(**options: Any) -> tuple[Any, Any]:
    """Start a kernel; another one where it dies.

    Its ports are looked up before it takes them, and the kernel of another process may take one of them in between.
    """
    for _ in range(TRIES - 1):
        try:
            return _start(**options)
        except RuntimeError:
            continue
    return _start(**options)


nbval.kernel.start_new_kernel = start_new_kernel


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = PATIENCE_S  # nbval has no option for it, and waits for five seconds
