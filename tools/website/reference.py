"""The reference of the package, made from its docstrings by pdoc.

pdoc was chosen because it needs no configuration, reads numpydoc, makes one folder that works from file:// with search,
and is maintained (16.0 of October 2025). It is wanted for nothing else: `make site` puts it into build/site-tools, and
where it cannot be had the site is made without the reference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from pages import Reader

__all__ = ["dead_links", "made", "tended"]

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build/site-tools"
MODULES = ("k8sexpose", "k8sexpose.lessons")
# pdoc's greys and greens are too faint for small text; what is too wide wraps, so that no box scrolls without keys.
STYLE = """<style>
.pdoc { --accent: #fff; --code: #fff; --muted: #57606a; --def: #006400; --annotation: #005a1c; --name: #0a58b0; }
.pdoc .attr { border-left: 3px solid #c1c1c1; }
.pdoc pre, .pdoc pre code { white-space: pre-wrap; overflow: visible; overflow-wrap: anywhere; }
.pdoc .attr, .pdoc .attr * { white-space: normal; overflow: visible; overflow-wrap: anywhere; }
main.pdoc a { text-decoration: underline; }
.pdoc .pdoc-code :is(span, em) { color: #1f2328; }
.pdoc h2.part { font-size: 1rem; margin: 0.5rem 0; }
nav.pdoc .attribution { color: #1f2328; opacity: 1; }
nav.pdoc a.start { display: block; padding: 0.3rem 1rem 0.8rem; }
</style></head>"""


def made(folder: Path) -> bool:
    """Write the reference into a folder of the site; return whether pdoc was there to do it."""
    if not (TOOLS / "pdoc").is_dir():
        return False
    path = os.pathsep.join([str(ROOT), str(TOOLS)])
    program = Path(__file__).with_name("run_pdoc.py")
    command = [sys.executable, str(program), "--docformat", "numpy", "--no-show-source", "-o", str(folder / "api")]
    done = subprocess.run(
        [*command, *MODULES], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pdoc failed:\n{done.stderr}")
    for path in (folder / "api").rglob("*.html"):
        depth = len(path.relative_to(folder).parts) - 1
        path.write_text(tended(path.read_text(encoding="utf-8"), "../" * depth), encoding="utf-8", newline="\n")
    return True


def tended(html: str, home: str) -> str:
    """Return a page of pdoc that can be read and left by everybody; `home` leads to the folder of the site."""
    html = html.replace("</head>", STYLE, 1)
    # Headings of a docstring are parts of the page's one subject; a link that is only a sign says where it leads.
    html = re.sub(r"<h6\b", '<h2 class="part"', html).replace("</h6>", "</h2>")
    html = re.sub(r'(<a class="headerlink" href="#([^"]*)")>', r'\1 tabindex="-1" aria-label="Link to \2">', html)
    html = html.replace("::</p>", ":</p>")  # of reStructuredText
    # pdoc knows names that it does not show: a link to one of them would lead nowhere.
    places = set(re.findall(r' id="([^"]*)"', html))
    html = re.sub(r'<a href="#([^"]*)">(.*?)</a>', lambda link: link[0] if link[1] in places else link[2], html)
    start = f'<a class="start" href="{home}index.html">The course: start page</a>'
    return re.sub(r'(<nav class="pdoc">.*?<div>)', rf"\1{start}", html, count=1, flags=re.DOTALL)


def dead_links(folder: Path) -> list[str]:
    """Return the links of the reference in a site that lead to no file, or to no place on its page."""
    readers = {}
    for page in sorted((folder / "api").rglob("*.html")):
        readers[page] = Reader()
        readers[page].feed(page.read_text(encoding="utf-8"))
    found = []
    for page, reader in readers.items():
        for link in reader.links:
            address = urlsplit(link)
            target = (page.parent / address.path).resolve() if address.path else page
            nowhere = not address.scheme and not target.is_file()
            if nowhere or (address.fragment and target in readers and address.fragment not in readers[target].ids):
                found.append(f"{page.relative_to(folder).as_posix()}: {link} leads nowhere")
    return found
