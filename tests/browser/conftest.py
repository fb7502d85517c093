"""One browser at a time: two of them, with a server and a kernel each, would starve each other on two cores."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Under `-n 2 --dist loadgroup` a group stays in one process; the rest of the suite runs beside it.
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
