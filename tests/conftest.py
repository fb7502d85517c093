"""Fixtures that several folders use, and how the tests are shared out between two processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadGroupScheduling

import k8sexpose as kx
from tests.report.helpers import SAMPLE

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# Answers stay in memory: no test, and no kernel that one starts, writes into a learner's file.
os.environ["K8SEXPOSE_ANSWERS"] = ""

# make test tries the same examples in every run, so that it fails where something was changed and never by chance;
# make deep tries others, and more of them. Neither measures how long an example takes: a machine may be busy.
settings.register_profile(
    "same", derandomize=True, max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.register_profile("chance", parent=settings.get_profile("same"), derandomize=False, max_examples=1000)
settings.load_profile("same")


class BrowserInOneProcess(LoadGroupScheduling):
    """Under `-n 2 --dist loadgroup` the browser tests stay in one process, and the rest of the suite runs beside it."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Forget what is done: pytest-xdist counts all that a process ever got, again after each of 10,000 tests."""
        super().mark_test_complete(node, item_index, duration)
        work, scope = self.assigned_work[node], self._split_scope(self.registered_collections[node][item_index])
        if all(work[scope].values()):
            del work[scope]


@pytest.hookimpl(optionalhook=True)  # tools/mutants.py loads no plugins
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadGroupScheduling | None:
    # pytest-xdist 3.8 marks groups in a field that pytest 9.2 does not read any more.
    return BrowserInOneProcess(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="module")
def sample() -> kx.Review:
    return kx.review(kx.Cluster.from_json(SAMPLE))
