"""The button of the lesson "Your cluster" in a real Chromium: a dump is chosen, and the next cell reads it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

import k8sexpose as kx
from tests.browser import run_lessons
from tests.browser.conftest import Lab

REASON = run_lessons.why_not()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON or "")]

PATIENCE_MS = 1000 * run_lessons.PATIENCE_S
CELLS = (
    "from k8sexpose.lessons import bring_dump\ndump = bring_dump()\ndump",
    "mine, what = dump.cluster('no-such-file.json')\nprint(what, len(mine.nodes), 'nodes')",
)


def test_a_dump_is_brought_with_the_button(tmp_path: Path, lab: Lab) -> None:
    dump = json.loads(kx.example("sample-cluster").read_text(encoding="utf-8"))
    nodes = [item for item in dump["items"] if item["kind"] == "Node"]
    dump["items"].remove(nodes[-1])  # so that it can be told from the sample
    brought, broken = tmp_path / "mine.json", tmp_path / "broken.json"
    brought.write_text(json.dumps(dump), encoding="utf-8")
    broken.write_text("{", encoding="utf-8")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "upload.ipynb")
    page = run_lessons.open_notebook(lab.context, lab.server, lab.server.put(tmp_path / "upload.ipynb"))
    run_lessons.run_all(page)
    last = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    missing = "there is no file no-such-file.json beside this notebook (no JSON or YAML file is there)"
    expect(last).to_contain_text(f"This is the sample: {missing}. {len(nodes)} nodes", timeout=PATIENCE_MS)
    for file, says in (
        (brought, f"This is the file that you uploaded, mine.json. {len(nodes) - 1} nodes"),
        (broken, "This is the sample, because your dump cannot be read"),
    ):
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Your dump (JSON or YAML)").click()
        chooser.value.set_files(file)
        expect(page.get_by_text(f"The file {file.name} is here. Run the next cell.")).to_be_visible(timeout=PATIENCE_MS)
        last.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        expect(last).to_contain_text(says, timeout=PATIENCE_MS)
    assert not run_lessons.problems(page, lab.server.folder / "upload.ipynb")
    page.close()
