"""Compare the rules that the model writes with those of the real kube-proxy: ``python tests/conformance/rules.py FILE``.

Each row is a small cluster, the settings of kube-proxy and, sync by sync, the rules that the real program wrote. Every
sync is asked as a full one. Three things are compared regardless of what nobody promises:

* the order of service ports (a Go map), of the endpoints' chains where two lists of endpoints are joined (another Go
  map), and of the jumps of several nodePort addresses (a third one);
* in syncs after the first, the order in which chains and elements were made, which is history;
* chains that kube-proxy has emptied and will delete by a later sync, which are history, too.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import k8sexpose as kx
from tests.conformance.report import Report, main

Row = dict[str, Any]
SHOWN = 12  # lines of a difference


def run(path: Path) -> Report:
    """Compare every scenario of a file."""
    report = Report()
    for row in json.loads(path.read_text())["scenarios"]:
        differences = [line for number, step in enumerate(row["steps"]) for line in compare(row, step, number)]
        report.add(row["id"], "\n".join(differences))
    return report


def compare(row: Row, step: Row, number: int) -> list[str]:
    """Compare one sync; return the lines that differ."""
    rules = kx.proxy_rules(cluster_of(row, step), node=row["node"])
    if row["mode"] == "nftables":
        pairs = [("nft_list_table", rules.text, listed_table), ("dump", rules.transaction, dumped)]
    else:
        pairs = [("iptables_save", rules.text, saved)]
        if number == 0:  # later ones leave out what has not changed
            pairs.append(("restore_input", rules.transaction, restored))
    found = []
    for field, got, settle in pairs:
        wanted = settle(step[field], number > 0)
        lines = list(unified_diff(wanted, settle(got, number > 0), "real", "model", lineterm="", n=0))
        if lines:
            found += [f"{field} of {step['title']!r}", *lines[2 : 2 + SHOWN]]
    return found


# -- the row's objects and settings ------------------------------------------------------------------------------------


def cluster_of(row: Row, step: Row) -> kx.Cluster:
    """Build the cluster as it was at one sync."""
    items = [*map(node_object, row["nodes"]), *step["services"], *step["endpointSlices"]]
    return kx.Cluster.from_json({"items": items}, proxy=config_of(row["mode"], row["settings"]))


def node_object(node: Row) -> Row:
    labels = {"topology.kubernetes.io/zone": node["zone"]} if node["zone"] else {}
    return {
        "kind": "Node",
        "metadata": {"name": node["name"], "labels": labels},
        "spec": {"podCIDR": node["podCIDR"]},
        "status": {"addresses": [{"type": "InternalIP", "address": ip} for ip in node["addresses"]]},
    }


def config_of(mode: str, settings: Row) -> kx.ProxyConfig:
    detector = settings["detectLocalMode"] or None
    if detector == "ClusterCIDR" and not settings["clusterCIDR"]:
        detector = None
    cidrs = settings.get("serviceCIDRs")
    return kx.ProxyConfig(
        mode=mode,
        detect_local=detector,
        cluster_cidr=settings["clusterCIDR"] or None,
        masquerade_all=settings["masqueradeAll"],
        masquerade_bit=settings["masqueradeBit"],
        nodeport_addresses=tuple(settings["nodePortAddresses"]) or None,
        localhost_nodeports=settings.get("localhostNodePorts", True),
        conntrack_tcp_be_liberal=bool(settings.get("conntrackTCPBeLiberal", False)),
        nfacct=settings.get("nfacct", True),
        bridge_interface=settings.get("bridgeInterface") or "",
        interface_name_prefix=settings.get("interfaceNamePrefix") or "",
        service_cidrs=None if cidrs is None else tuple(cidrs),
    )


# -- texts, with what nobody promises brought into one order -----------------------------------------------------------

LAST_RULES = "kubernetes service nodeports; NOTE"
SHARED = ("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES", "KUBE-PROXY-FIREWALL")
PORT_OF_CHAIN = re.compile(r"(?:service|local|external|firewall|endpoint|affinity)-[A-Z2-7]{8}-(\S+?/\w+/[^/_\s]*)")


def saved(text: str, later: bool) -> list[str]:
    """Sort the rules of the shared chains of iptables-save by service port; those of one port keep their order."""
    return runs_sorted(text.splitlines(), shared_chain, by_service_port)


def shared_chain(line: str) -> str:
    """Return the shared chain that a rule stands in; empty for every other line."""
    words = line.split()
    return words[1] if len(words) > 1 and words[0] == "-A" and words[1] in SHARED else ""


def by_service_port(line: str) -> tuple[bool, str, str]:
    """Return where a rule of a shared chain belongs; the jumps to KUBE-NODEPORTS come last."""
    if LAST_RULES in line:
        return True, line, ""
    name = re.search(r'--comment "?([^" ]+)', line)
    protocol = re.search(r" -p (\w+)", line)
    return False, name[1] if name else "", protocol[1] if protocol else ""


def runs_sorted(lines: Iterable[str], group: Callable[[str], str], key: Callable[[str], tuple[Any, ...]]) -> list[str]:
    """Sort each run of neighbouring lines of one group."""
    done: list[str] = []
    run: list[str] = []
    current = ""
    for line in [*lines, ""]:
        if group(line) != current:
            done += sorted(run, key=key) if current else run
            run, current = [], group(line)
        run.append(line)
    return done + run[:-1]


def restored(text: str, later: bool) -> list[str]:
    """Sort the lines of each table of a restore by chain; those of one chain keep their order as in `saved`."""
    tables: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("*"):
            tables.append([])
        tables[-1].append(line)
    done: list[str] = []
    for table in tables:
        chains = sorted(line for line in table if line.startswith(":"))
        rules = sorted((line for line in table if line.startswith("-A")), key=lambda line: line.split()[1])
        done += [table[0], *chains, *runs_sorted(rules, shared_chain, by_service_port), table[-1]]
    return [*done, repr(text[-8:])]


def dumped(text: str, later: bool) -> list[str]:
    """Sort the elements of a dump by service port; leave out chains that are empty since an earlier sync."""
    lines = text.splitlines()
    if later:
        busy = {line.split()[4] for line in lines if line.startswith("add rule")}
        lines = [line for line in lines if not emptied(line, busy)]
    return runs_sorted(lines, element_of, (lambda line: (line,)) if later else element_port)


def emptied(line: str, busy: set[str]) -> bool:
    """Return True for the chain of a Service port without any rule."""
    words = line.split()
    return words[:2] == ["add", "chain"] and "/" in words[4] and words[4] not in busy


def element_of(line: str) -> str:
    words = line.split()
    return words[4] if words[:2] == ["add", "element"] else ""


def element_port(line: str) -> tuple[str, ...]:
    """Return the service port of a map's element, and the element itself where a set holds it."""
    named = re.search(r'comment "([^"]+)"', line)
    chain = PORT_OF_CHAIN.search(line)
    if named is None and chain is None:
        return "", line
    protocol = re.search(r"(tcp|udp|sctp) \. ", line)
    return named[1] if named else chain[1] if chain else "", protocol[1] if protocol else ""


def listed_table(text: str, later: bool) -> list[str]:
    """Sort the chains and affinity sets of ``nft list table`` by service port; leave out the emptied ones."""
    head, _, rest = text.partition("\n\tset ")
    blocks = ("\tset " + rest.removesuffix("}\n")).rstrip("\n").split("\n\n")
    blocks = [block for block in blocks if not (later and block.startswith("\tchain") and block.count("\n") == 1)]
    frame = [block for block in blocks if "/" not in block.splitlines()[0]]
    owned = [block for block in blocks if "/" in block.splitlines()[0]]
    for kinds in (("endpoint-", "affinity-"), ("service-", "local-", "external-", "firewall-")):
        mine = [block for block in owned if block.split()[1].startswith(kinds)]
        exact = later or kinds[0] == "endpoint-"
        mine.sort(key=lambda block: block if exact else port_of_block(block))
        frame += mine
    return "\n".join([head, *frame, repr(text[-6:])]).splitlines()


def port_of_block(block: str) -> str:
    found = PORT_OF_CHAIN.search(block)
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv, run))
