"""Is this text a name, a label, an address? Each check returns the server's sentences, none if all is well.

Sources: ``staging/src/k8s.io/apimachinery/pkg/util/validation/{validation,ip}.go`` and
``pkg/api/validate/content/{dns,kube}.go`` of apimachinery (kubernetes/kubernetes).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network

from .addresses import parse_ip
from .errors import go_quote

# The letters of generated names (``apimachinery/pkg/util/rand``): nothing that could make a word.
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
NAME_PART = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_VALUE = rf"({NAME_PART})?"


def _regex_text(rule: str, pattern: str, *examples: str) -> str:
    """Word a failed pattern as Go's RegexError does, with its two spaces before ``or``."""
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


DNS_LABEL_TEXT = _regex_text(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character",
    LABEL, "my-name", "123-abc",
)  # fmt: skip
DNS_SUBDOMAIN_TEXT = _regex_text(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character",
    SUBDOMAIN, "example.com",
)  # fmt: skip
_NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
NAME_PART_TEXT = _regex_text(_NAME_RULE, NAME_PART, "MyName", "my.name", "123-abc")
LABEL_VALUE_TEXT = _regex_text(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character",
    LABEL_VALUE, "MyValue", "my_value", "12345",
)  # fmt: skip
IP_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR_TEXT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
PORT_RANGE_TEXT = "must be between 1 and 65535, inclusive"


def _longer(value: str, limit: int) -> bool:
    return len(value.encode("utf-8", "surrogatepass")) > limit


def dns_label(value: str) -> list[str]:
    """Check a DNS label, such as a Service's name.

    Examples
    --------
    >>> dns_label("web.app")
    ['must not contain dots']
    """
    texts = ["must be no more than 63 characters"] if _longer(value, 63) else []
    if not re.fullmatch(LABEL, value):
        texts.append("must not contain dots" if re.fullmatch(SUBDOMAIN, value) else DNS_LABEL_TEXT)
    return texts


def dns_subdomain(value: str, unit: str = "characters") -> list[str]:
    """Check a DNS name of one or more labels; `unit` is the word that the caller has for its length."""
    texts = [f"must be no more than 253 {unit}"] if _longer(value, 253) else []
    return texts if re.fullmatch(SUBDOMAIN, value) else [*texts, DNS_SUBDOMAIN_TEXT]


def path_segment(value: str, *, prefix: bool = False) -> list[str]:
    """Check what becomes a part of a path, such as an object's name; `prefix` for the beginning of a name.

    Examples
    --------
    >>> path_segment("a/b")
    ["may not contain '/'"]
    """
    if value in (".", "..") and not prefix:
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def label_key(value: str) -> list[str]:
    """Check the key of a label or annotation: an optional DNS prefix, a slash, a name.

    Examples
    --------
    >>> label_key("/name")
    ['prefix part must be non-empty']
    """
    *prefixes, name = value.split("/")
    if len(prefixes) > 1:
        prefix_text = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return ["a valid label key " + NAME_PART_TEXT + prefix_text]
    texts = []
    for prefix in prefixes:
        problems = dns_subdomain(prefix, "bytes") if prefix else ["must be non-empty"]
        texts += [f"prefix part {problem}" for problem in problems]
    if not name:
        texts.append("name part must be non-empty")
    elif _longer(name, 63):
        texts.append("name part must be no more than 63 bytes")
    if not re.fullmatch(NAME_PART, name):
        texts.append("name part " + NAME_PART_TEXT)
    return texts


def label_value(value: str) -> list[str]:
    """Check the value of a label."""
    texts = ["must be no more than 63 bytes"] if _longer(value, 63) else []
    return texts if re.fullmatch(LABEL_VALUE, value) else [*texts, LABEL_VALUE_TEXT]


def port_name(value: str) -> list[str]:
    """Check the name of a container port, as ``targetPort`` may use it.

    Examples
    --------
    >>> port_name("80")
    ['must contain at least one letter (a-z)']
    """
    rules = [
        (not _longer(value, 15), "must be no more than 15 characters"),
        (re.fullmatch(r"[-a-z0-9]+", value), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        (re.search(r"[a-z]", value), "must contain at least one letter (a-z)"),
        ("--" not in value, "must not contain consecutive hyphens"),
        (not value.startswith("-") and not value.endswith("-"), "must not begin or end with a hyphen"),
    ]
    return [text for kept, text in rules if not kept]


def port_number(value: int) -> list[str]:
    """Check a port number."""
    return [] if 1 <= value <= 65535 else [PORT_RANGE_TEXT]


def ip(value: str) -> list[str]:
    """Check an IP address, by the strict rules of 1.36.

    Examples
    --------
    >>> ip("010.0.0.1")
    ['must not have leading 0s']
    """
    if parse_ip(value) is None:
        return [IP_TEXT]
    try:
        address = ip_address(value)
    except ValueError:
        return ["must not have leading 0s"]
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return ["must not be an IPv4-mapped IPv6 address"] if mapped else []


def cidr(value: str) -> list[str]:
    """Check an address range, by the strict rules of 1.36.

    Examples
    --------
    >>> cidr("192.168.0.5/24")
    ['must not have bits set beyond the prefix length']
    """
    address, slash, length = value.partition("/")
    parsed = parse_ip(address)
    if not slash or parsed is None or not re.fullmatch(r"[0-9]+", length) or int(length[:9]) > parsed.max_prefixlen:
        return [CIDR_TEXT]
    if ip(address) == ["must not have leading 0s"] or str(int(length)) != length:
        return ["must not have leading 0s in IP or prefix length"]
    texts = []
    if ip(address):
        texts.append("must not have an IPv4-mapped IPv6 address")
    if ip_network(value, strict=False).network_address != parsed:
        texts.append("must not have bits set beyond the prefix length")
    return texts


def special_ip(value: str) -> list[str]:
    """Name the reserved range that an address for outside use may not be in."""
    address = parse_ip(value)
    if address is None:
        return []
    linked = [ip_network("224.0.0.0/24"), ip_network("ff02::/16")]
    rules = [
        (address.is_unspecified, f"may not be unspecified ({value})"),
        (address.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (address.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            any(address in network for network in linked),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    ]
    return [text for applies, text in rules if applies]


RFC3339 = "2006-01-02T15:04:05Z07:00"
_ENDS_OF_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def rfc3339_problem(text: str) -> str | None:
    """Return why a text is no date and time, in the words of Go's ``time.Parse``; None if it is one.

    Examples
    --------
    >>> rfc3339_problem("2026-01-01")
    'parsing time "2026-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'
    """
    rest, numbers = text, {}
    for element, name, pattern, lowest, highest in (
        ("2006", "year", "[0-9]{4}", 0, 9999), ("-", "", "-", 0, 0), ("01", "month", "[0-9]{2}", 1, 12),
        ("-", "", "-", 0, 0), ("02", "day", "[0-9]{1,2}", 0, 99), ("T", "", "T", 0, 0),
        ("15", "hour", "[0-9]{1,2}", 0, 23), (":", "", ":", 0, 0), ("04", "minute", "[0-9]{2}", 0, 59),
        (":", "", ":", 0, 0), ("05", "second", "[0-9]{2}", 0, 59), ("", "", r"([.,][0-9]+)?", 0, 0),
        ("Z07:00", "", "Z|[-+][0-9]{2}:[0-9]{2}", 0, 0),
    ):  # fmt: skip
        found = re.match(pattern, rest)
        if found is None:
            cannot = f"cannot parse {go_quote(rest)} as {go_quote(element)}"
            return f"parsing time {go_quote(text)} as {go_quote(RFC3339)}: {cannot}"
        rest = rest[found.end() :]
        if name:
            numbers[name] = int(found[0])
            if not lowest <= numbers[name] <= highest:
                return f"parsing time {go_quote(text)}: {name} out of range"
    if rest:
        return f"parsing time {go_quote(text)}: extra text: {go_quote(rest)}"
    leap = numbers["year"] % 4 == 0 and (numbers["year"] % 100 != 0 or numbers["year"] % 400 == 0)
    last = 28 if numbers["month"] == 2 and not leap else _ENDS_OF_MONTHS[numbers["month"] - 1]
    return None if 1 <= numbers["day"] <= last else f"parsing time {go_quote(text)}: day out of range"


def utc(text: str | None) -> str | None:
    """Write a date and time as the server does: in UTC, in whole seconds.

    Examples
    --------
    >>> utc("2026-01-01T00:30:00.5+01:00")
    '2025-12-31T23:30:00Z'
    """
    if not text:
        return text
    try:
        moment = datetime.fromisoformat(re.sub(r"[.,][0-9]+", "", text))
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return text
