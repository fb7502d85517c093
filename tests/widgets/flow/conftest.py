"""One case for every way that a packet can end."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.widgets.flow.scene import FlowQuery
from tests.widgets.flow.helpers import CASES

IDS = [name for name, _, _ in CASES]


@pytest.fixture(params=CASES, ids=IDS)
def case(request: pytest.FixtureRequest) -> tuple[kx.Cluster, FlowQuery]:
    return request.param[1], request.param[2]
