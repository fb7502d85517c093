"""The report as a page, as Markdown and in a notebook: hostile names stay text."""

from __future__ import annotations

import html
import itertools
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.report.document import Link, Table, marked, to_markdown
from k8sexpose.report.html_page import to_html
from tests.report.helpers import SAMPLE

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)>|[x](javascript:alert(1))`*_\n# h\n@me &lt; ${1} www.e.com'
)

DRAWN = (
    "role aria-label viewbox width height style x y cx cy r rx d fill fill-opacity stroke stroke-width "
    "stroke-opacity stroke-dasharray text-anchor font-size font-weight"
).split()


def hostile_dump() -> dict[str, Any]:
    """Put hostile text into every string of the sample that is shown, and keep the references whole."""
    dump: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    for item in dump["items"]:
        metadata, spec = item["metadata"], item.get("spec", {})
        metadata["name"] += HOSTILE
        if "namespace" in metadata:
            metadata["namespace"] += HOSTILE
        labels = metadata.get("labels", {})
        for key in list(labels):
            labels[key] += HOSTILE
        for key in list(spec.get("selector") or {}):
            spec["selector"][key] += HOSTILE
        for port in spec.get("ports", []):
            port["name"] = port.get("name", "") + HOSTILE
            port["targetPort"] = port["targetPort"] if isinstance(port["targetPort"], int) else HOSTILE
        for container in spec.get("containers", []):
            for port in container.get("ports", []):
                port["name"] = HOSTILE
        if item["kind"] == "Service":
            for entry in item["status"]["loadBalancer"].get("ingress", []):
                entry["hostname"] = HOSTILE
            if "loadBalancerSourceRanges" in spec:
                spec["loadBalancerSourceRanges"].append(HOSTILE)
        if item["kind"] == "EndpointSlice":
            for port in item.get("ports", []):
                port["name"] = port.get("name", "") + HOSTILE
            for endpoint in item["endpoints"]:
                if "nodeName" in endpoint:
                    endpoint["nodeName"] += HOSTILE
                if "zone" in endpoint:
                    endpoint["zone"] += HOSTILE
                if "targetRef" in endpoint:
                    endpoint["targetRef"]["name"] += HOSTILE
        if "nodeName" in spec:
            spec["nodeName"] += HOSTILE
        if "providerID" in spec:
            spec["providerID"] += HOSTILE
    dump["items"].append(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "odd"},
         "spec": {"type": HOSTILE, "clusterIP": HOSTILE, "externalName": HOSTILE, "ports": [{"port": 1, "protocol": HOSTILE}]}}
    )  # fmt: skip
    return dump


class Tags(HTMLParser):
    """Collect every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= set(attrs)


def test_hostile_names_in_html() -> None:
    page = kx.review(kx.Cluster.from_json(hostile_dump())).to_html()
    assert page.count("alert(1)") > 50, "the names are shown"
    tags = Tags()
    tags.feed(page)
    assert tags.seen <= set(
        "html head meta title style body main h1 h2 h3 p strong ul li div table caption thead tbody tr th td nav a details summary "
        "figure figcaption svg g rect path text circle section dl dt dd code wbr".split()
    )
    assert {name for name, _ in tags.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "scope", "id", "href", "rel", "tabindex", *DRAWN
    }  # fmt: skip
    ours = r"#(part|service)-\d+|https://(kubernetes\.io|aws\.amazon\.com|github\.com|docs\.aws\.amazon\.com)/[^\"<> ]*"
    assert all(re.fullmatch(ours, value or "") for name, value in tags.attributes if name == "href")
    assert "default-src 'none'" in page


def test_hostile_names_in_a_difference() -> None:
    hostile = kx.Cluster.from_json(hostile_dump())
    for one, other in ((hostile, kx.Cluster(nodes=1)), (kx.Cluster(nodes=1), hostile)):
        made = kx.diff(one, other)
        page, tags = made.to_html(), Tags()
        assert page.count("alert(1)") > 10, "the names are shown"
        tags.feed(page)
        assert not tags.seen & {"script", "img", "iframe"}
        assert {name for name, _ in tags.attributes} <= {
            "lang", "charset", "http-equiv", "content", "name", "class", "scope", "id", "href", "rel", "aria-label"
        }  # fmt: skip
        text = re.sub(r"(?m)^  - To see it: .*$", "", made.to_markdown())
        assert text.count("alert(1)") > 10 and "\n# h" not in text and "@me" not in text
        assert not re.search(r"(?<!\\)<(script|img)", text)


def test_hostile_names_in_markdown() -> None:
    text = kx.review(kx.Cluster.from_json(hostile_dump())).to_markdown()
    assert text.count("alert(1)") > 50
    commands = re.findall(r"(?m)^  - To see it: (.*)$", text)
    for command in commands:
        fence = re.match("`+", command)
        assert fence and len(re.findall(f"(?<!`){fence[0]}(?!`)", command)) == 2, "one span of code, from end to end"
    text = re.sub(r"(?m)^  - (To see it|Source): .*$", "", text)
    bold = re.sub(r"(?m)^(- )?\*\*|:\*\*", "", text)
    assert commands and not re.search(r"(?<!\\)[<>`*]", bold.replace("`<pending>`", "")), (
        "nothing that Markdown or HTML would read"
    )
    assert "@me" not in text and "](j" not in text.replace("\\](j", "") and "www.e" not in text
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert "# h" not in heads and sum(line.startswith("# ") for line in heads) == 1
    rows = [line for line in text.splitlines() if "| LoadBalancer |" in line]
    assert rows and all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows), "no cell breaks out of its table"


def test_hostile_names_in_the_notebook() -> None:
    tags = Tags()
    tags.feed(kx.review(kx.Cluster.from_json(hostile_dump()))._repr_html_())
    assert tags.seen <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "br", "code", "wbr"}


@pytest.mark.parametrize(
    "text", ["- a", "1. a", "+ a", "# a", "> a", "a\n\n# b", "\ud800", "\u202e", "\x1b[2J", "x" * 9000]
)
def test_marked(text: str) -> None:
    line = marked(text)
    assert not re.match(r"([-+#>]|\d+\.)\s", line) and "\n" not in line and len(line) <= 2100
    line.encode("utf-8")
    assert not re.search(r"[\x00-\x1f\u202e]", line)


def test_the_page_stands_alone(sample: kx.Review) -> None:
    page = sample.to_html()
    assert not re.search(r"<script|<link|@import|url\(|src=", page)
    assert "@media print" in page and "prefers-color-scheme: dark" in page
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", page)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert page.count('<th scope="row"') >= 30 and page.count("<thead>") == page.count("<table ")


CELLS = (
    ("an address of https", "https://prices.example/list?a=1&b=2", True), ("no address", "", False),
    ("another scheme", "http://prices.example", False), ("a script", "javascript:alert(1)", False),
    ("out of the attribute", 'https://e.example/"onclick="alert(1)', False),
    ("out of the link", "https://e.example/) [x](y", False), ("somebody before the host", "https://a@e.example/", False),
)  # fmt: skip


@pytest.mark.parametrize(("name", "url", "linked"), CELLS)
def test_a_source_is_a_link_where_it_is_an_address_of_https(name: str, url: str, linked: bool) -> None:
    parts = [Table("", ("line", "source"), (("a", Link(name, url)),))]
    page, text = to_html("T", parts), to_markdown("T", parts)
    links = re.findall(r'<a href="([^"]*)" rel="noopener noreferrer">([^<]*)</a>', page)
    assert links == ([(html.escape(url), name)] if linked else [])
    assert (f"| [{name}]({url}) |" if linked else f"| {name} |") in text
    assert page.count("<a ") == len(links) and "alert" not in text + page


def test_a_narrow_screen_names_the_column_of_each_cell_once_for_all_tables_alike() -> None:
    hostile = 'b"}</style><script>alert(1)'
    alike = [Table("", ("a", "b", hostile), (("1", "2", "x" * 40),)), Table("", ("a", "b", hostile), ())]
    page = to_html("T", [*alike, Table("", ("a", "b"), ())])
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert style.count("td:nth-child") == 2 and '.head-0 td:nth-child(2)::before { content: "b: "; }' in style
    shown = re.findall(r'nth-child\(3\)::before \{ content: "([^"]*)"', style)
    assert [re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), one) for one in shown] == [f"{hostile}: "]
    assert page.count('<table class="stack head-0 few">') == 2 and page.count('<table class="few">') == 1
    assert '<td>2</td><td class="long">' in page and "<script" not in page


def test_the_sources_of_the_sample_are_links_or_names(sample: kx.Review) -> None:
    page, text = sample.to_html(), sample.to_markdown()
    assert "[AWS blog: Identify and optimize" in text and "](https://aws.amazon.com/blogs/" in text
    assert ">Price catalogue (us-east-1) in a public repo</td>" in page, "a source without an address is a name"
    external = re.findall(r"<a [^>]*https?://[^>]*>", page)
    assert len(external) > 10 and all('rel="noopener noreferrer"' in link for link in external)


def test_no_text_of_a_page_leads_nowhere(sample: kx.Review) -> None:
    page = sample.to_html()
    anchors = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
