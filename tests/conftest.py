"""Fixtures that several folders use."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadGroupScheduling

import k8sexpose as kx
from tests.report.helpers import SAMPLE

# Answers stay in memory: no test, and no kernel that one starts, writes into a learner's file.
os.environ["K8SEXPOSE_ANSWERS"] = ""


class BrowserInOneProcess(LoadGroupScheduling):
    """Under `-n 2 --dist loadgroup` the browser tests stay in one process, and the rest of the suite runs beside it."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid


@pytest.hookimpl(optionalhook=True)  # tools/mutants.py loads no plugins
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadGroupScheduling | None:
    # pytest-xdist 3.8 marks groups in a field that pytest 9.2 does not read any more.
    return BrowserInOneProcess(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="module")
def sample() -> kx.Review:
    return kx.review(kx.Cluster.from_json(SAMPLE))
