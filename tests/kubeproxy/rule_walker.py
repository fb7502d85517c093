"""A small interpreter of packet rules, which reads only their text: ``iptables-save``, and the transaction of nft.

It knows nothing of the model. It takes the first packet of a connection through the chains, every random choice both
ways, and says what becomes of it: the action, each endpoint with its probability, and whether the source is replaced.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from ipaddress import ip_address, ip_network

LOCALNET = "127.0.0.0/8"
ENDS = ("ACCEPT", "DROP", "REJECT", "RETURN")


@dataclass(frozen=True)
class Packet:
    """A packet on its way through one node."""

    src: str
    dst: str
    port: int
    protocol: str
    interface: str  # "" for a packet of the node itself
    own: tuple[str, ...]  # the addresses of the node
    dnat: bool = False
    mark: int = 0

    def is_own(self, ip: str) -> bool:
        return ip in self.own or ip_address(ip) in ip_network(LOCALNET)


@dataclass(frozen=True)
class Branch:
    """One way through the rules, and how likely it is."""

    packet: Packet
    probability: Fraction = Fraction(1)
    end: str = ""  # ACCEPT, DROP, REJECT, RETURN, or "" while it goes on


@dataclass
class Fate:
    """What the rules do with a packet."""

    action: str
    endpoints: dict[str, Fraction] = field(default_factory=dict)
    masquerade: dict[str, bool] = field(default_factory=dict)


class Rules:
    """The rules of a node; `through` is the part that both languages share."""

    before: tuple[str, ...] = ()  # what a packet from elsewhere meets first
    leaving: tuple[str, ...] = ()  # what a packet of the node itself meets first
    into: tuple[str, ...] = ()
    across: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()

    def run(self, chain: str, branch: Branch) -> Iterator[Branch]:
        raise NotImplementedError

    def masquerades(self, packet: Packet) -> bool:
        raise NotImplementedError

    def through(self, packet: Packet) -> Fate:
        """Take a packet through all hooks, up to and without POSTROUTING for what is not rewritten."""
        branches = self.all(self.before if packet.interface else self.leaving, [Branch(packet)])
        done: list[Branch] = []
        for branch in branches:
            if branch.end in ("DROP", "REJECT"):
                done.append(branch)
                continue
            last = self.into if packet.is_own(branch.packet.dst) else self.across if packet.interface else ()
            done += self.all(last, [replace(branch, end="")])
        return self.fate(done)

    def all(self, chains: tuple[str, ...], branches: list[Branch]) -> list[Branch]:
        for chain in chains:
            further: list[Branch] = []
            for branch in branches:
                stopped = branch.end in ("DROP", "REJECT")
                further += [branch] if stopped else self.run(chain, replace(branch, end=""))
            branches = further
        return branches

    def fate(self, branches: list[Branch]) -> Fate:
        assert sum(branch.probability for branch in branches) == 1
        actions = {branch.end if branch.end in ENDS[:3] else "DNAT" * branch.packet.dnat for branch in branches}
        rewritten = [branch for branch in branches if branch.packet.dnat]
        if rewritten and actions <= {"DNAT", "ACCEPT"}:
            fate = Fate("DNAT")
            for branch in rewritten:
                to = f"{branch.packet.dst}:{branch.packet.port}"
                fate.endpoints[to] = fate.endpoints.get(to, Fraction(0)) + branch.probability
                fate.masquerade[to] = self.masquerades(branch.packet)
            return fate
        [action] = actions
        return Fate(action or "NO_MATCH")


# -- iptables ----------------------------------------------------------------------------------------------------------


class IptablesRules(Rules):
    """Reads what iptables-save prints."""

    before = ("nat PREROUTING",)
    leaving = ("nat OUTPUT", "filter OUTPUT")
    into = ("filter INPUT",)
    across = ("filter FORWARD",)

    def __init__(self, text: str) -> None:
        self.chains: dict[str, list[list[str]]] = {}
        table = ""
        for line in text.splitlines():
            if line.startswith("*"):
                table = line[1:]
            elif line.startswith(":"):
                self.chains[f"{table} {line[1:].split()[0]}"] = []
            elif line.startswith("-A"):
                words = shlex.split(line)
                self.chains[f"{table} {words[1]}"].append(words[2:])

    def masquerades(self, packet: Packet) -> bool:
        return any(branch.end == "MASQUERADE" for branch in self.run("nat POSTROUTING", Branch(packet)))

    def run(self, chain: str, branch: Branch) -> Iterator[Branch]:
        waiting = [branch]
        for words in self.chains[chain]:
            waiting = [after for one in waiting for after in self.rule(chain.split()[0], words, one)]
            yield from (one for one in waiting if one.end not in ("", "RETURN"))
            yield from (replace(one, end="") for one in waiting if one.end == "RETURN")
            waiting = [one for one in waiting if not one.end]
        yield from waiting

    def rule(self, table: str, words: list[str], branch: Branch) -> Iterator[Branch]:
        chance = self.chance(words, branch.packet)
        if chance < 1:
            yield replace(branch, probability=branch.probability * (1 - chance))
        if chance > 0:
            hit = replace(branch, probability=branch.probability * chance)
            target = words[words.index("-j") + 1] if "-j" in words else ""
            if f"{table} {target}" in self.chains:
                yield from self.run(f"{table} {target}", hit)
            else:
                yield self.act(target, words, hit)

    def act(self, target: str, words: list[str], branch: Branch) -> Branch:
        packet = branch.packet
        if target == "DNAT":
            ip, port = words[words.index("--to-destination") + 1].split(":")
            return replace(branch, packet=replace(packet, dst=ip, port=int(port), dnat=True), end="ACCEPT")
        if target == "MARK":
            value, mask = (int(text, 16) for text in words[words.index("--set-xmark") + 1].split("/"))
            return replace(branch, packet=replace(packet, mark=(packet.mark & ~mask) ^ value))
        return replace(branch, end=target)

    def chance(self, words: list[str], packet: Packet) -> Fraction:
        """The probability that the packet fits."""
        chance, negated, waiting = Fraction(1), False, iter(words)
        for word in waiting:
            if word == "!":
                negated = True
                continue
            if word in ("-m", "--comment", "--nfacct-name", "-j", "--mode", "--reject-with", "--to-destination"):
                next(waiting)
                continue
            if word == "--rcheck":
                return Fraction(0)  # nobody is remembered yet
            if word == "--probability":
                # The kernel keeps a multiple of 2⁻³¹; what it stands for is one in so many.
                chance = Fraction(1, round(1 / float(next(waiting))))
                continue
            asked = self.holds(word, waiting, packet)
            if asked is not None and asked is negated:
                return Fraction(0)
            negated = False
        return chance

    def holds(self, word: str, waiting: Iterator[str], packet: Packet) -> bool | None:
        if word in ("-s", "-d"):
            return ip_address(packet.src if word == "-s" else packet.dst) in ip_network(next(waiting))
        if word == "-i":
            return matches_interface(packet.interface, next(waiting), "+")
        if word == "-p":
            return packet.protocol == next(waiting)
        if word == "--dport":
            return packet.port == int(next(waiting))
        if word in ("--src-type", "--dst-type"):
            assert next(waiting) == "LOCAL"
            return packet.is_own(packet.src if word == "--src-type" else packet.dst)
        if word == "--mark":
            value, mask = (int(text, 16) for text in next(waiting).split("/"))
            return packet.mark & mask == value
        if word == "--ctstate":
            states = next(waiting).split(",")
            return "NEW" in states or ("DNAT" in states and packet.dnat)
        return None


def matches_interface(name: str, pattern: str, wildcard: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith(wildcard) else name == pattern


# -- nftables ----------------------------------------------------------------------------------------------------------


class NftRules(Rules):
    """Reads a transaction of nft, one command a line."""

    before = ("filter-prerouting-pre-dnat", "nat-prerouting")
    leaving = ("filter-output-pre-dnat", "nat-output", "filter-output")
    into = ("filter-input",)
    across = ("filter-forward",)

    def __init__(self, text: str) -> None:
        self.chains: dict[str, list[str]] = {}
        self.sets: dict[str, dict[str, str]] = {}
        for line in text.splitlines():
            verb, kind, _, _, name, rest = [*line.split(" ", 5), ""][:6]
            assert verb == "add"
            if kind == "chain":
                self.chains[name] = []
            elif kind == "rule":
                self.chains[name].append(re.sub(r' comment "[^"]*"$', "", rest))
            elif kind in ("set", "map"):
                self.sets[name] = {}
            elif kind == "element":
                key, _, verdict = re.sub(r' comment "[^"]*"', "", rest[2:-2]).partition(" : ")
                self.sets[name][key] = verdict

    def masquerades(self, packet: Packet) -> bool:
        return any(branch.end == "MASQUERADE" for branch in self.run("nat-postrouting", Branch(packet)))

    def run(self, chain: str, branch: Branch) -> Iterator[Branch]:
        waiting = [branch]
        for rule in self.chains[chain]:
            waiting = [after for one in waiting for after in self.rule(rule, one)]
            yield from (one for one in waiting if one.end)
            waiting = [one for one in waiting if not one.end]
        yield from waiting

    def rule(self, text: str, branch: Branch) -> Iterator[Branch]:
        packet = branch.packet
        asks = (
            (r"ct state new", lambda m: True),
            (r"ct status dnat", lambda m: packet.dnat),
            (r"mark and (\S+) != 0", lambda m: bool(packet.mark & int(m[1], 16))),
            (r"ip saddr \. ip daddr \. meta l4proto \. th dport @(\S+)", lambda m: self.holds_pair(m[1], packet)),
            (r"ip ([sd])addr (!= )?(@\S+|\{[^}]*\}|\d[\d./]*)", lambda m: self.holds_address(m, packet)),
            (r"fib ([sd])addr type local", lambda m: packet.is_own(packet.src if m[1] == "s" else packet.dst)),
            (r"iifname (!= )?(\S+)", lambda m: matches_interface(packet.interface, m[2], "*") is not bool(m[1])),
            (r"meta l4proto (tcp|udp|sctp)\b", lambda m: packet.protocol == m[1]),
        )
        while True:
            for pattern, ask in asks:
                found = re.match(pattern + r"(?: |$)", text)
                if found:
                    if not ask(found):
                        yield branch
                        return
                    text = text[found.end() :]
                    break
            else:
                break
        yield from self.act(text, branch)

    def holds_pair(self, name: str, packet: Packet) -> bool:
        return f"{packet.src} . {packet.dst} . {packet.protocol} . {packet.port}" in self.sets[name]

    def holds_address(self, found: re.Match[str], packet: Packet) -> bool:
        ip, wanted = packet.src if found[1] == "s" else packet.dst, found[3]
        ranges = list(self.sets[wanted[1:]]) if wanted[0] == "@" else re.findall(r"[\d./]+", wanted)
        return any(ip_address(ip) in ip_network(text) for text in ranges) is not bool(found[2])

    def act(self, text: str, branch: Branch) -> Iterator[Branch]:
        packet = branch.packet
        if found := re.match(r"mark set mark (or|xor) (\S+)(?: |$)", text):
            value = int(found[2], 16)
            mark = packet.mark | value if found[1] == "or" else packet.mark ^ value
            branch, text = replace(branch, packet=replace(packet, mark=mark)), text[found.end() :]
        if text in ("", "reject", "drop"):
            yield replace(branch, end=text.upper())
        elif text == "masquerade fully-random":
            yield replace(branch, end="MASQUERADE")
        elif text.startswith("update @"):
            yield branch
        elif found := re.fullmatch(r"(jump|goto) (\S+)", text):
            for after in self.run(found[2], branch):
                # Behind a goto the chain that called it is over, too.
                yield replace(after, end=after.end or ("ACCEPT" if found[1] == "goto" else ""))
        elif found := re.fullmatch(r"(ip daddr \. )?meta l4proto \. th dport vmap @(\S+)", text):
            key = f"{packet.dst} . " * bool(found[1]) + f"{packet.protocol} . {packet.port}"
            verdict = self.sets[found[2]].get(key)
            yield from [branch] if verdict is None else self.act(verdict, branch)
        elif found := re.fullmatch(r"numgen random mod (\d+) vmap \{ (.*) \}", text):
            for place in self.places(found):
                yield from self.act(place, replace(branch, probability=branch.probability / int(found[1])))
        elif found := re.fullmatch(r"dnat ip addr \. port to numgen random mod (\d+) map \{ (.*) \}", text):
            for place in self.places(found):
                share = replace(branch, probability=branch.probability / int(found[1]))
                yield self.rewrite(share, *place.split(" . "))
        elif found := re.fullmatch(r"dnat to ([\d.]+):(\d+)", text):
            yield self.rewrite(branch, found[1], found[2])
        else:
            raise AssertionError(f"the interpreter does not know {text!r}")

    def places(self, found: re.Match[str]) -> list[str]:
        numbered = [entry.split(" : ", 1) for entry in found[2].split(" , ")]
        assert [int(number) for number, _ in numbered] == list(range(int(found[1])))
        return [place for _, place in numbered]

    def rewrite(self, branch: Branch, ip: str, port: str) -> Branch:
        return replace(branch, packet=replace(branch.packet, dst=ip, port=int(port), dnat=True), end="ACCEPT")
