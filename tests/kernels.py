"""A plugin for the run of nbval (`-p tests.kernels`): no two kernels want the same port, and none is given up too soon."""

from __future__ import annotations

import os

import pytest
from jupyter_client.connect import ConnectionFileMixin

PATIENCE_S = 300

# Free ports are looked up before the kernel takes them, and another process may take one in between. Sockets that are
# files have names of their own; Windows has none.
if os.name == "posix":
    ConnectionFileMixin.transport.default_value = "ipc"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = PATIENCE_S  # nbval has no option for it, and waits for five seconds
