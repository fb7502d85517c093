"""Links of the JupyterLite site, and of the pages beside it, that lead nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Links(HTMLParser):
    """Collects what a page links to and loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note the addresses of one element."""
        self.found += [value for name, value in attributes if name in ("href", "src") and value]


def links(page: Path) -> list[str]:
    """Every address that a page names."""
    parser = Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.found


def leads(site: Path, start: Path, link: str) -> bool:
    """Whether a relative address leads to a file; where it opens a notebook, whether that is there too."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return True
    target = (start.parent / unquote(parts.path)).resolve()
    if target.is_dir():
        target /= "index.html"
    opened = parse_qs(parts.query).get("path", [])
    return target.is_file() and all((site / "files" / name).is_file() for name in opened)


def pages(site: Path) -> Iterator[tuple[Path, str]]:
    """Page and link: all of the site, and those of the pages beside it that lead into the site."""
    for page in sorted([*site.glob("*.html"), *site.glob("*/index.html")]):
        for link in links(page):
            yield page, link
    for page in sorted(site.parent.glob("*.html")):
        for link in links(page):
            if link.startswith(f"{site.name}/"):
                yield page, link


def notebooks(site: Path) -> Iterator[tuple[Path, str]]:
    """Lesson and link, as far as a link leads to another file of the course."""
    for path in sorted((site / "files").rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                for link in MARKDOWN_LINK.findall("".join(cell["source"])):
                    yield path, link


def settings(site: Path) -> Iterator[tuple[Path, str]]:
    """Configuration and address: front ends of extensions, packages, the icons of an installed page."""
    config = site / "jupyter-lite.json"
    data = json.loads(config.read_text(encoding="utf-8"))["jupyter-config-data"]
    for extension in data.get("federated_extensions", ()):
        yield config, f"extensions/{extension['name']}/{extension['load']}"
    for plugin in data.get("litePluginSettings", {}).values():
        options = plugin.get("loadPyodideOptions", {})
        for address in (plugin.get("pyodideUrl", ""), options.get("lockFileURL", ""), *plugin.get("pipliteUrls", ())):
            yield config, address
    for lock in site.glob("static/*/pyodide-lock.json"):
        for package in json.loads(lock.read_text(encoding="utf-8"))["packages"].values():
            yield lock, package["file_name"]
    for manifest in site.glob("*.webmanifest"):
        for icon in json.loads(manifest.read_text(encoding="utf-8")).get("icons", ()):
            yield manifest, icon["src"]


def listed(site: Path) -> Iterator[tuple[Path, str]]:
    """Folder list and file, of the lists by which JupyterLite knows what there is."""
    for listing in site.glob("api/contents/**/all.json"):
        for file in json.loads(listing.read_text(encoding="utf-8"))["content"]:
            if file["type"] != "directory":
                yield site / "files/all.json", file["path"]


def dead(site: Path) -> list[str]:
    """Every link that leads nowhere, with the file that has it.

    Parameters
    ----------
    site : Path
        The folder of JupyterLite; the pages beside it are read too, for their links into it.
    """
    every = [*pages(site), *notebooks(site), *settings(site), *listed(site)]
    if not list(site.glob("files/*.ipynb")):
        return [f"{site}: there is no lesson"]
    return sorted({f"{start.name}: {link} leads nowhere" for start, link in every if not leads(site, start, link)})
