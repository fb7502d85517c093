"""The ways to each Pod, by length: what requests that are connections of their own need to know of the path table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .path_table import PathColumns, PathRow
from .random_streams import Floats, Indices

__all__ = ["Ways"]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How likely each path is, and how long the ways to each Pod are; the last row is for requests that are lost.

    Parameters
    ----------
    paths : sequence of PathRow
        The ways.
    columns : PathColumns
        The same as arrays.
    homes : sequence of str, optional
        The node of each Pod, and None at the end.
    shares : ndarray of float64, shape (pods + 1,)
        What part of all requests each Pod gets.
    network_ms, weights : ndarray of float64, shape (pods + 1, lengths)
        The lengths of the ways to each Pod, and what part of its requests comes by each.
    place : ndarray of int, shape (paths,)
        Where in the flattened table of lengths each path belongs.
    together : sequence of ndarray of int
        Paths that share a place.
    within : ndarray of float64, shape (paths,)
        What part of the requests of its place each path has.
    """

    paths: Sequence[PathRow]
    columns: PathColumns
    homes: Sequence[str | None]
    shares: Floats
    network_ms: Floats
    weights: Floats
    place: Indices
    together: Sequence[Indices]
    within: Floats

    @classmethod
    def of(cls, paths: Sequence[PathRow], probabilities: Floats, pods: Sequence[str]) -> Ways:
        """Sort paths by Pod and length."""
        number = {pod: k for k, pod in enumerate(pods)}
        lengths: list[dict[float, int]] = [{} for _ in range(len(pods) + 1)]
        at, homes = [], dict.fromkeys(range(len(pods) + 1))
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
        shared = np.flatnonzero(np.bincount(place) > 1)
        with np.errstate(invalid="ignore"):
            within = np.nan_to_num(probabilities / weights[place])
        weights = weights.reshape(network_ms.shape)
        shares = weights.sum(1)
        weights[shares == 0, 0] = 1.0
        weights = weights / weights.sum(1, keepdims=True)
        together = [np.flatnonzero(place == one) for one in shared]
        columns = PathColumns.of(paths)
        return cls(
            paths, columns, list(homes.values()), shares / shares.sum(), network_ms, weights, place, together, within
        )
