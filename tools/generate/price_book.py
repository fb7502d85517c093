"""Write k8sexpose/data/prices.toml from price facts: one file of the first form, then files of list prices.

    cd tests/conformance
    python ../../tools/generate/price_book.py prices.json prices-2.json > ../../k8sexpose/data/prices.toml

Needed once per collection of facts. A later price of the same thing in the same region replaces the earlier one.
"""

from __future__ import annotations

import json
import math
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LINKS = Path(__file__).with_name("source_links.toml")  # addresses of sources, by key
HEAD = """\
# The price book: what cloud providers charge for exposing Services. List prices, no discount, no tax.
#
# Nobody read a price live: every row is from a copy with its own date (as_of). To correct one, edit its row; no code
# names a number. One row says: `price` in `currency` for each `unit`, for the part of the month's quantity that lies
# in `tier`, in `region`. `source` is an entry of [sources], with its `url` where one can read it. A component without
# rows ([]) is one that a provider charges for and no source shows: a bill says that this price is missing. Your own
# file of this form, or a part of it, is given as prices=.
#
# Internet egress, NAT, gateways and ibm stand here for your own sums: no bill of the model counts them.
"""

# The region a bill takes where none is given, and the regions that exist.
PLACES: dict[str, tuple[str, list[str]]] = {
    "aws": (
        "us-east-1",
        "us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1 eu-west-1 eu-west-2 "
        "eu-west-3 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 af-south-1 me-south-1 me-central-1 "
        "il-central-1 ap-south-1 ap-south-2 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 "
        "ap-southeast-2 ap-southeast-3 ap-southeast-4".split(),
    ),
    "gcp": (
        "us-central1",
        "us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4 northamerica-northeast1 "
        "northamerica-northeast2 southamerica-east1 southamerica-west1 europe-west1 europe-west2 europe-west3 "
        "europe-west4 europe-west6 europe-west8 europe-west9 europe-west12 europe-north1 europe-central2 "
        "europe-southwest1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 "
        "asia-south2 asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 me-west1 me-central1 "
        "africa-south1".split(),
    ),
    "azure": (
        "eastus",
        "eastus eastus2 centralus northcentralus southcentralus westcentralus westus westus2 westus3 canadacentral "
        "canadaeast mexicocentral brazilsouth northeurope westeurope uksouth ukwest francecentral germanywestcentral "
        "switzerlandnorth norwayeast swedencentral polandcentral italynorth spaincentral southafricanorth uaenorth "
        "qatarcentral israelcentral centralindia southindia eastasia southeastasia japaneast japanwest koreacentral "
        "australiaeast australiasoutheast newzealandnorth".split(),
    ),
    "digitalocean": ("all", ["all"]),
    "hetzner": ("EU, ex VAT", ["EU, ex VAT"]),
    "linode_akamai": ("core regions", ["core regions", "id-cgk", "br-gru"]),
    "ovh": ("EU", ["EU"]),
    "oci": ("all", ["all"]),
    "ibm": ("Dallas", ["Dallas"]),
    "onprem": ("on-prem", ["on-prem"]),
    "generic": ("all", ["all"]),
}
EVERY_REGION = ["all", "all commercial regions", "Global meter", "eastus and most", "same region"]
UNPRICED = {
    "digitalocean": {"load_balancer": ["regional_network_lb_month"]},  # where only the first file is read
    "generic": {"load_balancer": ["lb_month"]},  # a cloud that nobody runs
}
LIMITS = {  # what a fact calls a dimension, and what the model calls it
    "new_connections_per_s": "new_connections_per_s",
    "new_flows_per_s": "new_connections_per_s",
    "active_connections_per_min": "active_connections",
    "active_flows": "active_connections",
    "processed_gb_per_h": "gb_per_hour",
    "rule_evaluations_per_s": "rule_evaluations_per_s",
}


def tables(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The price book as plain objects, as they stand in the file."""
    book: dict[str, Any] = {
        "book": {
            "as_of": facts["meta"]["generated"],
            "hours_per_month": facts["meta"]["hours_per_month"],
            "every_region": EVERY_REGION,
        },
        "providers": {},
        "prices": {},
        "quotas": {},
        "capacity_units": {},
        "sources": {key: dict(source) for key, source in facts["sources"].items()},
    }
    for provider, entry in {**facts["providers"], "generic": {"currency": "USD", "products": {}}}.items():
        region, regions = PLACES[provider]
        book["providers"][provider] = {"currency": entry["currency"], "default_region": region, "regions": regions}
        products: dict[str, dict[str, list[Any]]] = {}
        for product, listed in entry["products"].items():
            for component in listed["components"]:
                rows = products.setdefault(product, {}).setdefault(component["name"], [])
                rows.append(row(component))
        for product, names in UNPRICED.get(provider, {}).items():
            products.setdefault(product, {}).update({name: [] for name in names})
        book["prices"][provider] = products
        book["quotas"][provider] = quotas(entry.get("quotas", ()), facts["sources"])
        units = dict(entry.get("capacity_units", ()))
        for name in ("LCU", "NLCU_TCP", "NLCU_UDP", "NLCU_TLS"):
            if name in units:
                limits = {LIMITS[key]: value for key, value in units[name].items() if key in LIMITS}
                book["capacity_units"][name] = {**limits, "source": units["source_id"], "as_of": units["as_of"]}
    return book


# Where the price of an item of the later files stands. Items of no product here are billed by nobody in the model:
# gateway load balancers, spare addresses, providers without a driver.
ITEMS = {
    "aws": {
        "alb_hour": "alb", "alb_lcu_hour": "alb", "nlb_hour": "nlb", "nlb_nlcu_hour": "nlb", "clb_hour": "classic_lb",
        "clb_data_gb": "classic_lb", "public_ipv4_hour": "public_ipv4",
    },
    "gcp": dict.fromkeys(("first_5_rules_bundle", "additional_rule", "data_processed_in"), "forwarding_rules"),
    "azure": {
        "first_5_rules_bundle": "standard_lb", "additional_rule": "standard_lb", "data_processed": "standard_lb",
        "standard_static_ipv4": "public_ip",
    },
    "digitalocean": {"regional_lb_node_month": "load_balancer", "regional_network_lb_month": "load_balancer"},
    "hetzner": {"lb11_month": "lb11"},
    "linode_akamai": {"nodebalancer_hour": "nodebalancer", "nodebalancer_month_cap": "nodebalancer"},
    "ovh": {"flavor_S_month": "octavia_lb"},
}  # fmt: skip
DOUBTFUL = ("outdated", "fixture, maybe invented", "disagrees", "Dev/Test meter")
FREE = {"k3s": "servicelb", "docker_desktop": "load_balancer"}  # software, for which nobody charges
REGIONS = {"asia-northeast (1)": "asia-northeast1", "asia-southeast (1)": "asia-southeast1"}


def join(book: dict[str, Any], listed: Iterable[Mapping[str, Any]]) -> None:
    """Add the list prices of a later file to the book: those that are net, in date, and not contradicted."""
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for fact in listed:
        if fact["provider"] in FREE:
            free(book, fact)
        if not doubtful(fact) and fact["item"] in ITEMS.get(fact["provider"], ()):
            region = REGIONS.get(fact["region"], fact["region"])
            found.setdefault((fact["provider"], fact["item"], region), []).append(fact)
    for (provider, item, region), facts in found.items():
        known = region in PLACES[provider][1]
        if known and len({fact["price"] for fact in facts}) == 1:
            put(book, provider, item, region, max(facts, key=trust))


def doubtful(fact: Mapping[str, Any]) -> bool:
    """Return True if a price is outdated, gross, or of somebody who may have made it up."""
    return any(word in fact["sure"] for word in DOUBTFUL) or "gross" in fact["region"]


def trust(fact: Mapping[str, Any]) -> tuple[bool, str]:
    """Return what orders sources of one price: those that were read whole, then the newest."""
    dates = re.findall(r"20\d\d(?:-\d\d)*", fact["date"])
    return fact["sure"] == "read myself", max(dates, default="")


def free(book: dict[str, Any], fact: Mapping[str, Any]) -> None:
    """Enter software that builds load balancers and is paid to nobody."""
    name, item = fact["provider"], FREE[fact["provider"]]
    book["providers"][name] = {"currency": fact["currency"], "default_region": "on-prem", "regions": ["on-prem"]}
    book["prices"][name] = {"load_balancer": {item: [entry(book, fact, "on-prem", fact["unit"], [0, math.inf])]}}


def put(book: dict[str, Any], provider: str, item: str, region: str, fact: Mapping[str, Any]) -> None:
    """Enter one price, unless the book says the same of this region already; another price of it goes."""
    rows = book["prices"][provider][ITEMS[provider][item]].setdefault(item, [])
    here = [row for row in rows if region in row["region"].split(" / ")]
    said = here or [row for row in rows if row["region"] in EVERY_REGION]
    if any(row["price"] == fact["price"] for row in said):
        return
    like = rows[0] if rows else {"unit": fact["unit"], "tier": [0, math.inf]}
    if like["unit"] != fact["unit"]:
        raise ValueError(f"{provider} {item}: one price is for a {like['unit']}, another for a {fact['unit']}")
    rows[:] = [row for row in rows if row not in here]
    rows.append(entry(book, fact, region, like["unit"], like["tier"]))


def entry(book: dict[str, Any], fact: Mapping[str, Any], region: str, unit: str, tier: list[float]) -> dict[str, Any]:
    """Build a row, and note its source."""
    key, title, where = source(fact["source"])
    as_of = fact["date"].partition(" (")[0] if fact["date"] != "-" else book["book"]["as_of"]
    book["sources"].setdefault(key, {"title": title, "where": where, "as_of": as_of})
    agree = fact["cross_check"].partition(";")[0]
    notes = [fact["note"], agree if agree != "one source" else ""]
    return {
        "price": fact["price"], "currency": fact["currency"], "unit": unit, "region": region, "tier": tier,
        "source": key, "as_of": as_of, "confidence": confidence(fact),
        **({"note": note} if (note := "; ".join(filter(None, notes))) else {}),
    }  # fmt: skip


def confidence(fact: Mapping[str, Any]) -> str:
    """Return how sure a price is: high where it was read whole or several agree on it, low where its source is old."""
    if "old" in fact["sure"] or "not independent" in fact["sure"] or "undated" in fact["date"]:
        return "low"
    return "high" if fact["sure"] in ("read myself", "by nature") or "agree" in fact["cross_check"] else "medium"


def source(text: str) -> tuple[str, str, str]:
    """Return key, title and place of a source; the title is what a reader may look for."""
    repo = re.match(r"github (\S+?)/(\S+?): (\S+)", text)
    inner = re.search(r"\(([^)]*)\)?", text)
    if repo:
        title = f"{repo[1]}/{repo[2]}, {repo[3].rstrip(',')}"
        if inner and inner[1].startswith("meta.source"):
            title += f" ({inner[1].partition(': ')[2]})"
    else:
        title = inner[1].strip("' ") if inner and text.startswith("stored-index") else text
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_"), title, text


def row(component: Mapping[str, Any]) -> dict[str, Any]:
    """One price; what a unit says in brackets is a note."""
    unit, _, remark = component["unit"].partition(" (")
    unit = unit.removesuffix(" processed")
    notes = [remark.rstrip(")"), component.get("multiplies", ""), component.get("note", "")]
    tier = component["tier"]
    return {
        "price": component["price"],
        "currency": component["currency"],
        "unit": unit,
        "region": component["region"],
        "tier": [tier["lower"], math.inf if tier["upper"] is None else tier["upper"]],
        "source": component["source_id"],
        "as_of": component["as_of"],
        "confidence": component["confidence"],
        **({"note": note} if (note := "; ".join(filter(None, notes))) else {}),
    }


def quotas(listed: Any, sources: Mapping[str, Any]) -> dict[str, Any]:
    """The limits that are numbers, each with its source; what was merely seen somewhere is no limit."""
    kept: dict[str, Any] = {}
    for quota in listed:
        values = quota["value"] if isinstance(quota["value"], dict) else {"": quota["value"]}
        for plan, value in values.items():
            if not isinstance(value, int) or "seen" in quota["name"]:
                continue
            source = quota.get("source_id", "")
            kept[quota["name"] + (f"_{plan.lower()}" if plan else "")] = {
                "value": value,
                **({"adjustable": quota["adjustable"]} if "adjustable" in quota else {}),
                "source": source or quota.get("source", "not recorded"),
                "as_of": sources[source]["as_of"] if source else "not recorded",
                "confidence": quota["confidence"],
                **({"note": quota["note"]} if "note" in quota else {}),
            }
    return kept


def literal(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return f"{{ {', '.join(f'{key} = {literal(item)}' for key, item in value.items())} }}"


def write(book: Mapping[str, Any]) -> str:
    """The text of the file."""
    lines = [HEAD, "[book]", *(f"{key} = {literal(value)}" for key, value in book["book"].items())]
    for provider, entry in book["providers"].items():
        lines += ["", f"[providers.{provider}]"]
        lines += [f"{key} = {literal(entry[key])}" for key in ("currency", "default_region")]
        names = [f"{literal(name)}," for name in entry["regions"]]
        lines += ["regions = [", *(f"  {' '.join(names[k : k + 6])}" for k in range(0, len(names), 6)), "]"]
    for provider, products in book["prices"].items():
        for product, components in products.items():
            lines += ["", f"[prices.{provider}.{product}]"]
            for component, rows in components.items():
                listed = "".join(f"\n  {literal(entry)}," for entry in rows)
                lines.append(f"{component} = [{listed}{chr(10) if rows else ''}]")
    for provider, limits in book["quotas"].items():
        if limits:
            lines += ["", f"[quotas.{provider}]", *(f"{key} = {literal(value)}" for key, value in limits.items())]
    lines += ["", "# A load balancer uses as many units as the dimension of which it uses most."]
    lines += ["[capacity_units]", *(f"{key} = {literal(value)}" for key, value in book["capacity_units"].items())]
    links = tomllib.loads(LINKS.read_text(encoding="utf-8"))
    for key, source in book["sources"].items():
        told = {**source, "url": links[key]} if key in links else source
        lines += ["", f"[sources.{key}]", *(f"{name} = {literal(value)}" for name, value in told.items())]
    return "\n".join(lines) + "\n"


def main(paths: Iterable[str]) -> None:
    """Print the price book that files of facts make."""
    first, *later = (json.loads(Path(path).read_text(encoding="utf-8")) for path in paths)
    book = tables(first)
    for facts in later:
        book["book"]["as_of"] = max(re.findall(r"\d{4}-\d{2}-\d{2}", facts["about"]))
        join(book, facts["rows"])
    print(write(book), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
