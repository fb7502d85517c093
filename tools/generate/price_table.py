"""Write docs/prices.md: for which providers and regions the price book can make a bill.

python tools/generate/price_table.py > docs/prices.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from k8sexpose.cost.billing import bill_for
from k8sexpose.cost.charges import DRIVERS, KINDS, BilledEntry
from k8sexpose.cost.prices import PriceBook, price_book

HEAD = """\
# Where the price book is complete

A bill has a total only if the price book (`k8sexpose/data/prices.toml`, of {as_of}) shows every price that the
provider asks in that region. Where one is missing, `kx.bill` gives no total and names the price, `kx.bill(…,
estimate=True)` and the report take that of the nearest region of the same provider and say so, and a price file of
your own fills it (`prices=`, `--prices`).

Every price has its source and its date in the book, and none was read live. This table is made from the book by
`python tools/generate/price_table.py > docs/prices.md`; a test compares the two.

| provider | load balancer | complete in | missing in |
|---|---|---|---|
"""
TAIL = """
A bill of "at least" is the sum of the lines whose price is known. Prices of the regions of GCP that only a list of
2019 shows, and of AWS's Classic load balancer that only copies of an older list show, carry the confidence `low` in
the book: nine of the GCP prices and most hours of the Classic could be compared with prices of 2026, and agreed.
"""


def table(book: PriceBook) -> Iterator[str]:
    """Yield a row for each provider and kind of load balancer."""
    for provider in DRIVERS:
        for kind in KINDS[provider]:
            regions = book.regions(provider)
            complete = [region for region in regions if _complete(provider, kind, region, book)]
            missing = [region for region in regions if region not in complete]
            yield f"| {provider} | {kind} | {_words(complete, regions)} | {_words(missing, regions)} |"


def _complete(provider: str, kind: str, region: str, book: PriceBook) -> bool:
    """Return True if a bill for many Services of this kind, with traffic that crosses zones, has a total."""
    ports = ((80, "TCP"),)
    entries = [
        BilledEntry(f"s{n}", kind, ports=ports, gb=10, request_gb=1, node_to_pod_gb=1, balancer_to_node_gb=1)
        for n in range(9)
    ]
    return not bill_for(provider, entries, book, region).missing


def _words(some: list[str], regions: tuple[str, ...]) -> str:
    if not some:
        return "none"
    if len(some) == len(regions):
        return f"all {len(some)} regions" if len(some) > 1 else some[0].replace("all", "all regions")
    return f"{len(some)}: {', '.join(some)}" if len(some) <= len(regions) / 2 else f"the other {len(some)}"


def page(book: PriceBook) -> str:
    """Return the whole page."""
    return HEAD.format(as_of=book.as_of) + "\n".join(table(book)) + "\n" + TAIL


if __name__ == "__main__":
    print(page(price_book()), end="")
