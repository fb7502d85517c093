"""The visualizer in JupyterLab and Notebook 7, used with keys."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser import run_lessons

REASON = run_lessons.why_not() or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.mark.parametrize("notebook7", [False, True], ids=["lab", "notebook7"])
def test_in_jupyter(tmp_path: Path, notebook7: bool) -> None:
    sources = (
        "import k8sexpose as kx\ncluster = kx.Cluster(nodes=3)\n_ = cluster.deploy('api-backend', per_node=[2, 1, 0])\n"
        "_ = cluster.apply(kx.example('flow-32000'))",
        "kx.flow(cluster, 'flow-32000')",
        "cluster.fail('node-3')",
    )
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "flow.ipynb")
    with run_lessons.server([tmp_path / "flow.ipynb"]) as started, run_lessons.browser() as context:
        page = run_lessons.open_notebook(context, started, "flow.ipynb", notebook7)
        run_lessons.run_all(page)
        # The third cell crashed a node: the picture above has seen it.
        page.wait_for_selector("[data-key='node:node-3'][aria-pressed='true']")
        page.locator("[data-key='node:node-3']").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-key='node:node-3'][aria-pressed='false']")
        speed = page.get_by_role("combobox", name="Speed")
        speed.focus()
        page.keyboard.press("ArrowDown")
        assert speed.input_value() == "2"
        page.get_by_role("button", name="Send one").press("Enter")
        page.wait_for_function("document.querySelector('.kx-live').textContent.startsWith('Step 2 ')")
        assert not run_lessons.problems(page, started.folder / "flow.ipynb")
