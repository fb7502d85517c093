"""How words mean an option: other names for it, what people put around it, and how they list several."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from .quantities import COUNTS, LONGEST

__all__ = [
    "ALL",
    "BETWEEN",
    "BUT_NOT",
    "EVERY",
    "EXCEPT",
    "NONE",
    "NUMBERED",
    "REASON",
    "RUN",
    "index_of",
    "key",
    "match",
    "mentioned",
]

# Other words for an option, wherever the option exists. The keys are as `key` makes them.
ALSO: dict[str, tuple[str, ...]] = {
    "everywhere": ("every node",), "allnodes": ("every node",), "onallnodes": ("every node",), "lb": ("load balancer",),
    "elb": ("load balancer",), "nlb": ("load balancer",), "loadbalancers": ("load balancer",),
    "loadbalancer": ("load balancer",), "balancer": ("load balancer",), "nodeport": ("node port",),
    "port": ("node port",), "nodeip": ("node",), "cloudcontroller": ("controller",),
    "cloudcontrollermanager": ("controller",), "ccm": ("controller",), "cloud": ("controller",),
    "kubeproxy": ("kube-proxy",), "proxy": ("kube-proxy",), "connectionrefused": ("refused",), "refuse": ("refused",),
    "refuses": ("refused",), "rejected": ("refused",), "reject": ("refused",), "rst": ("reset", "refused"),
    "reset": ("refused",), "econnrefused": ("refused",), "forbidden": ("refused",), "error": ("refused",),
    "timedout": ("timeout",), "connectiontimedout": ("timeout",), "timesout": ("timeout",), "hangs": ("timeout",),
    "hang": ("timeout",), "noreply": ("timeout",), "noresponse": ("timeout",), "silent": ("timeout",),
    "silently": ("timeout",), "lost": ("timeout",), "waits": ("timeout",), "silence": ("timeout",),
    "dropped": ("timeout",), "noanswer": ("timeout",), "connectiontimeout": ("timeout",), "answer": ("delivered",),
    "answers": ("delivered",), "answered": ("delivered",), "reply": ("delivered",), "response": ("delivered",),
    "replies": ("delivered",), "responds": ("delivered",), "works": ("delivered",), "ok": ("delivered",),
    "itworks": ("delivered",), "success": ("delivered",), "reached": ("delivered",), "delivery": ("delivered",),
    "200": ("delivered",), "connected": ("delivered",), "y": ("yes",), "yep": ("yes",), "yeah": ("yes",),
    "nope": ("no",), "nah": ("no",), "never": ("no",), "true": ("yes",), "itdoes": ("yes",), "n": ("no",),
    "false": ("no",), "itdoesnot": ("no",), "none": ("nobody", "0"), "noone": ("nobody",), "nothing": ("nobody", "0"),
    "nobody": ("0",), "customer": ("client",), "user": ("client",), "internet": ("client",), "outside": ("client",),
    "browser": ("client",), "outsideclient": ("client",), "equally": ("same",), "equallylikely": ("same",),
    "thesame": ("same",), "equal": ("same",), "both": ("same",), "nodifference": ("same",), "lower": ("earlier",),
    "sooner": ("earlier", "lower"), "higher": ("later",), "earlier": ("lower",), "later": ("higher",),
    "new": ("another",), "anewone": ("another",), "accept": ("accepted",), "accepts": ("accepted",),
    "ignores": ("ignored",), "ignore": ("ignored",), "amazon": ("aws",), "google": ("gcp",), "googlecloud": ("gcp",),
    "gke": ("gcp",), "microsoft": ("azure",), "msazure": ("azure",), "microsoftazure": ("azure",),
    "akamai": ("linode",), "amazonwebservices": ("aws",), "removed": ("freed", "gone"), "cleared": ("freed", "gone"),
    "free": ("freed",), "released": ("freed", "gone"), "deleted": ("freed", "gone"), "stays": ("kept",),
    "remains": ("kept",), "unchanged": ("kept",),
}  # fmt: skip
CLUTTER = re.compile(r"^(?:(?:the|an|a|my|only|just|option|answer|its|it is|on|at|from|port|through|via)\s+)+")
ADDRESS = re.compile(r"^(?:https?://)?(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])(?::\d+)?/?$")
NONE = {
    "none", "no", "noone", "nobody", "nothing", "neither", "zero", "0", "nonode", "nonodes", "empty", "nil", "nopod",
    "noneofthem", "noneofthese", "notone", "noneatall", "notany",
}  # fmt: skip
ALL = {"all", "everything", "every", "each", "everyone", "everybody", "any", "allofthem", "allofthese"}
EVERY = re.compile(
    r"(?:all|every|each|any)(?:\s+(?:of|the|them|these|those|two|three|four|five|six|\d+|one|"
    r"nodes?|pods?|services?|address(?:es)?|options?|answers?|ports?))*"
)
EXCEPT = re.compile(r"^(?:all|every\w*|each|any)\b.*?\b(?:but|except|without|apart from|other than)\b(?: for)?\s+(.+)$")
BETWEEN = re.compile(r"[,;|\n&+/]|\band\b|\bor\b|\bund\b|\bplus\b")
BUT_NOT = re.compile(r"^(.*?)[\s,;]*\b(?:but not|and not|not)\s+(.+)$")
BEHIND = re.compile(r"(?:\s+(?:only|alone|as well|too))+$")  # what people put behind an answer
# The reason that somebody gives belongs to the answer no more.
REASON = re.compile(r"[\s,;:.(–—-]+(?:because|since|for the reason|so that|as there)\b.*$", re.DOTALL)
NUMBERED = re.compile(r"\b(node|pod|option|answer)s?\s+(?=\d)")
RUN = re.compile(r"^(?:from\s+)?(\S+)\s*(?:-|–|to|through|up to|\.\.\.?)\s*(\S+)$")
# Words that say nothing about which option is meant. No word of doubt is among them.
FILLERS = frozenset(
    "a an the my it its is are be will would does do did gets get got that this which of by on at in to from with "
    "comes come back i we think say choose chose answer answers address addresses ip number one ones them these there "
    "pod pods name sends sent connection connections field utilisation utilization".split()
)


IPV4 = re.compile(r"\d+\.\d+\.\d+\.\d+")


def key(word: str) -> str:
    """Return what is left of a word when case, quotes, brackets, blanks and hyphens do not count."""
    return re.sub(r"[\s_\-\"'`’(){}\[\]<>!?;,]|\.$", "", unicodedata.normalize("NFKC", word).casefold())


def index_of(
    options: Iterable[str], also: Mapping[str, str] | None, labels: Mapping[str, str] | None
) -> dict[str, str]:
    """Return every wording of every option, as `key` makes it; what the question says itself comes first."""
    found = {key(option): option for option in options}
    given = [*(also or {}).items(), *((label, option) for option, label in (labels or {}).items())]
    for word, option in given:
        found.setdefault(key(word), option)
    for word, meant in ALSO.items():
        for option in meant:
            if option in options:
                found.setdefault(word, option)
    for word, option in [*((option, option) for option in options), *given]:
        numbered = re.fullmatch(r"[a-z]+-(\d+)", word)  # node-1: its number, too
        if numbered:
            found.setdefault(numbered[1], option)
    for option, label in (labels or {}).items():
        for address in IPV4.findall(label):  # the address of node-2, 10.0.0.2
            found.setdefault(key(address), option)
    for count, digit in COUNTS.items():
        if digit in found:
            found.setdefault(count, found[digit])
    return found


def match(word: str, index: Mapping[str, str]) -> str | None:
    """Return the option that a word means, if it means one."""
    text = unicodedata.normalize("NFKC", word[:LONGEST]).casefold().strip(" \t\n.\"'`’(){}[]")
    if re.match(r"-\s*\d", text):  # a sign is no hyphen
        return None
    bare = CLUTTER.sub("", text)
    if any(key(word) in index for word in text.removesuffix(bare).split()):
        bare = text  # what looks like an article is an option: (a)
    bare = BEHIND.sub("", bare)
    address = ADDRESS.match(bare)
    for form in (text, bare, address[1].strip("[]") if address else bare):
        found = key(form)
        for tried in (found, found.removesuffix("s"), f"{found}s", found.removesuffix("es")):
            if tried in index:
                return index[tried]
    return None


def mentioned(text: str, index: Mapping[str, str]) -> list[str]:
    """Return the options that a sentence mentions, in order; none where a word in it may change what it says.

    Examples
    --------
    >>> index = index_of(("client", "node-2"), None, {"node-2": "the address of node-2, 10.0.0.2"})
    >>> (
    ...     mentioned("it is node 2's address", index),
    ...     mentioned("perhaps node-2", index),
    ...     mentioned("not the client", index),
    ... )
    (['node-2'], [], [])
    """
    plain = NUMBERED.sub(r"\1-", unicodedata.normalize("NFKC", text[:LONGEST]).casefold())
    words = re.findall(r"[^\s,;.!()\"]+(?:\.\d+)*", REASON.sub("", plain).replace("’", "'"))
    words = [word.removesuffix("'s").removesuffix("'") for word in words]
    found: list[str] = []
    while words:
        size = next((size for size in range(min(len(words), 4), 0, -1) if match(" ".join(words[:size]), index)), 0)
        if size:
            found.append(str(match(" ".join(words[:size]), index)))
        elif words[0] not in FILLERS:
            return []
        words = words[size or 1 :]
    return found
