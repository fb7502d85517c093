"""The rules of iptables mode in words: what ``iptables-restore`` is given, and what ``iptables-save`` prints.

The words of ``iptables-save`` are those of iptables 1.8.9 (nf_tables).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from ipaddress import ip_network

from .iptables import BUILT_IN, CANARY, FILTER, FIREWALL, NAT
from .rules import Action, Condition, Rule, RuleSet

__all__ = ["iptables_restore", "iptables_save", "saved"]


def iptables_restore(rules: RuleSet) -> str:
    """Return what kube-proxy hands to ``iptables-restore --noflush`` in the first sync after its start."""
    lines = []
    for table in (FILTER, NAT):
        lines.append(f"*{table}")
        busy = {rule.chain for rule in rules.written if rule.table == table}
        for where, chain in rules.chains:
            prepared = chain in BUILT_IN[table] or chain == CANARY or (chain == FIREWALL and chain not in busy)
            if where == table and not prepared:
                lines.append(f":{chain} - [0:0]")
        for rule in rules.written:
            if rule.table == table and rule.chain not in BUILT_IN[table]:
                lines.append(" ".join(_restored(rule)))
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def _restored(rule: Rule) -> Iterator[str]:
    """Yield the words of a rule as kube-proxy writes them."""
    yield f"-A {rule.chain}"
    for condition in rule.conditions:
        yield restored(condition)
    for action in rule.actions:
        yield f"-j {_restored_action(action)}"


def restored(condition: Condition) -> str:
    """Return a condition as kube-proxy writes it."""
    value, negation = condition.value, "! " if condition.negated else ""
    match condition.kind:
        case "comment":
            return f'-m comment --comment "{value}"' if " " in value else f"-m comment --comment {value}"
        case "protocol":
            return f"-m {value} -p {value}"
        case "port":
            return f"--dport {value}"
        case "source" | "destination" | "interface":
            return f"{negation}-{condition.kind[0]} {value}"
        case "mark":
            return f"-m mark {negation}--mark {value}/{value}"
        case "probability":
            return f"-m statistic --mode random --probability {1 / int(value):.10f}"
        case "remembered":
            return f"-m recent --name {value} --rcheck --seconds {condition.values[0]} --reap"
        case "remember":
            return f"-m recent --name {value} --set"
        case "counter":
            return f"-m nfacct --nfacct-name {value}"
    return _same_in_both(condition)


def _same_in_both(condition: Condition) -> str:
    """Return a condition that kube-proxy and iptables-save write alike."""
    negation = "! " if condition.negated else ""
    match condition.kind:
        case "state":
            return f"-m conntrack {negation}--ctstate {condition.value}"
        case "source type":
            return f"-m addrtype --src-type {condition.value}"
        case "destination type":
            return f"-m addrtype --dst-type {condition.value}"
    raise ValueError(f"iptables has no condition {condition.kind!r}")


def _restored_action(action: Action) -> str:
    match action.kind:
        case "jump":
            return action.value
        case "dnat":
            return f"DNAT --to-destination {action.value}"
        case "mark":
            return f"MARK --or-mark {action.value}"
        case "unmark":
            return f"MARK --xor-mark {action.value}"
        case "masquerade":
            return "MASQUERADE --random-fully"
    return action.kind


# -- the words of iptables-save ----------------------------------------------------------------------------------------


def iptables_save(rules: RuleSet) -> str:
    """Return what ``iptables-save`` prints once the kernel has the rules, without the lines that carry a date."""
    grouped = rules.grouped()
    lines = []
    for table, built_in in BUILT_IN.items():
        names = {name for where, name in rules.chains if where == table}
        if not names:
            continue
        ordered = [*(name for name in built_in if name in names), *sorted(names.difference(built_in))]
        lines.append(f"*{table}")
        for name in ordered:
            lines.append(f":{name} {'ACCEPT' if name in built_in else '-'} [0:0]")
        for name in ordered:
            lines += [saved(rule) for rule in grouped[table, name]]
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


HEADS = ("source", "destination", "interface", "protocol")  # what iptables-save prints first, in this order


def saved(rule: Rule) -> str:
    """Return a rule as iptables-save prints it."""
    words = [f"-A {rule.chain}"]
    for kind in HEADS:
        words += [_head(condition) for condition in rule.conditions if condition.kind == kind]
    port = next((condition.value for condition in rule.conditions if condition.kind == "port"), None)
    for condition in rule.conditions:
        if condition.kind == "protocol":
            words.append(f"-m {condition.value}" + (f" --dport {port}" if port else ""))
        elif condition.kind not in (*HEADS, "port"):
            words.append(_match(condition))
    words += [f"-j {_saved_action(action)}" for action in rule.actions]
    return " ".join(words)


def _head(condition: Condition) -> str:
    """Return the address, interface or protocol that a rule asks for; every address has its mask."""
    value, negation = condition.value, "! " if condition.negated else ""
    if condition.kind in ("source", "destination"):
        value = str(ip_network(value, strict=False))
    return f"{negation}-{condition.kind[0]} {value}"


def _match(condition: Condition) -> str:
    value, negation = condition.value, "! " if condition.negated else ""
    match condition.kind:
        case "comment":
            return f'-m comment --comment "{value}"'
        case "mark":
            return f"-m mark {negation}--mark {int(value, 16):#x}/{int(value, 16):#x}"
        case "probability":
            return f"-m statistic --mode random --probability {kernel_probability(int(value)):.11f}"
        case "remembered":
            return f"-m recent --rcheck --seconds {condition.values[0]} --reap --name {value} {RSOURCE}"
        case "remember":
            return f"-m recent --set --name {value} {RSOURCE}"
        case "counter":
            return f"-m nfacct --nfacct-name  {value}"
    return _same_in_both(condition)


RSOURCE = "--mask 255.255.255.255 --rsource"


def kernel_probability(endpoints: int) -> float:
    """Return the probability that the kernel keeps of 1/endpoints as kube-proxy writes it: a multiple of 2⁻³¹."""
    written = float(f"{1 / endpoints:.10f}")
    return math.floor(written * 2**31 + 0.5) / 2**31


def _saved_action(action: Action) -> str:
    match action.kind:
        case "mark":
            return f"MARK --set-xmark {int(action.value, 16):#x}/{int(action.value, 16):#x}"
        case "unmark":
            return f"MARK --set-xmark {int(action.value, 16):#x}/0x0"
        case "REJECT":
            return "REJECT --reject-with icmp-port-unreachable"
    return _restored_action(action)
