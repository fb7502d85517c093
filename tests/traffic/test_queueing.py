"""Formulas of queueing theory, and the load from which the policies change places."""

from __future__ import annotations

import math
from typing import Any

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


@pytest.mark.parametrize("workers", [1, 4, 5000])
@pytest.mark.parametrize("utilisation", [1, 1.0001, 1.5, 3])
def test_from_full_load_on_everybody_waits(workers: int, utilisation: float) -> None:
    assert queueing.erlang_c(workers, utilisation) == 1
    assert wait_ms(utilisation, 10, workers=workers) == math.inf


MANY = [(1000, 0.5), (1000, 0.9), (1000, 0.97), (1000, 0.9999), (1001, 0.97), (5000, 0.99), (20_000, 0.99999)]


@pytest.mark.parametrize(("workers", "utilisation"), [(1, 0.3), (2, 0.5), (3, 0.7), (5, 0.9), (50, 0.6), (999, 0.97)])
def test_erlang_c_as_the_sums_say(workers: int, utilisation: float) -> None:
    assert queueing.erlang_c(workers, utilisation) == pytest.approx(erlang_c(workers, workers * utilisation), rel=1e-9)


@pytest.mark.parametrize(("workers", "utilisation"), MANY)
def test_many_workers_wait_as_the_sums_say(workers: int, utilisation: float) -> None:
    waits = erlang_c(workers, workers * utilisation)
    assert queueing.erlang_c(workers, utilisation) == pytest.approx(waits, rel=1e-7)
    expected_ms = waits * 10 / (workers * (1 - utilisation))
    assert wait_ms(utilisation, 10, workers=workers) == pytest.approx(expected_ms, rel=1e-7)


def test_workers_beyond_all_sums_wait_by_a_smooth_rule() -> None:
    """Nobody can add up 10**12 states; Halfin and Whitt's limit (1981) says what a very large pool tends to."""
    workers, beta = 10**12, 1.0
    density = math.exp(-(beta**2) / 2) / math.sqrt(2 * math.pi)
    below = (1 + math.erf(beta / math.sqrt(2))) / 2
    expected = 1 / (1 + beta * below / density)
    assert queueing.erlang_c(workers, 1 - beta / math.sqrt(workers)) == pytest.approx(expected, rel=1e-5)
    # So near full load that floats cannot tell the difference everybody waits.
    assert queueing.erlang_c(workers, 1 - 1e-13) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("workers", "variation"), [(1, 0.0), (1, 2.0), (4, 0.5), (4, 3.0)])
def test_the_wait_grows_with_the_variation_of_the_work(workers: int, variation: float) -> None:
    """Pollaczek and Khinchine for one worker; for more of them the factor of Lee and Longton."""
    exponential = erlang_c(workers, workers * 0.7) * 10 / (workers * 0.3)
    found = wait_ms(0.7, 10, workers=workers, variation=variation)
    assert found == pytest.approx(exponential * (1 + variation) / 2, rel=1e-9)


# -- the tail of the response, and its quantiles ----


def tail(time_ms: float, utilisation: float, service_ms: float, workers: int) -> float:
    """Wait and service add up: the tail by Simpson's rule over how long the wait was."""
    waits = erlang_c(workers, workers * utilisation)
    drain = workers * (1 - utilisation) / service_ms

    def late_after(wait_ms: float) -> float:
        return drain * math.exp(-drain * wait_ms - (time_ms - wait_ms) / service_ms)

    steps = 2000
    step = time_ms / steps
    weights = [1, *([4, 2] * (steps // 2 - 1)), 4, 1]
    both = sum(weight * late_after(k * step) for k, weight in enumerate(weights)) * step / 3
    return (1 - waits) * math.exp(-time_ms / service_ms) + waits * (math.exp(-drain * time_ms) + both)


@pytest.mark.parametrize(("workers", "utilisation"), [(1, 0.3), (2, 0.5), (2, 0.9), (4, 0.75), (4, 0.6), (8, 0.95)])
def test_the_tail_is_that_of_wait_and_service_together(workers: int, utilisation: float) -> None:
    """Of (2, 0.5) and (4, 0.75) the wait drains as fast as a request is served: the limit of the formula."""
    for time_ms in (0.5, 8.0, 30.0, 120.0):
        found = queueing.response_tail(time_ms, utilisation, 8.0, workers=workers)
        assert found == pytest.approx(tail(time_ms, utilisation, 8.0, workers), rel=1e-8)


def test_the_tail_has_no_step_where_both_rates_are_alike() -> None:
    near = [queueing.response_tail(20, 0.5 + d, 8, workers=2) for d in (0, 1e-12, -1e-7, 1e-7)]
    assert near == pytest.approx([near[0]] * 4, rel=1e-5)


@pytest.mark.parametrize("time_ms", [True, "1", None, math.nan])
def test_a_time_is_a_number_of_milliseconds(time_ms: object) -> None:
    with pytest.raises(ValueError, match="time_ms is a number of milliseconds, not "):
        queueing.response_tail(time_ms, 0.5, 10)  # type: ignore[arg-type]


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.9, 0.99, 0.999])
def test_quantiles_of_pods_with_different_loads_and_a_hop(quantile: float) -> None:
    """M/M/1: a Pod with the share s of three is late with exp(-(1 - 3·s·rho)·t/S), a hop later for some."""
    shares, load, service_ms, hop_share, hop_ms = (0.5, 0.3, 0.2), 0.5, 8.0, 0.4, 3.0
    found = queueing.response_quantile_ms(
        quantile, load, service_ms, shares=shares, hop_share=hop_share, hop_ms=hop_ms
    )  # fmt: skip

    def late(time_ms: float) -> float:
        return sum(share * math.exp(-(1 - 3 * share * load) * max(time_ms, 0) / service_ms) for share in shares)

    assert (1 - hop_share) * late(found) + hop_share * late(found - hop_ms) == pytest.approx(1 - quantile, rel=1e-9)


def test_a_response_has_a_mean_and_two_quantiles() -> None:
    found = queueing.response_ms([1.0], 0.6, 10, hop_share=1.0, hop_ms=2, network_ms=5)
    exponential_ms = 10 / (1 - 0.6)  # M/M/1: the response is exponential
    expected = [exponential_ms, math.log(2) * exponential_ms, math.log(100) * exponential_ms]
    assert (found.mean_ms, found.p50_ms, found.p99_ms) == pytest.approx([ms + 2 + 5 for ms in expected])
    with_idle = queueing.response_ms([0.5, 0.5, 0.0], 0.3, 10)
    assert with_idle.mean_ms == pytest.approx(10 / (1 - 0.45))  # three Pods bear 0.3 each, two of them do the work
    four = queueing.response_ms([0.75, 0.25], 0.5, 10, workers=4)
    waits = [wait_ms(load, 10, workers=4) for load in (0.75, 0.25)]
    assert four.mean_ms == pytest.approx(0.75 * waits[0] + 0.25 * waits[1] + 10)


@pytest.mark.parametrize("workers", [1, 4, 1000])
def test_nobody_waits_where_nothing_comes(workers: int) -> None:
    assert wait_ms(0, 10, workers=workers) == 0


def test_one_overloaded_pod_leaves_no_quantile() -> None:
    """Also where most requests go to Pods that can do their work: the queue of the other one never ends."""
    assert queueing.response_quantile_ms(0.5, 0.7, 10, shares=(0.4, 0.2, 0.2, 0.2)) == math.inf
    assert queueing.response_quantile_ms(0.5, 0.6, 10, shares=(0.4, 0.2, 0.2, 0.2)) < math.inf


def test_nobody_hops_unless_a_share_is_given() -> None:
    plain = queueing.response_ms([1.0], 0.5, 10)
    assert queueing.response_ms([1.0], 0.5, 10, hop_share=0.5) == plain  # a hop that takes no time
    assert queueing.response_ms([1.0], 0.5, 10, hop_ms=5) == plain
    assert queueing.response_ms([1.0], 0.5, 10, hop_ms=5, hop_share=0.5).mean_ms == pytest.approx(plain.mean_ms + 2.5)


def test_numbers_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="workers"):
        queueing.erlang_c(0, 0.5)
    with pytest.raises(ValueError, match="utilisation"):
        wait_ms(-0.1, 10)
    with pytest.raises(ValueError, match=r"sum to 1, not to 0\.7"):
        queueing.response_quantile_ms(0.99, 0.5, 10, shares=[0.5, 0.2])


def overloaded(x: float) -> float:
    return math.inf if x >= 0.7 else x / (1 - x / 0.7) - 5


ROOTS = {
    "cube": (lambda x: x**3 - 0.2, 1.0, 0.2 ** (1 / 3)),
    "line beyond the bracket": (lambda x: x - 3, 1.0, 3.0),
    "line at the bracket": (lambda x: x - 1, 1.0, 1.0),
    "exponential": (lambda x: math.exp(x) - 5, 1.0, math.log(5)),
    "steep": (lambda x: x**9 - 0.5, 1.0, 0.5 ** (1 / 9)),
    "flat": (lambda x: 0.3 - 1 / (1 + x), 1.0, 1 / 0.3 - 1),
    "turning": (lambda x: math.atan(x - 100), 1.0, 100.0),
    "with a pole": (overloaded, 0.7, 3.5 / 5.7),
    "power": (lambda x: x**5 - 1e-9, 1.0, 1e-9 ** (1 / 5)),
}


@pytest.mark.parametrize("name", ROOTS)
def test_the_root_is_found_with_few_values_of_the_function(name: str) -> None:
    """Bisection alone takes forty values."""
    function, upper, root = ROOTS[name]
    asked = []

    def rising(x: float) -> float:
        asked.append(x)
        return function(x)

    assert queueing._root(rising, upper) == pytest.approx(root, rel=3e-12)
    assert len(asked) <= 15


def test_interpolation_spares_three_of_four_values() -> None:
    """Chandrupatla's method: nine values on average, where bisection alone takes forty."""
    asked = []
    for function, upper, _ in ROOTS.values():
        queueing._root(lambda x, function=function: (asked.append(x), function(x))[1], upper)
    assert len(asked) / len(ROOTS) < 9.5


@pytest.mark.parametrize("values", [(-1.0, 2.0), (-1.0, math.inf), (-math.inf, 1.0)])
def test_where_a_function_jumps_or_lies_flat_halves_are_taken(values: tuple[float, float]) -> None:
    assert queueing._root(lambda x: values[x >= 0.3], 1.0) == pytest.approx(0.3, rel=3e-12)


def test_a_root_near_zero_is_found_to_its_own_digits() -> None:
    assert queueing._root(lambda x: x - 1e-9, 1.0) == pytest.approx(1e-9, rel=1e-5)


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


# -- what is refused ----

LIMIT = 1e12  # milliseconds, and workers
WRONG = {
    "utilisation": [-0.1, math.nan, math.inf, True, "0.5"],
    "service_ms": [0, -1, LIMIT + 0.5, "10"],
    "workers": [0, -1, 1.5, 10**12 + 1, True],
    "variation": [-0.5, math.inf],
    "hop_share": [-0.1, 1.5],
    "hop_ms": [-1, LIMIT + 0.5],
    "quantile": [0, 1, 99],
    "shares": [(), (0.5, 0.4), (0.5, 0.502), (-0.5, 1.5)],
}
GIVEN = {
    "utilisation": 0.5, "service_ms": 10.0, "workers": 1, "variation": 1.0, "hop_share": 0.5, "hop_ms": 1.0,
    "quantile": 0.9, "shares": (0.5, 0.5), "time_ms": 3.0,
}  # fmt: skip
TAKES = {
    queueing.erlang_c: "workers utilisation",
    queueing.wait_ms: "utilisation service_ms workers variation",
    queueing.response_tail: "time_ms utilisation service_ms workers",
    queueing.response_quantile_ms: "quantile utilisation service_ms workers shares hop_share hop_ms",
    queueing.response_ms: "shares utilisation service_ms workers hop_share hop_ms",
    queueing.crossover_utilisation: "shares hop_ms hop_share service_ms workers variation quantile",
}
ASKED = [(function, name, value) for function, names in TAKES.items() for name in names.split() for value in WRONG.get(name, ())]  # fmt: skip


@pytest.mark.parametrize(("function", "name", "value"), ASKED)
def test_each_formula_refuses_a_wrong_number_by_its_name(function: Any, name: str, value: object) -> None:
    given = {one: GIVEN[one] for one in TAKES[function].split()}
    function(**given)
    with pytest.raises(ValueError, match=rf"^{name}"):
        function(**given | {name: value})


@pytest.mark.parametrize("function", TAKES)
def test_the_largest_numbers_are_taken(function: Any) -> None:
    largest = {"service_ms": LIMIT, "workers": 10**12, "hop_ms": LIMIT, "hop_share": 1, "shares": (0.5, 0.4995)}
    given = {one: largest.get(one, GIVEN[one]) for one in TAKES[function].split()}
    assert function(**given) is not None


# -- measures of skew ----


@pytest.mark.parametrize("loads", [(1, 2, 3, 4), (0.25, 0.25, 0.5), (5, 0, 0, 0), (7, 7)])
def test_measures_of_skew_by_their_definitions(loads: tuple[float, ...]) -> None:
    mean = sum(loads) / len(loads)
    variance = sum((load - mean) ** 2 for load in loads) / len(loads)
    assert queueing.jain_index(loads) == pytest.approx(1 / (1 + variance / mean**2))
    assert queueing.max_over_mean(loads) == pytest.approx(max(loads) / mean)
    assert queueing.effective_clients(loads) == pytest.approx(len(loads) / (1 + variance / mean**2))


def test_no_load_has_no_skew() -> None:
    assert math.isnan(queueing.jain_index([0, 0])) and math.isnan(queueing.max_over_mean([0, 0]))


@pytest.mark.parametrize(
    ("nodes", "largest"),
    [(1, 0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi)), (4, 1.02938), (10, 1.53875)],
)
def test_sticky_clients_weigh_as_the_largest_of_normal_numbers(nodes: int, largest: float) -> None:
    """The expected maximum of n standard normal numbers: for 2 and 3 exact, else from tables (Tippett 1925)."""
    assert queueing.sticky_max_over_mean(nodes, nodes) == pytest.approx(1 + largest, abs=6e-6)
    assert queueing.sticky_max_over_mean(nodes, 100 * nodes) == pytest.approx(1 + largest / 10, abs=1e-6)


def test_sticky_nodes_and_clients_are_counted() -> None:
    for wrong in (0, 10**12 + 1):
        with pytest.raises(ValueError, match="nodes"):
            queueing.sticky_max_over_mean(wrong, 10)
    with pytest.raises(ValueError, match="clients"):
        queueing.sticky_max_over_mean(3, 0)


# -- the crossover, from its definition ----


@pytest.mark.parametrize(("variation", "workers"), [(1.0, 1), (0.0, 1), (2.0, 1), (1.0, 4)])
def test_at_the_crossover_both_policies_wait_alike(variation: float, workers: int) -> None:
    shares, hop_ms, hop_share = (0.25, 0.25, 0.5), 1.5, 0.5

    def mean_wait(load: float) -> float:
        return erlang_c(workers, workers * load) * 10 / (workers * (1 - load)) * (1 + variation) / 2

    found = crossover_utilisation(shares, hop_ms=hop_ms, hop_share=hop_share, variation=variation, workers=workers)
    skewed = sum(share * mean_wait(3 * share * found) for share in shares)
    assert skewed == pytest.approx(mean_wait(found) + hop_ms * hop_share, rel=1e-9)


def test_at_the_crossover_of_a_quantile_both_policies_are_late_alike() -> None:
    shares, hop = (0.25, 0.25, 0.5), {"hop_ms": 1.5, "hop_share": 0.5}
    found = crossover_utilisation(shares, **hop, quantile=0.99)
    skewed = queueing.response_quantile_ms(0.99, found, 10, shares=shares)
    assert skewed == pytest.approx(queueing.response_quantile_ms(0.99, found, 10, **hop), rel=1e-9)
    assert crossover_utilisation((0.5, 0.5), **hop, quantile=0.99) == 1


def test_a_crossover_is_one_only_where_no_pod_has_more_than_its_part() -> None:
    slightly = (0.5 + 1e-9, 0.5 - 1e-9)
    assert crossover_utilisation(slightly, hop_ms=1e-6, hop_share=0.5) < 1
    assert crossover_utilisation((0.25, 0.75), hop_ms=1, hop_share=0) == 0
    assert crossover_utilisation((0.25, 0.75), hop_ms=1e-9, hop_share=0.5) > 0


def test_a_quantile_has_no_hop_unless_a_share_is_given() -> None:
    plain = queueing.response_quantile_ms(0.9, 0.5, 10)
    assert plain == pytest.approx(20 * math.log(10))  # M/M/1 at one half: exponential with a mean of 20 ms
    assert queueing.response_quantile_ms(0.9, 0.5, 10, hop_ms=5) == plain
    assert queueing.response_quantile_ms(0.9, 0.5, 10, hop_share=1) == plain
