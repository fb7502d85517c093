"""Formulas of queueing theory, and the load from which the policies change places."""

from __future__ import annotations

import math

import pytest

from k8sexpose.traffic import queueing
from k8sexpose.traffic.queueing import crossover_utilisation, wait_ms


def test_facts_of_queueing() -> None:
    # shared/facts/queueing.md 2.3 and 2.4, simulated there by independent engines
    assert wait_ms(0.8, 1000, workers=4) / 1000 == pytest.approx(0.746, abs=5e-4)
    assert wait_ms(0.8, 1, variation=math.e - 1) == pytest.approx(5.437, abs=2e-3)
    assert queueing.response_quantile_ms(0.95, 0.8, 1) == pytest.approx(14.979, abs=1e-3)


CROSSOVERS = {
    # pods per node: {workers: rho* for mu h = .01, .05, .1, .25}, and for p99 with one worker
    (2, 1): ({1: (0.036, 0.128, 0.195, 0.299), 4: (0.211, 0.325, 0.386, 0.468)}, (0.008, 0.037, 0.065, 0.125)),
    (3, 1): ({1: (0.014, 0.060, 0.101, 0.176), 16: (0.314, 0.374, 0.402, 0.437)}, (0.003, 0.015, 0.029, 0.061)),
    (4, 3, 3): ({1: (0.192, 0.400, 0.491, 0.600), 4: (0.413, 0.584, 0.653, 0.730)}, (0.061, 0.180, 0.255, 0.367)),
    (5, 4, 1): ({1: (0.010, 0.043, 0.073, 0.126), 16: (0.203, 0.241, 0.257, 0.275)}, (0.002, 0.011, 0.020, 0.043)),
}


@pytest.mark.parametrize("per_node", CROSSOVERS)
def test_crossover_as_recorded(per_node: tuple[int, ...]) -> None:
    shares = [1 / len(per_node) / pods for pods in per_node for _ in range(pods)]
    hop_share = 1 - 1 / len(per_node)
    means, p99 = CROSSOVERS[per_node]
    for k, hop_ms in enumerate((0.1, 0.5, 1.0, 2.5)):
        for workers, expected in means.items():
            found = crossover_utilisation(shares, hop_ms=hop_ms, hop_share=hop_share, workers=workers)
            assert found == pytest.approx(expected[k], abs=6e-4)
        found = crossover_utilisation(shares, hop_ms=hop_ms, hop_share=hop_share, quantile=0.99)
        assert found == pytest.approx(p99[k], abs=6e-4)


def erlang_c(workers: int, offered: float) -> float:
    """The probability to wait, from the sums of its textbook formula, in logarithms: factorials of thousands."""
    states = [busy * math.log(offered) - math.lgamma(busy + 1) for busy in range(workers)]
    full = workers * math.log(offered) - math.lgamma(workers + 1) - math.log(1 - offered / workers)
    return 1 / (1 + sum(math.exp(state - full) for state in states))


@pytest.mark.parametrize("utilisation", [0.9, 0.97, 0.995])
def test_many_workers_wait_as_the_sums_say(utilisation: float) -> None:
    workers = queueing.MANY_WORKERS
    waits = erlang_c(workers, workers * utilisation)
    expected_ms = waits * 10 / (workers * (1 - utilisation))
    assert wait_ms(utilisation, 10, workers=workers) == pytest.approx(expected_ms, rel=1e-6)


@pytest.mark.parametrize("workers", [1, 4, queueing.MANY_WORKERS])
def test_nobody_waits_where_nothing_comes(workers: int) -> None:
    assert wait_ms(0, 10, workers=workers) == 0


def test_nobody_hops_unless_a_share_is_given() -> None:
    plain = queueing.response_ms([1.0], 0.5, 10)
    assert queueing.response_ms([1.0], 0.5, 10, hop_ms=5) == plain
    assert queueing.response_ms([1.0], 0.5, 10, hop_ms=5, hop_share=0.5).mean_ms == pytest.approx(plain.mean_ms + 2.5)


def test_numbers_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="workers"):
        queueing.erlang_c(0, 0.5)
    with pytest.raises(ValueError, match="utilisation"):
        wait_ms(-0.1, 10)
    with pytest.raises(ValueError, match=r"sum to 1, not to 0\.7"):
        queueing.response_quantile_ms(0.99, 0.5, 10, shares=[0.5, 0.2])


def test_the_root_is_found_with_few_values_of_the_function() -> None:
    asked = []

    def rising(x: float) -> float:
        asked.append(x)
        return x**3 - 0.2

    assert queueing._root(rising, 1.0) == pytest.approx(0.2 ** (1 / 3), rel=1e-11)
    assert len(asked) < 20  # bisection alone takes forty


def test_a_crossover_wants_a_quantile_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="quantile"):
        crossover_utilisation([0.25, 0.75], hop_ms=1, hop_share=0.5, quantile=1.5)


def test_crossover_at_its_ends() -> None:
    assert crossover_utilisation([0.5, 0.5], hop_ms=1, hop_share=0.5) == 1
    assert crossover_utilisation([0.25, 0.75], hop_ms=0, hop_share=0.5) == 0
    with pytest.raises(ValueError, match="exponential"):
        crossover_utilisation([0.25, 0.75], hop_ms=1, hop_share=0.5, quantile=0.99, variation=0)


@pytest.mark.parametrize(("utilisation", "tail"), [(1.0, 1.0), (1.5, 1.0)])
def test_at_and_above_the_limit_nobody_is_served_in_time(utilisation: float, tail: float) -> None:
    assert queueing.response_tail(1e9, utilisation, 10, workers=2) == tail
    assert queueing.wait_ms(utilisation, 10, workers=2) == math.inf
    assert queueing.response_quantile_ms(0.99, utilisation, 10) == math.inf
    # One Pod at its limit is enough, however small its share.
    assert queueing.response_quantile_ms(0.99, utilisation / 2, 10, shares=[1.0, 0.0]) == math.inf


def test_just_below_the_limit_the_tail_falls() -> None:
    near = [queueing.response_tail(time_ms, 1 - 1e-6, 10) for time_ms in (0, 1e6, 1e7)]
    assert near[0] == 1.0 and 1 > near[1] > near[2] > 0
    assert queueing.response_tail(-1, 0.5, 10) == 1.0


@pytest.mark.parametrize("quantile", [None, 0.99])
def test_a_crossover_lies_below_the_load_that_the_hottest_pod_can_bear(quantile: float | None) -> None:
    """A hop that costs very much puts the crossover just below 1 / (Pods × largest share), and never beyond."""
    shares, limit = [0.25, 0.25, 0.5], 1 / 1.5
    costly = crossover_utilisation(shares, hop_ms=1e6, hop_share=0.5, quantile=quantile)
    assert limit - 1e-3 < costly < limit
    assert crossover_utilisation(shares, hop_ms=1e12, hop_share=0.5, quantile=quantile) == pytest.approx(limit)
