"""Fixtures that several folders use."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from tests.report.helpers import SAMPLE


@pytest.fixture(scope="module")
def sample() -> kx.Review:
    return kx.review(kx.Cluster.from_json(SAMPLE))
