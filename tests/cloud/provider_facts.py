"""Every number of the providers' table with its source, for the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8sexpose.data import load


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of ``providers.toml``, and where it comes from.

    Parameters
    ----------
    provider, name : str
        Which value.
    value : object
        The value.
    unit, source, date : str
        Its unit, where it was read, and of when that is.

    Examples
    --------
    >>> next(fact for fact in provider_facts("gcp") if fact.name.endswith("provisioning_s")).value
    47
    """

    provider: str
    name: str
    value: Any
    unit: str
    source: str
    date: str


def provider_facts(name: str) -> tuple[Fact, ...]:
    """List every value of a provider, with unit, source and date.

    Parameters
    ----------
    name : str
        The provider.

    Returns
    -------
    tuple of Fact
        In the order of the file.

    Examples
    --------
    >>> {fact.unit for fact in provider_facts("kind")}
    {'yes or no'}
    """
    table = load("providers")
    sources = table["sources"]

    def walk(where: str, entry: Mapping[str, Any]) -> Iterator[Fact]:
        for key, value in entry.items():
            path = f"{where}.{key}" if where else key
            if isinstance(value, Mapping) and "value" in value:
                source = sources[value["source"]]
                yield Fact(name, path, value["value"], value["unit"], source["where"], str(source["date"]))
            elif isinstance(value, Mapping):
                yield from walk(path, value)

    return tuple(walk("", table[name]))
