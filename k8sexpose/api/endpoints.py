"""From the old Endpoints object to EndpointSlices: what the mirroring controller makes of it.

Source: ``pkg/controller/endpointslicemirroring/reconciler.go`` (kubernetes/kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .addresses import ip_version, parse_ip
from .objects import SERVICE_NAME_LABEL, Endpoint, EndpointPort, EndpointSlice

__all__ = ["MIRRORED", "mirrored_slices"]

MIRRORED = "endpointslicemirroring-controller.k8s.io"


def mirrored_slices(data: Mapping[str, Any]) -> list[EndpointSlice]:
    """Return the slices that stand for an Endpoints object: one for each subset and address family.

    Examples
    --------
    >>> subset = {"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 8080}]}
    >>> mirrored_slices({"metadata": {"name": "web"}, "subsets": [subset]})[0].endpoints[0].ip
    '10.9.9.9'
    """
    metadata = data.get("metadata") or {}
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or "default"
    labels = {SERVICE_NAME_LABEL: name, "endpointslice.kubernetes.io/managed-by": MIRRORED}
    slices = []
    for number, subset in enumerate(data.get("subsets") or ()):
        ports = tuple(
            EndpointPort(port.get("port"), port.get("name") or "", port.get("protocol") or "TCP")
            for port in subset.get("ports") or ()
        )
        ready = [_endpoint(entry, ready=True) for entry in subset.get("addresses") or ()]
        waiting = [_endpoint(entry, ready=False) for entry in subset.get("notReadyAddresses") or ()]
        for family in (4, 6):
            found = tuple(endpoint for endpoint in (*ready, *waiting) if ip_version(endpoint.ip) == family)
            if found:
                slice_name = f"{name}-mirrored-{number}{'-v6' if family == 6 else ''}"
                slices.append(EndpointSlice(slice_name, namespace, name, ports, found, f"IPv{family}", labels))
    return slices


def _endpoint(entry: Mapping[str, Any], *, ready: bool) -> Endpoint:
    target = entry.get("targetRef") or {}
    pod = target.get("name") if target.get("kind", "Pod") == "Pod" else None
    parsed = parse_ip(entry.get("ip") or "")  # also with leading zeros
    return Endpoint(str(parsed) if parsed else "", entry.get("nodeName"), ready=ready, serving=ready, pod=pod)
