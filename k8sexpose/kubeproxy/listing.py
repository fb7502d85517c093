"""The rules of one node as its own tools list them: ``iptables-save``, ``nft list table ip kube-proxy``."""

from __future__ import annotations

from dataclasses import dataclass

from .._display import visible
from ..api.checks import check_arguments
from ..api.service import Service
from ..cluster.state import ClusterState
from .iptables import iptables_rules
from .iptables_text import iptables_restore, iptables_save
from .nft_text import nft_list_table, nft_transaction
from .nftables import nftables_rules
from .node_view import view_of
from .rules import RuleSet

__all__ = ["ProxyRules", "proxy_rules", "rules_of"]


@dataclass(frozen=True, slots=True, repr=False)
class ProxyRules:
    """The packet rules of kube-proxy on one node, for IPv4.

    Parameters
    ----------
    node : str
        The node.
    mode : str
        ``iptables`` or ``nftables``.
    text : str
        What ``iptables-save`` (1.8.9) or ``nft list table ip kube-proxy`` (1.0.6) prints there; iptables-save's two
        lines with the date are left out.
    transaction : str
        What kube-proxy hands to ``iptables-restore --noflush`` or to ``nft -f -`` to get there.
    service : str, optional
        ``namespace/name``, where only the chains of one Service are kept.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> print(proxy_rules(Cluster(nodes=1), node="node-1").text.splitlines()[-2])
    -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this \
chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
    """

    node: str
    mode: str
    text: str
    transaction: str
    service: str | None = None

    def __str__(self) -> str:
        return visible(self.text)

    def __repr__(self) -> str:
        of = f" of {self.service}" if self.service else ""
        return visible(f"<ProxyRules{of} on {self.node}, {self.mode}: {len(self.text.splitlines())} lines>")

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """Show the rules in a notebook or a terminal (IPython's hook)."""
        printer.text(visible(repr(self) if cycle else self.text))  # type: ignore[attr-defined]


def proxy_rules(cluster: ClusterState, *, node: str, service: str | None = None) -> ProxyRules:
    """Write the rules that kube-proxy writes on a node, to the letter.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    node : str
        The node. One whose kube-proxy stands still has the rules of the moment when it stopped.
    service : str, optional
        ``name`` or ``namespace/name``: keeps the chains of this Service, and its rules in the chains of all.

    Returns
    -------
    ProxyRules
        The rules as the node's tools list them, and as kube-proxy hands them over. They are those of a full sync:
        chains that kube-proxy has emptied and not yet deleted are not there. Service ports come by name, where the
        real order is that of a Go map.

    Raises
    ------
    UnknownName
        If there is no such node (it is a KeyError); the text names those that exist.
    ApiError
        If there is no such Service (404).

    Notes
    -----
    Sources: ``pkg/proxy/iptables/proxier.go``, ``pkg/proxy/nftables/proxier.go`` (kubernetes/kubernetes 1.36).

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> cluster = Cluster(nodes=2)
    >>> _ = cluster.deploy("web", per_node=[1, 0], port=8080)
    >>> _ = cluster.apply(
    ...     {
    ...         "apiVersion": "v1",
    ...         "kind": "Service",
    ...         "metadata": {"name": "web"},
    ...         "spec": {
    ...             "selector": {"app": "web"},
    ...             "clusterIP": "10.96.0.9",
    ...             "ports": [{"port": 80, "targetPort": 8080}],
    ...         },
    ...     }
    ... )
    >>> [line[:31] for line in proxy_rules(cluster, node="node-2", service="web").text.splitlines()[:4]]
    ['*nat', ':KUBE-SEP-PXJ2U7QYT2QW5545 - [0', ':KUBE-SERVICES - [0:0]', ':KUBE-SVC-LOLE4ISW44XBNF3G - [0']
    """
    check_arguments(proxy_rules, locals())
    rules, key = rules_of(cluster, node), None
    if service is not None:
        key = cluster.service(service).key
        rules = rules.only(key)
    if rules.mode == "nftables":
        return ProxyRules(node, rules.mode, nft_list_table(rules), nft_transaction(rules), key)
    return ProxyRules(node, rules.mode, iptables_save(rules), iptables_restore(rules), key)


def rules_of(cluster: ClusterState, node: str, as_if: Service | None = None) -> RuleSet:
    """Return the rules of a node as values; `as_if` takes the place of the Service as it is stored."""
    view = view_of(cluster, node, as_if)
    return nftables_rules(view) if view.config.mode == "nftables" else iptables_rules(view)
