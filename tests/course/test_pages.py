"""The static pages, and the README's picture and counts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402
import pages  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    """All pages: to make them takes seconds."""
    return pages.render()


def test_every_page_stands_alone(rendered: dict[str, str]) -> None:
    assert not pages.problems(rendered)
    assert {f"{part.stem}.html" for part in course.parts()} < set(rendered)
    for part in course.parts():
        # What the student is to find out is folded, and nbgrader's marks are gone.
        assert part.leaflet or "<summary>The answer</summary>" in rendered[f"{part.stem}.html"]
        assert "BEGIN SOLUTION" not in rendered[f"{part.stem}.html"]
        assert f'<a href="notebooks/{part.name}.ipynb" download>' in rendered[f"{part.stem}.html"]
        assert f'href="{part.stem}.html"' in rendered["index.html"]


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<script>1</script>", "a <script>"),
        ('<img src="https://elsewhere.invalid/x.png" alt="x">', "loads https://elsewhere.invalid"),
        ('<img src="data:,">', "without alt text"),
        ("<svg></svg>", "without a description"),
        ('<a href="07_no_such.html">next</a>', "leads nowhere"),
        ('<a href="#nowhere">up</a>', "no place"),
        ('<p id="a"></p><p id="a"></p>', "have the id"),
    ],
)
def test_what_is_not_fit_to_publish_is_found(html: str, problem: str) -> None:
    assert any(problem in found for found in pages.problems({"page.html": html}))


def test_links_lead_to_pages() -> None:
    html = pages.prose(
        "[a](01_nodeport.ipynb#top) [b](../instructor/solutions/00_start_here.ipynb) [c](https://x.invalid/y.ipynb) "
        "[d](../GLOSSARY.md#node) [e](leaflets/no_such.ipynb)"
    )
    assert re.findall('href="([^"]*)"', html) == [
        "01_nodeport.html#top",
        "00_start_here.html",
        "https://x.invalid/y.ipynb",
        "GLOSSARY.html#node",
        "leaflets/no_such.ipynb",
    ]


def test_a_downloaded_notebook_is_told_what_it_needs() -> None:
    assert "make lab" in pages.needs({}) and "pip install" not in pages.needs({}), "nobody has published it yet"
    there = pages.needs({"urls": {"Source": "https://x.invalid/a"}})
    assert 'pip install "k8sexpose[lab]"' in there and 'href="https://x.invalid/a"' in there


def test_the_start_page_says_what_each_lesson_teaches() -> None:
    start = pages.index(pages.titles())
    for part in course.lessons():
        verbs = re.findall(r"^- \*\*(\w+)\*\*", course.section(part.text, "Objectives"), re.MULTILINE)
        (said,) = re.findall(rf'href="{part.stem}.html">Lesson .*?</b>(.*?)</li>', start)
        assert len(verbs) >= 3 and all(verb.lower() in said for verb in verbs), part.stem


def test_a_student_does_not_come_upon_the_answer_key() -> None:
    rendered = pages.render()
    leads = {name for name, html in rendered.items() if 'href="ANSWERS.html' in html}
    assert leads == {"INSTRUCTORS.html"} and ">answer key</a>" in rendered["INSTRUCTORS.html"]


def test_what_to_look_at_waits_for_the_answer() -> None:
    cells = [new_code_cell(f'{name}("np-ping")') for name in ("ask", "check")]
    cells.insert(1, new_markdown_cell("**See.** It is 5."))
    (fold,) = re.findall('<details class="kx-curtain".*?</details>', pages.body(new_notebook(cells=cells)), re.DOTALL)
    assert 'data-kx-ids="np-ping"' in fold and "It is 5." in fold


def card(verdict: str, *lines: str) -> str:
    """A card as `check` leaves it."""
    return "".join(f'<p style="margin: 0">{line}</p>' for line in (f"<strong>{verdict}</strong>", *lines))


def test_a_printout_calls_no_answer_that_of_its_reader(rendered: dict[str, str]) -> None:
    given, right = "<strong>Your answer:</strong> 3", "<strong>Correct answer:</strong> 3"
    assert pages.unanswered(card("✓ Right.", given, right)) == f'<p style="margin: 0">{right}</p>'
    assert pages.unanswered(card("✓ Right.", given)) == f'<p style="margin: 0">{right}</p>', "it is said once"
    assert pages.unanswered(card("✗ Not quite.", given, right)) == card("✗ Not quite.", given, right)
    for html in rendered.values():
        assert not ("✓ Right." in html and "Your answer:" in html)


def test_a_table_of_kubectl_keeps_its_columns() -> None:
    table = "NAME   TYPE       PORT(S)\nweb    NodePort   80:32000/TCP"
    assert 'class="columns"' in pages.printed(f"service/web created\n{table}")
    assert "columns" not in pages.printed("A line   of   words\nHTTP/1.1 200 OK")


def test_the_readme_shows_todays_picture() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate/readme_picture.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", ["notebooks/00_start_here.ipynb", *re.findall(r"\]\(([^)#:]+)\)", README)])
def test_the_readmes_links_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_readmes_counts() -> None:
    """The README names every recorded file that has a runner, and as many rows as there are."""
    conformance = ROOT / "tests/conformance"
    proved = "\n".join(path.read_text(encoding="utf-8") for path in conformance.glob("test_*.py"))
    counted = re.findall(r"/([\w-]+)\.json` \| (\d+) of (\d+)([^|]*)", README)
    # Prints and users' cases have tests of their own, and no runner.
    without_runner = {"kubectl-prints", "user-cases", "kube-proxy-dynamics", "yaml-go", "prices-2"}
    assert {name for name, *_ in counted} == {path.stem for path in conformance.glob("*.json")} - without_runner
    for name, agree, of, rest in counted:
        rows = json.loads((conformance / f"{name}.json").read_text(encoding="utf-8"))
        assert agree == of
        if name == "prices":
            assert int(of) + int(re.search(r"(\d+) for information", rest)[1]) == len(rows["worked_examples"])
        elif "left out" in rest or name == "kube-proxy-variations":
            left = re.search(r"(\d+) left out", rest)
            assert f"agree {agree} of {of}, {left[1] if left else 0} left out" in proved
        else:
            listed = (
                next(value for value in rows.values() if isinstance(value, list)) if isinstance(rows, dict) else rows
            )
            assert int(of) == len(listed), name


def test_the_readme_lists_every_lesson_and_leaflet() -> None:
    """`tools/teaching.py --check` compares the rest of the two tables."""
    listed = re.findall(r"\]\(notebooks/([\w/]+)\.ipynb\) \| (\d+) \|", README)
    assert listed == [(part.name, str(part.minutes)) for part in course.parts()]


def test_the_readmes_example_and_date() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    *lines, question = example.strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    route = eval(question, names)
    assert route.outcome == "delivered" and route.client_seen == "10.0.0.2"
    prices = (ROOT / "k8sexpose/data/prices.toml").read_text(encoding="utf-8")
    collected = re.search(r'^as_of = "([\d-]+)"', prices, re.M)[1]
    assert f"collected on {collected}" in README
