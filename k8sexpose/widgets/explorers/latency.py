"""The latency explorer: load and latency of two traffic policies, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..._display import milliseconds
from ...api.checks import check_arguments
from ...traffic.policy_comparison import CONFIGURATIONS, HEAD, PolicyComparison
from .base import Control, Explorer, Live, Parts, table_of
from .latency_sides import PLACES, LatencySetting, draw_sides, reading, sample, turns_at
from .queue_view import QueueView

__all__ = ["latency_explorer", "latency_parts"]

Compare = Callable[[LatencySetting], PolicyComparison]

CONTROLS = (
    Control("pods", "Pods per node", PLACES),
    Control("policy", "Compare Cluster with", tuple(CONFIGURATIONS)),
    Control("workers", "Workers per Pod", (1, 2, 4, 16)),
    Control("hop_ms", "Cost of an extra hop (ms)", (0.0, 0.1, 0.5, 1.0, 2.5, 5.0)),
    Control("clients", "Clients", (1, 10, 100, 1000, 10_000)),
    Control("requests_per_connection", "Requests per connection", (1, 10, 100, 1000)),
    Control("sticky", "Each client always enters through the same node"),
    Control("crossover", "Show the crossover"),
    Control("utilisation", "Utilisation, %", low=1, high=95),
)


def verdict(setting: LatencySetting, both: PolicyComparison) -> str:
    """Return which policy answers sooner: expected, or as sampled where few clients decide by chance.

    Examples
    --------
    >>> setting = LatencySetting(utilisation=10)
    >>> verdict(setting, sample(setting)).partition(" At the")[0]
    'On average Local answers sooner: 11.5 ms, Cluster 11.8 ms.'
    """
    suffix = "sampled_" if setting.by_chance else ""
    said = []
    for words, column in (("On average {} answers sooner", "mean_ms"), ("At the p99 {} answers sooner", "p99_ms")):
        (slow, slow_ms), (fast, fast_ms) = sorted(
            ((str(name), float(value)) for name, value in both.table[suffix + column].items()),
            key=lambda pair: -pair[1],
        )
        if slow_ms == fast_ms or slow_ms - fast_ms < 1e-9:
            said.append(words.format("neither") + f": {milliseconds(fast_ms)}.")
        else:
            sooner, later = _apart(fast_ms, slow_ms)
            said.append(words.format(_quoted(fast)) + f": {sooner}, {_quoted(slow)} {later}.")
    said.append(
        "(As sampled: few clients are uneven by chance.)"
        if setting.by_chance
        else "(Expected by formula; the picture shows what was sampled.)"
    )
    if setting.crossover:
        turns = " and ".join(f"{100 * turn:.3g}% ({kind})" for kind, turn in turns_at(setting).items())
        said.append(f"{setting.policy} becomes slower than Cluster above {turns}.")
    return " ".join(said)


def _quoted(name: str) -> str:
    """Return a policy's name so that a comma in it does not look like one of the sentence."""
    return f"“{name}”" if "," in name else name


def _apart(fast_ms: float, slow_ms: float) -> tuple[str, str]:
    """Return two times in words, with a digit more where they would look the same."""
    words = milliseconds(fast_ms), milliseconds(slow_ms)
    return words if words[0] != words[1] else (f"{fast_ms:.4g} ms", f"{slow_ms:.4g} ms")


def once(compare: Compare) -> Compare:
    """Return the same function, which samples a setting once for all of its page."""
    latest: dict[LatencySetting, PolicyComparison] = {}

    def both(setting: LatencySetting) -> PolicyComparison:
        if setting not in latest:
            latest.clear()
            latest[setting] = compare(setting)
        return latest[setting]

    return both


def latency_parts(both: Compare = sample) -> Parts[LatencySetting]:
    """Return what the explorer is made of.

    Parameters
    ----------
    both : callable
        Computes what is drawn for a setting; it is called several times for a page.

    Examples
    --------
    >>> "On average Local answers sooner" in latency_parts().page(LatencySetting(utilisation=10))
    True
    """

    def table(setting: LatencySetting) -> str:
        note = (
            "The work takes 10 ms on average and varies from request to request (exponential distribution). Sampled: "
            f"{setting.requests:,} requests for each policy."
        )
        return table_of("Expected for very many clients (sampled in brackets)", HEAD, both(setting).rows(), note)

    return Parts(
        "Latency explorer",
        CONTROLS,
        lambda setting: draw_sides(setting, both(setting)),
        lambda setting: verdict(setting, both(setting)),
        lambda setting: reading(setting, both(setting)),
        table,
        lambda setting: both(setting).caption,
    )


def latency_explorer(
    setting: LatencySetting | None = None,
    *,
    compare: Callable[[LatencySetting], PolicyComparison] = sample,
    controls: Sequence[str] | None = None,
    **options: Any,
) -> Explorer[LatencySetting]:
    """Explore what a traffic policy does to load and latency, beside policy Cluster.

    Parameters
    ----------
    setting : LatencySetting, optional
        Where to begin; by default two Pods on one node, one on another, 60 % busy.
    compare : callable, optional
        Computes what is drawn for a setting; by default `sample`.
    controls : sequence of str, optional
        Names of the controls that are shown, such as ``["pods", "utilisation"]``; by default all. They are called like
        the fields of `LatencySetting`.
    **options : object
        Fields of the setting that are to differ: ``utilisation=60``.

    Returns
    -------
    Explorer
        A widget; without a kernel it shows as a picture and a table.

    Examples
    --------
    >>> latency_explorer()
    <Latency explorer: 60% busy; Cluster mean 25.7 ms, p99 116 ms; Local mean 59.3 ms, p99 391 ms>
    """
    check_arguments(latency_explorer, locals())
    both, queues = once(compare), QueueView()
    live: Live[LatencySetting] = Live(queues, lambda shown: queues.show(shown, both(shown)))
    return Explorer(latency_parts(both), replace(setting or LatencySetting(), **options), live, controls)
