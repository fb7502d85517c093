"""Fixtures that several folders use."""

from __future__ import annotations

import os

import pytest

import k8sexpose as kx
from tests.report.helpers import SAMPLE

# Answers stay in memory: no test, and no kernel that one starts, writes into a learner's file.
os.environ["K8SEXPOSE_ANSWERS"] = ""


@pytest.fixture(scope="module")
def sample() -> kx.Review:
    return kx.review(kx.Cluster.from_json(SAMPLE))
