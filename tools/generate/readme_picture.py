"""Draw the picture at the top of the README, docs/visualizer.svg, and write its description beside it.

python tools/generate/readme_picture.py            write both
python tools/generate/readme_picture.py --check    write nothing; fail where they are out of date
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

import k8sexpose as kx
from k8sexpose._svg import CARD

ROOT = Path(__file__).resolve().parents[2]
PICTURE, README = ROOT / "docs/visualizer.svg", ROOT / "README.md"


def still() -> tuple[str, str]:
    """The picture as a file of its own, and what it shows in words."""
    cluster = kx.Cluster(nodes=3)
    cluster.deploy("api-backend", per_node=[3, 1, 0])
    cluster.apply(kx.example("public-api-lb"))
    # By the node without a Pod: the way that has most to tell.
    found = kx.flow(cluster, "public-api-lb", via="node-3").static()
    svg = found.svg
    if "xmlns=" not in svg[:300]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    head = svg.index(">") + 1
    return svg[:head] + CARD + svg[head:] + "\n", found.description


def readme(description: str) -> str:
    """The README with this description as the picture's alt text."""
    alt = escape(" ".join(description.split()))
    text = README.read_text(encoding="utf-8")
    return re.sub(r'(<img src="docs/visualizer\.svg" alt=")[^"]*"', lambda match: f'{match[1]}{alt}"', text)


def main() -> int:
    svg, description = still()
    wanted = {PICTURE: svg, README: readme(description)}
    stale = [path for path in wanted if not path.exists() or path.read_text(encoding="utf-8") != wanted[path]]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date")
        if "--check" not in sys.argv:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
