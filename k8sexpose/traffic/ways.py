"""The ways to each Pod, by length: what requests that are connections of their own need to know of the path table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Floats, Indices
from .path_table import PathColumns, PathRow

__all__ = ["Ways"]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How likely each path is, and how long the ways to each Pod are; the last row is for requests that are lost."""

    paths: Sequence[PathRow]
    columns: PathColumns  # the same as arrays
    homes: Sequence[str | None]  # the node of each Pod, and None at the end
    shares: Floats  # shape (pods + 1,): what part of all requests each Pod gets
    network_ms: Floats  # shape (pods + 1, lengths): how long the ways to each Pod are
    weights: Floats  # of the same shape: what part of the Pod's requests comes by each
    place: Indices  # shape (paths,): where in the flattened table of lengths each path belongs
    together: Sequence[Indices]  # the paths that share a place, for each such place
    within: Floats  # shape (paths,): what part of the requests of its place each path has

    @classmethod
    def of(cls, paths: Sequence[PathRow], probabilities: Floats, pods: Sequence[str]) -> Ways:
        """Sort paths by Pod and length."""
        number = {pod: k for k, pod in enumerate(pods)}
        homes: list[str | None] = [None] * (len(pods) + 1)
        lengths: list[dict[float, int]] = [{} for _ in homes]  # of each Pod: the column of each length
        at = []
        for path in paths:
            pod = number[path.pod] if path.delivered and path.pod else len(pods)
            homes[pod] = path.node if path.delivered else None
            length = path.network_ms if path.delivered else 0.0
            at.append((pod, lengths[pod].setdefault(length, len(lengths[pod]))))
        most = max(map(len, lengths))
        network_ms = np.zeros((len(lengths), most))
        for row, own in zip(network_ms, lengths, strict=True):
            row[: len(own)] = list(own)
        place = np.array([pod * most + column for pod, column in at])
        weights: Floats = np.bincount(place, probabilities, network_ms.size).astype(np.float64)
        with np.errstate(invalid="ignore"):
            within = np.nan_to_num(probabilities / weights[place])
        weights = weights.reshape(network_ms.shape)
        shares = weights.sum(1)
        weights[shares == 0, 0] = 1.0
        shared = np.flatnonzero(np.bincount(place) > 1)
        return cls(
            paths=paths,
            columns=PathColumns.of(paths),
            homes=homes,
            shares=shares / shares.sum(),
            network_ms=network_ms,
            weights=weights / weights.sum(1, keepdims=True),
            place=place,
            together=[np.flatnonzero(place == one) for one in shared],
            within=within,
        )
