"""The profiles of ``data/providers.toml``: every value with its unit, its source and the date of the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from ipaddress import ip_network
from typing import Any

from ..data import load
from .providers import AnnotationRule, HealthCheck, LoadBalancerKind, Provider

__all__ = ["provider"]

AWS_CONTROLLER = "aws-load-balancer-controller"
DEFAULT_POOL = "198.51.100.0/24"
CHECKS = ("check_cluster", "check_local")


def provider(
    name: str,
    *,
    health_check_interval_s: float | None = None,
    quota: int | None = None,
    fail: str | Sequence[str] = (),
    pool: str | None = None,
    mode: str | None = None,
    region: str = "us-east-1",
    source_ip: str | None = None,
    load_balancer_controller: bool = True,
) -> Provider:
    """Choose who makes load balancers, with settings of your own.

    Parameters
    ----------
    name : str
        generic, aws, gcp, azure, digitalocean, linode, metallb, kind or minikube.
    health_check_interval_s : float, optional
        Seconds between two health checks, in place of the provider's.
    quota : int, optional
        How many load balancers there may be.
    fail : str or sequence of str
        What shall go wrong, such as ``"no_subnets"`` (aws).
    pool : str, optional
        The addresses to give out, as CIDR.
    mode : str, optional
        ``l2`` (the default) or ``bgp`` (metallb).
    region : str
        Part of DNS names (aws).
    source_ip : str, optional
        Address of a load balancer towards the nodes, where it does not keep the client's.
    load_balancer_controller : bool
        Whether the AWS load balancer controller is installed (aws).

    Returns
    -------
    Provider
        The profile, for ``Cluster(provider=…)``.

    Raises
    ------
    ValueError
        If there is no such provider, mode or failure; the text lists what there is.

    Examples
    --------
    >>> provider("metallb", pool="198.51.100.0/29", mode="bgp").kinds[0].spread
    'flow_hash'
    """
    known = _profiles()
    if name not in known:
        raise ValueError(f"there is no provider {name!r}; there are {', '.join(known)}, and None for nobody")
    found = known[name]
    broken = (fail,) if isinstance(fail, str) else tuple(fail)
    for failure in broken:
        if failure not in found.failures:
            listed = ", ".join(found.failures) or "none"
            raise ValueError(f"provider {name!r} has no failure {failure!r}; there are: {listed}")
    kinds = found.kinds
    if name == "metallb" or mode is not None:
        kinds = tuple(kind for kind in kinds if kind.name == (mode or "l2"))
        if not kinds:
            modes = ", ".join(kind.name for kind in found.kinds) if name == "metallb" else "none"
            raise ValueError(f"provider {name!r} has no mode {mode!r}; there are: {modes}")
    if health_check_interval_s is not None and not 0 < health_check_interval_s < float("inf"):
        raise ValueError(f"health_check_interval_s is a number of seconds above 0, not {health_check_interval_s}")
    if quota is not None and quota < 1:
        raise ValueError(f"quota is a number of load balancers from 1 on, not {quota}")
    if pool is not None:
        _check_pool(pool)
    return replace(
        found,
        kinds=tuple(_tuned(kind, health_check_interval_s, quota, source_ip) for kind in kinds),
        fail=broken,
        pool=pool or found.pool,
        region=region,
        missing_controllers=() if load_balancer_controller else (AWS_CONTROLLER,),
    )


def _tuned(
    kind: LoadBalancerKind, interval_s: float | None, quota: int | None, source_ip: str | None
) -> LoadBalancerKind:
    if interval_s is not None:
        slower = {name: replace(getattr(kind, name), interval_s=interval_s) for name in CHECKS}
        kind = replace(kind, **slower)
    if quota is not None:
        kind = replace(kind, quota=quota)
    return replace(kind, source_ip=source_ip) if source_ip is not None else kind


def _check_pool(pool: str) -> None:
    for text in pool.split(","):
        try:
            ip_network(text.strip())
        except ValueError as error:
            message = f"pool {text.strip()!r} is no range of addresses such as 198.51.100.0/29: {error}"
            raise ValueError(message) from None


# -- the file ----


@cache
def _table() -> dict[str, Any]:
    return load("providers")


@cache
def _profiles() -> dict[str, Provider]:
    return {name: _profile(name, entry) for name, entry in _table().items() if name != "sources"}


def _profile(name: str, entry: Mapping[str, Any]) -> Provider:
    rules = {
        key: AnnotationRule(tuple(rule["values"]["value"]), rule["error"]["value"])
        for key, rule in entry.get("annotations", {}).items()
    }
    failures = {key: failure["value"] for key, failure in entry.get("failures", {}).items()}
    kinds = tuple(_kind(key, kind) for key, kind in entry.get("kinds", {}).items())
    pool = DEFAULT_POOL if name == "metallb" else None
    return Provider(name, entry["title"], kinds, rules, failures, pool=pool)


def _kind(name: str, entry: Mapping[str, Any]) -> LoadBalancerKind:
    given: dict[str, Any] = {
        key: spec["value"] if isinstance(spec, Mapping) else spec for key, spec in entry.items()
    } | {"name": name}
    unknown = set(given) - {known.name for known in fields(LoadBalancerKind)}
    if unknown:
        raise ValueError(f"providers.toml: kind {name} has unknown fields {sorted(unknown)}")
    for key in CHECKS:
        given[key] = HealthCheck(**given[key])
    for key in ("selected_by", "protocols"):
        given[key] = tuple(given[key])
    return LoadBalancerKind(**given)
