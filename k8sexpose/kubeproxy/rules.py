"""Packet rules as values: what kube-proxy writes, before it is put into the words of iptables or of nft.

A rule has conditions, which must all hold, and actions. Both languages use the same kinds; `iptables` and `nftables`
build them, `iptables_text` and `nft_text` print them, `rule_trace` asks them about a packet.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Action", "Condition", "Element", "Rule", "RuleSet", "digest", "mark_of"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a rule asks about a packet.

    Parameters
    ----------
    kind : str
        ``source``, ``destination`` (a CIDR or an address), ``interface``, ``protocol``, ``port``, ``source type``,
        ``destination type`` (LOCAL), ``mark``, ``state``, ``probability`` (one of so many), ``remembered`` (session
        affinity) and those that always hold: ``comment``, ``counter``, ``remember``.
    value : str
        What is wanted.
    negated : bool
        Whether the opposite is wanted.
    names_set : bool
        Whether the value is the name of a set (nftables).
    values : tuple of str
        Several values, of which one must fit (nftables).

    Examples
    --------
    >>> Condition("source", "10.244.0.0/16", negated=True).negated
    True
    """

    kind: str
    value: str = ""
    negated: bool = False
    names_set: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule does with a packet that fits.

    Parameters
    ----------
    kind : str
        ``jump`` (and come back), ``goto`` (and do not), ``dnat``, ``mark``, ``unmark``, ``masquerade``, ``remember``,
        ``look up`` (in a map), ``choose`` (one of several endpoints), and the ends ``ACCEPT``, ``DROP``, ``REJECT``,
        ``RETURN``.
    value : str
        The chain, the ``ip:port``, the map or the set.
    values : tuple of str
        The endpoints or chains to choose from, each as likely as the others.

    Examples
    --------
    >>> Action("dnat", "10.244.1.2:8080").value
    '10.244.1.2:8080'
    """

    kind: str
    value: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one chain.

    Parameters
    ----------
    table, chain : str
        Where it stands; nftables has one table, whose name is left out.
    conditions : tuple of Condition
        In the order in which kube-proxy writes them.
    actions : tuple of Action
        iptables knows one at most.
    owner : str
        ``namespace/name`` of the Service that it serves; empty for the frame.
    comment : str
        The comment behind a rule of nftables; in iptables a comment is a condition.

    Examples
    --------
    >>> Rule("nat", "KUBE-MARK-MASQ", (), (Action("mark", "0x00004000"),)).chain
    'KUBE-MARK-MASQ'
    """

    table: str
    chain: str
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()
    owner: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a set or a map of nftables.

    Parameters
    ----------
    key : tuple of str
        What is looked up: an address, or address, protocol and port.
    action : Action, optional
        What a map says about it.
    comment : str
        The comment behind it.
    owner : str
        ``namespace/name`` of the Service.

    Examples
    --------
    >>> Element(("10.96.0.10",)).key
    ('10.96.0.10',)
    """

    key: tuple[str, ...]
    action: Action | None = None
    comment: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one node.

    Parameters
    ----------
    mode : str
        ``iptables`` or ``nftables``.
    chains : tuple of (table, chain)
        Every chain, in the order in which they are made.
    written : tuple of Rule
        Every rule, in the order in which they are written.
    elements : mapping of str to tuple of Element
        The sets and maps of nftables, in the order in which they are made.
    owners : mapping of str to str
        ``namespace/name`` of the Service to which a chain or a set belongs.

    Examples
    --------
    >>> RuleSet("iptables").grouped()
    {}
    """

    mode: str
    chains: tuple[tuple[str, str], ...] = ()
    written: tuple[Rule, ...] = ()
    elements: Mapping[str, tuple[Element, ...]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    def grouped(self) -> dict[tuple[str, str], list[Rule]]:
        """Return the rules of each chain, by table and chain."""
        found: dict[tuple[str, str], list[Rule]] = {key: [] for key in self.chains}
        for rule in self.written:
            found[rule.table, rule.chain].append(rule)
        return found

    def only(self, owner: str) -> RuleSet:
        """Return what belongs to one Service: its chains and sets, and its rules and elements elsewhere."""
        written = tuple(rule for rule in self.written if rule.owner == owner)
        busy = {(rule.table, rule.chain) for rule in written}
        elements = {}
        for name, listed in self.elements.items():
            found = tuple(element for element in listed if element.owner == owner)
            if found or self.owners.get(name) == owner:
                elements[name] = found
        chains = tuple(key for key in self.chains if key in busy or self.owners.get(key[1]) == owner)
        return RuleSet(self.mode, chains, written, elements, self.owners)


@lru_cache(maxsize=1 << 16)
def digest(text: str, letters: int) -> str:
    """Return the first letters of the SHA-256 of a text, in base 32: what kube-proxy puts into names."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:letters]


def mark_of(bit: int) -> str:
    """Return the mark of packets to masquerade, as kube-proxy writes it."""
    return f"0x{1 << bit:08x}"
