"""One browser and one JupyterLab for all: two at a time would starve each other on two cores, and each start is dear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.browser import run_lessons

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@dataclass(frozen=True)
class Lab:
    """A JupyterLab with answers in memory, and the profile in which it has been opened: its scripts are there already."""

    server: run_lessons.Server
    context: BrowserContext


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser of all tests of this folder. It ends with them: no event loop can be started beside Playwright's."""
    with run_lessons.launched() as running:
        yield running


@pytest.fixture(scope="package")
def lab(chromium: Browser) -> Iterator[Lab]:
    with run_lessons.server([]) as started, run_lessons.browser() as context:
        yield Lab(started, context)
