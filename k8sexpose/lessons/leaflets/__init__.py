"""Fourteen leaflets: short optional lessons, each with its questions in a file of its own name."""

from . import (
    check_on_kind,
    deleting_and_orphans,
    from_inside,
    kept_connections,
    laptops_and_metallb,
    manifest_doctor,
    pod_calls_itself,
    proxy_load_balancers,
    rolling_updates,
    second_front_doors,
    session_affinity,
    tcp_and_udp,
    the_rules_themselves,
    zones_at_aws,
)

LEAFLETS = (
    check_on_kind,
    deleting_and_orphans,
    from_inside,
    kept_connections,
    laptops_and_metallb,
    manifest_doctor,
    pod_calls_itself,
    proxy_load_balancers,
    rolling_updates,
    second_front_doors,
    session_affinity,
    tcp_and_udp,
    the_rules_themselves,
    zones_at_aws,
)
