"""`k8sexpose lab` in a folder with blanks: JupyterLab opens at lesson 0, without a pop-up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]
FOLDERS = "JUPYTER_DATA_DIR JUPYTER_CONFIG_DIR JUPYTER_RUNTIME_DIR JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR"


def test_k8sexpose_lab(tmp_path: Path) -> None:
    folder = tmp_path / "My Course ü"
    own = {name: str(tmp_path / name) for name in [*FOLDERS.split(), "IPYTHONDIR", "MPLCONFIGDIR"]}
    words = ("lab", str(folder), "--no-browser", "--", "--IdentityProvider.token=")
    process = subprocess.Popen(
        [sys.executable, "-m", "k8sexpose", *words], env={**os.environ, **own},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def answers() -> bool:
        assert process.poll() is None, "JupyterLab has ended"
        url = run_lessons.address(tmp_path / "JUPYTER_RUNTIME_DIR")
        return url is not None and run_lessons.answers(f"{url}/api/status")

    try:
        run_lessons.wait_for("no answer", answers)
        url = run_lessons.address(tmp_path / "JUPYTER_RUNTIME_DIR")
        assert url is not None
        with run_lessons.browser() as context:
            page = context.new_page()
            page.goto(url)
            page.wait_for_selector(".jp-Notebook h1")
            assert page.url.endswith("/lab/tree/00_start_here.ipynb")
            page.wait_for_selector("text=(ipykernel) | Idle")  # of the status bar
            assert not page.locator(".jp-Dialog, .Toastify__toast").count()
    finally:
        process.terminate()
        process.wait(run_lessons.PATIENCE_S)
    assert (folder / "01_nodeport.ipynb").exists()
