"""A Pod whose manifest is applied again: its metadata is merged, its spec may not change, and its status stays.

Source: ``pkg/apis/core/validation/validation.go`` ValidatePodUpdate, ``pkg/registry/core/pod/strategy.go``
(kubernetes/kubernetes). The server also prints how the two specs differ; that part of its message is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..api.errors import forbidden, invalid_object
from ..api.objects import Pod

__all__ = ["updated_pod"]

ONLY = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def updated_pod(old: Pod, made: Pod, manifest: Mapping[str, Any], last: Mapping[str, Any] | None) -> Pod:
    """Return a stored Pod after its manifest has been applied; an `ApiError` where its spec would be another one.

    `last` is the manifest that was applied before, None for a Pod that nobody applied: a label that it named and the
    new one does not goes, and labels that somebody else has set stay.
    """
    # The scheduler's node stays where no manifest ever named one.
    moved = made.node != old.node and (made.node is not None or _spec(last).get("nodeName") is not None)
    described = bool(_spec(manifest).get("containers"))
    if moved or made.host_network != old.host_network or (described and made.ports != old.ports):
        raise invalid_object("Pod", old.name, [forbidden("spec", ONLY)])
    gone = set(_labels(last)) - set(made.labels)
    return replace(old, labels={key: value for key, value in old.labels.items() if key not in gone} | {**made.labels})


def _spec(manifest: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (manifest or {}).get("spec") or {}


def _labels(manifest: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return ((manifest or {}).get("metadata") or {}).get("labels") or {}
