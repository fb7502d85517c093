"""``ssh`` to a node, for the two commands that show kube-proxy's rules there; nothing is connected to.

Sources: the words of OpenSSH 9, of nft 1.0.6 and of iptables-save 1.8.9.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ..cluster.state import ClusterState
from ..kubeproxy.listing import proxy_rules
from .result import Completed

__all__ = ["ssh"]

TABLES = ("mangle", "filter", "nat")
NFT = (["nft", "list", "table", "ip", "kube-proxy"], ["nft", "list", "ruleset"])
KNOWN = "iptables-save [-t TABLE] and nft list table ip kube-proxy, each also with  | grep [-i] [-v] TEXT"
SSH_FAILED = 255


class _Refused(Exception):
    """The command is none of those that are modelled."""


def ssh(cluster: ClusterState, command: str | Sequence[str]) -> Completed:
    """Run a command on a node that shows kube-proxy's rules.

    Parameters
    ----------
    cluster : Cluster
        The cluster; it stays as it is.
    command : str or sequence of str
        The words behind ``ssh``: a node (``user@`` before it and ``sudo`` behind it change nothing), then
        ``iptables-save``, ``iptables-save -t nat`` or ``nft list table ip kube-proxy``, and perhaps
        ``| grep TEXT`` (a plain text, no pattern).

    Returns
    -------
    Completed
        Exit code and output. What the model adds to the real words begins with ``k8sexpose:``; nothing is raised.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> print(ssh(Cluster(nodes=1), "node-1 iptables-save -t nat | grep MASQUERADE").stdout, end="")
    -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
    >>> ssh(Cluster(nodes=1), "node-1 uptime").stderr.partition(";")[0]
    'k8sexpose does not model this command'
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
        if not words:
            raise _Refused
        name, words = words[0].rpartition("@")[2], [word for word in words[1:] if word != "sudo"]
        unreachable = _unreachable(cluster, name)
        if unreachable is not None:
            return unreachable
        words, filters = _pipeline(words)
        done = _list(cluster, name, words)
        for options in filters:
            done = Completed(done.rc, _grep(done.stdout, options), done.stderr)
        return done
    except ValueError as error:  # an unclosed quote
        return Completed(2, "", f"ssh: {error}\n")
    except _Refused:
        return Completed(2, "", f"k8sexpose does not model this command; on a node there are {KNOWN}\n")


def _unreachable(cluster: ClusterState, name: str) -> Completed | None:
    """Return what ssh says of a node that does not answer; None for one that does."""
    if name not in cluster.store.nodes:
        there = ", ".join(list(cluster.store.nodes)[:5]) or "none"
        text = f"ssh: Could not resolve hostname {name}: Name or service not known\nk8sexpose: the nodes are {there}\n"
        return Completed(SSH_FAILED, "", text)
    if cluster.is_down(name):
        return Completed(SSH_FAILED, "", f"ssh: connect to host {name} port 22: Connection timed out\n")
    return None


def _pipeline(words: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Split the words at each ``|``; every part behind the first must be a grep."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    for part in parts[1:]:
        if len(part) < 2 or part[0] != "grep" or not set(part[1:-1]) <= {"-i", "-v", "-F", "-e"}:
            raise _Refused
    return parts[0], parts[1:]


def _list(cluster: ClusterState, node: str, words: list[str]) -> Completed:
    """Return what one of the two programs prints."""
    nftables = cluster.proxy.mode == "nftables"
    if words in NFT:
        if nftables:
            return Completed(0, proxy_rules(cluster, node=node).text, "")
        told = "Error: No such file or directory\nlist table ip kube-proxy\n              ^^^^^^^^^^\n"
        hint = f"k8sexpose: kube-proxy on {node} is in iptables mode: try iptables-save\n"
        return Completed(1, "", hint if words[-1] == "ruleset" else told + hint)
    if words[:1] != ["iptables-save"]:
        raise _Refused
    table = _table(words[1:])
    if nftables:
        hint = f"k8sexpose: kube-proxy on {node} is in nftables mode: try nft list table ip kube-proxy\n"
        return Completed(0, "", hint)
    text = proxy_rules(cluster, node=node).text
    return Completed(0, _of_table(text, table) if table else text, "")


def _table(options: list[str]) -> str | None:
    """Read ``-t TABLE``; None for all tables."""
    if not options:
        return None
    if len(options) != 2 or options[0] not in ("-t", "--table") or options[1] not in TABLES:
        raise _Refused
    return options[1]


def _of_table(text: str, table: str) -> str:
    """Return the lines of one table."""
    _, _, rest = text.partition(f"*{table}\n")
    return f"*{table}\n{rest.partition('COMMIT')[0]}COMMIT\n"


def _grep(text: str, words: list[str]) -> str:
    """Keep the lines that hold a text; with -v the others."""
    ignores_case, inverted = "-i" in words[1:-1], "-v" in words[1:-1]
    wanted = words[-1].lower() if ignores_case else words[-1]
    kept = []
    for line in text.splitlines(keepends=True):
        found = wanted in (line.lower() if ignores_case else line)
        if found is not inverted:
            kept.append(line)
    return "".join(kept)
