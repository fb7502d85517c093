"""Other people's simulators as a second opinion: SimPy and Ciw on the same workload, from their own random numbers."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

import k8sexpose as kx
from k8sexpose.traffic.path_table import RequestTarget, read_table
from tests.router.helpers import cluster_with

pytestmark = pytest.mark.slow

REASON = "comes with the test extras: pip install k8sexpose[test]"
RATE_RPS, SERVICE_MS, PODS = 210.0, 10.0, 3
RUNS, REQUESTS = 12, 8000


def ours(seed: int, requests: int = REQUESTS) -> kx.Traffic:
    """Wait and service alone: the network is taken off."""
    cluster = cluster_with([2, 1], {"type": "LoadBalancer"})
    return kx.simulate(cluster, "web", requests=requests, rate_rps=RATE_RPS, service_ms=SERVICE_MS, seed=seed)


def network_ms() -> float:
    paths = read_table(cluster_with([2, 1], {"type": "LoadBalancer"}), RequestTarget("web")).paths
    return sum(path.network_ms * float(share) for path, share in paths.items())


def agree(one: list[float], other: list[float]) -> None:
    """Means of independent runs lie within three standard errors of their difference."""
    error = math.sqrt(np.var(one, ddof=1) / len(one) + np.var(other, ddof=1) / len(other))
    assert abs(np.mean(one) - np.mean(other)) < 3 * error
    assert error < 0.08 * np.mean(one), "too uncertain to say anything"


def simpy_latencies_ms(seed: int, requests: int) -> list[float]:
    simpy = pytest.importorskip("simpy", reason=REASON)
    env, chance = simpy.Environment(), Random(seed)
    pods = [simpy.Resource(env, capacity=1) for _ in range(PODS)]
    done: list[float] = []

    def request(pod: object) -> object:
        arrived_s = env.now
        with pod.request() as turn:  # type: ignore[attr-defined]
            yield turn
            yield env.timeout(chance.expovariate(1000 / SERVICE_MS))
        done.append((env.now - arrived_s) * 1000)

    def source() -> object:
        for _ in range(requests):
            yield env.timeout(chance.expovariate(RATE_RPS))
            env.process(request(chance.choice(pods)))

    env.process(source())
    env.run()
    return done


def test_simpy_agrees() -> None:
    theirs = [simpy_latencies_ms(seed, REQUESTS) for seed in range(RUNS)]
    results = [ours(seed) for seed in range(RUNS)]
    agree([traffic.mean_ms - network_ms() for traffic in results], [float(np.mean(run)) for run in theirs])
    agree([traffic.summary.p95_ms for traffic in results], [float(np.quantile(run, 0.95)) for run in theirs])


def test_ciw_agrees() -> None:
    ciw = pytest.importorskip("ciw", reason=REASON)
    theirs = []
    for seed in range(RUNS):
        ciw.seed(seed)
        one = ciw.dists.Exponential(RATE_RPS / PODS)
        network = ciw.create_network(
            arrival_distributions=[one] * PODS,
            service_distributions=[ciw.dists.Exponential(1000 / SERVICE_MS)] * PODS,
            routing=[[0.0] * PODS] * PODS,
            number_of_servers=[1] * PODS,
        )
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(REQUESTS / RATE_RPS)
        records = simulation.get_all_records()
        theirs.append(float(np.mean([r.waiting_time + r.service_time for r in records])) * 1000)
    agree([ours(seed).mean_ms - network_ms() for seed in range(RUNS)], theirs)
