"""The rules of nftables mode in words: what ``nft -f -`` is given, and what ``nft list table`` prints.

The words of ``nft list table`` are those of nft 1.0.6; other versions print others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, summarize_address_range

from .nftables import ADDRESS, BASE_CHAINS, CHAIN_COMMENTS, MAPS, SETS, TABLE, TABLE_COMMENT
from .rules import Action, Condition, Element, Rule, RuleSet, mark_of

__all__ = ["nft_list_table", "nft_transaction", "worded"]


def nft_transaction(rules: RuleSet) -> str:
    """Return what kube-proxy hands to ``nft -f -``, sorted as its own fake of nft prints it."""
    lines = [f'add table {TABLE} {{ comment "{TABLE_COMMENT}" ; }}']
    chains = sorted(name for _, name in rules.chains)
    lines += [f"add chain {TABLE} {name}{_chain_head(name)}" for name in chains]
    sets = sorted(name for name in rules.elements if name not in MAPS)
    timeouts = _timeouts(rules)
    lines += [f"add set {TABLE} {name} {{ {_set_head(name, timeouts)} ; }}" for name in sets]
    maps = sorted(name for name in rules.elements if name in MAPS)
    for name in maps:
        lines.append(f'add map {TABLE} {name} {{ type {MAPS[name][0]} : verdict ; comment "{MAPS[name][1]}" ; }}')
    grouped = rules.grouped()
    for name in chains:
        for rule in grouped["", name]:
            lines.append(f"add rule {TABLE} {name} {worded(rule, listed=False)}")
    for name in (*sets, *maps):
        lines += [f"add element {TABLE} {name} {{ {_element(element)} }}" for element in rules.elements[name]]
    return "\n".join(lines) + "\n"


def _chain_head(name: str) -> str:
    hook = BASE_CHAINS.get(name)
    if hook:
        return f" {{ type {hook.kind} hook {hook.hook} priority {hook.priority} ; }}"
    return f' {{ comment "{CHAIN_COMMENTS[name]}" ; }}' if name in CHAIN_COMMENTS else ""


def _set_head(name: str, timeouts: Mapping[str, str]) -> str:
    if name in SETS:
        return f'type {SETS[name][0]} ; comment "{SETS[name][1]}"'
    return f"type {ADDRESS} ; flags dynamic,timeout ; timeout {timeouts[name]}s"


def _timeouts(rules: RuleSet) -> dict[str, str]:
    """Return how long each affinity set remembers a client, in seconds."""
    actions = (action for rule in rules.written for action in rule.actions)
    return {action.value: action.values[0] for action in actions if action.kind == "remember"}


# -- the words of a rule: `listed` where nft prints them, else as kube-proxy writes them -------------------------------


def worded(rule: Rule, *, listed: bool) -> str:
    """Return a rule in words."""
    words = [*(_condition(condition, listed) for condition in rule.conditions)]
    words += [_action(action, listed) for action in rule.actions]
    return " ".join(words) + (f' comment "{rule.comment}"' if rule.comment else "")


def _condition(condition: Condition, listed: bool) -> str:
    value, negation = condition.value, "!= " if condition.negated else ""
    if condition.names_set:
        value = f"@{value}"
    elif condition.values:
        value = _merged(condition.values) if listed else _as_written(condition)
    elif listed and condition.kind in ("source", "destination"):
        value = _bare(value)
    match condition.kind:
        case "source" | "remembered":
            return f"ip saddr {negation}{value}"
        case "destination":
            return f"ip daddr {negation}{value}"
        case "source type":
            return f"fib saddr type {value}"
        case "destination type":
            return f"fib daddr type {value}"
        case "interface":
            return f'iifname {negation}"{value}"' if listed else f"iifname {negation}{value}"
        case "protocol":
            return f"meta l4proto {value}"
        case "state":
            return f"ct status {value}" if value == "dnat" else f"ct state {value}"
        case "mark":
            # nft takes a mask of the highest bits for a prefix.
            asked = "meta mark != 0x00000000/1" if value == TOP_BIT else f"meta mark & {value} != 0x00000000"
            return asked if listed else f"mark and {value} != 0"
        case "hairpin":
            return f"ip saddr . ip daddr . {PROTOCOL_AND_PORT} {value}"
    raise ValueError(f"nftables has no condition {condition.kind!r}")


TOP_BIT = mark_of(31)
PROTOCOL_AND_PORT = "meta l4proto . th dport"


def _as_written(condition: Condition) -> str:
    """Return several ranges as kube-proxy joins them: source ranges with blanks, ServiceCIDRs without."""
    return "{ " + (" , " if condition.kind == "source" else ",").join(condition.values) + " }"


def _action(action: Action, listed: bool) -> str:
    value = action.value
    match action.kind:
        case "jump" | "goto":
            return f"{action.kind} {value}"
        case "REJECT" | "DROP":
            return action.kind.lower()
        case "mark":
            return f"meta mark set meta mark | {value}" if listed else f"mark set mark or {value}"
        case "unmark":
            return f"meta mark set meta mark ^ {value}" if listed else f"mark set mark xor {value}"
        case "masquerade":
            return "masquerade fully-random"
        case "look up":
            return f"ip daddr . {PROTOCOL_AND_PORT} vmap @{value}"
        case "look up port":
            return f"{PROTOCOL_AND_PORT} vmap @{value}"
        case "remember":
            return f"update @{value} {{ ip saddr }}"
        case "dnat":
            return f"dnat to {value}"
        case "choose dnat":
            places = [place.replace(":", " . ") for place in action.values]
            return f"dnat ip {'' if listed else 'addr . port '}to {_by_chance('map', places, listed)}"
        case "choose goto":
            return _by_chance("vmap", [f"goto {chain}" for chain in action.values], listed)
    raise ValueError(f"nftables has no action {action.kind!r}")


def _by_chance(word: str, places: Sequence[str], listed: bool) -> str:
    numbered = (", " if listed else " , ").join(f"{number} : {place}" for number, place in enumerate(places))
    return f"numgen random mod {len(places)} {word} {{ {numbered} }}"


def _element(element: Element) -> str:
    """Return an element; both languages write it alike."""
    comment = f' comment "{element.comment}"' if element.comment else ""
    action = f" : {_action(element.action, True)}" if element.action else ""
    return " . ".join(element.key) + comment + action


# -- the words of nft list table ---------------------------------------------------------------------------------------


def nft_list_table(rules: RuleSet) -> str:
    """Return what ``nft list table ip kube-proxy`` prints once the kernel has the rules."""
    timeouts = _timeouts(rules)
    blocks = [_listed_set(name, elements, timeouts) for name, elements in rules.elements.items()]
    grouped = rules.grouped()
    blocks += [_listed_chain(name, grouped["", name]) for _, name in rules.chains]
    body = "\n\n".join("\n".join(block) for block in blocks)
    return f'table {TABLE} {{\n\tcomment "{TABLE_COMMENT}"\n' + (f"{body}\n" if body else "") + "}\n"


def _listed_set(name: str, elements: Iterable[Element], timeouts: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a set or a map."""
    yield f"\t{'map' if name in MAPS else 'set'} {name} {{"
    if name in MAPS or name in SETS:
        kind, comment = MAPS[name] if name in MAPS else SETS[name]
        yield f"\t\ttype {kind}{' : verdict' if name in MAPS else ''}"
        yield f'\t\tcomment "{comment}"'
    else:
        yield f"\t\ttype {ADDRESS}"
        yield "\t\tsize 65535"
        yield "\t\tflags dynamic,timeout"
        yield f"\t\ttimeout {duration(int(timeouts[name]))}"
    ordered = sorted(elements, key=lambda element: _rank(element.key))
    if ordered:
        width = PER_LINE if len(ordered[0].key) == 1 else 1
        texts = [_element(element) for element in ordered]
        rows = [", ".join(texts[start : start + width]) for start in range(0, len(texts), width)]
        yield f"\t\telements = {{ {NEXT_LINE.join(rows)} }}"
    yield "\t}"


PER_LINE = 2  # addresses on a line
NEXT_LINE = ",\n\t\t\t     "
NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132}


def _rank(key: tuple[str, ...]) -> bytes:
    """Return the place of an element: nft sorts addresses as numbers, and longer keys by their bytes from behind."""
    if len(key) == 1:
        return IPv4Address(key[0]).packed
    parts = (_packed(part) for part in key)
    return b"".join(parts)[::-1]


def _packed(part: str) -> bytes:
    if part in NUMBERS:
        return bytes([NUMBERS[part]])
    return int(part).to_bytes(2, "big") if part.isdigit() else IPv4Address(part).packed


def _listed_chain(name: str, rules: Iterable[Rule]) -> Iterator[str]:
    """Yield the lines of a chain."""
    yield f"\tchain {name} {{"
    hook = BASE_CHAINS.get(name)
    if hook:
        yield f"\t\ttype {hook.kind} hook {hook.hook} priority {hook.listed}; policy accept;"
    if name in CHAIN_COMMENTS:
        yield f'\t\tcomment "{CHAIN_COMMENTS[name]}"'
    for rule in rules:
        yield f"\t\t{worded(rule, listed=True)}"
    yield "\t}"


def _merged(ranges: Sequence[str]) -> str:
    """Return ranges as nft prints them: overlapping and neighbouring ones joined, in order; one alone is bare."""
    if len(ranges) == 1:
        return _bare(ranges[0])
    spans: list[tuple[int, int]] = []
    networks = sorted(IPv4Network(text, strict=False) for text in ranges)
    for network in networks:
        first, last = int(network[0]), int(network[-1])
        if spans and first <= spans[-1][1] + 1:
            first, last = spans[-1][0], max(last, spans.pop()[1])
        spans.append((first, last))
    return "{ " + ", ".join(_span(first, last) for first, last in spans) + " }"


def _span(first: int, last: int) -> str:
    """Return a range as an address, a prefix, or from – to."""
    start, end = IPv4Address(first), IPv4Address(last)
    whole = list(summarize_address_range(start, end))
    return f"{start}-{end}" if len(whole) > 1 else _bare(str(whole[0]))


def _bare(text: str) -> str:
    """Return a range as nft prints it: a single address without its mask."""
    return text.removesuffix("/32")


def duration(seconds: int) -> str:
    """Return a time as nft prints it."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = {"d": days, "h": hours, "m": minutes, "s": rest}
    return "".join(f"{count}{unit}" for unit, count in parts.items() if count)
