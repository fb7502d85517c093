"""How fast `k8sexpose.simulate` is: ``python benchmarks/traffic.py`` (with ``--long`` for 10⁸ requests, a minute).

Everything with a limit is a ratio within this one run, in process CPU time, so that it does not depend on the machine:
to an idiomatic SimPy model that sends as many requests of the same workload and builds the same table; to the time in
which NumPy draws the two exponential numbers that a request needs at least. Limits in seconds hold where that takes
6.55 ns; other times are converted by how long it takes in this run. Workload (the plain case): 10 nodes, 20 Pods,
1,000 clients, policy Cluster, one request a connection, one worker a Pod, exponential service, utilisation 0.8. With
``NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR"`` it shows a processor without AVX-512.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

import k8sexpose as kx
from benchmarks.measure import best, cpu_s, in_turns, show

NODES, PODS = 10, 20
SERVICE_MS, UTILISATION, CLIENTS = 10.0, 0.8, 1000
RATE_RPS = UTILISATION * PODS / (SERVICE_MS / 1000)
BLOCK = 65_536
HAPPY = Path(__file__).resolve().parents[1] / "build/happy/bin/python"
PAIR_NS = 6.55  # two exponential draws on the machine on which the limits in seconds were set (36 ns were 5.5 of them)


def cluster_of(nodes: int = NODES, pods: int = PODS) -> kx.Cluster:
    """Build the cluster: Pods evenly over the nodes, a LoadBalancer Service under policy Cluster."""
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("api-backend", per_node=[pods // nodes] * nodes)
    cluster.apply(kx.example("public-api-lb"))
    return cluster


def ours(cluster: kx.Cluster, requests: int, **options: Any) -> kx.Traffic:
    """Simulate the workload, or another one, and build the table of Pods, as the models of the others do."""
    plain = {"rate_rps": RATE_RPS, "clients": CLIENTS, "service_ms": SERVICE_MS}
    traffic = kx.simulate(cluster, "public-api-lb", requests=requests, **(plain | options))
    assert len(traffic.by_pod) >= PODS  # a table is made when it is looked at; an event may bring more Pods
    return traffic


def simpy_model(requests: int) -> pd.DataFrame:
    """Model the same with SimPy: a Resource for each Pod, a uniform draw of the Pod, the table by groupby-quantile."""
    import simpy

    env, chance = simpy.Environment(), Random(0)
    pods = [simpy.Resource(env, capacity=1) for _ in range(PODS)]
    done: list[tuple[int, float]] = []
    mean_s = SERVICE_MS / 1000

    def request(pod: int) -> object:
        arrived_s = env.now
        with pods[pod].request() as turn:
            yield turn
            yield env.timeout(chance.expovariate(1 / mean_s))
        done.append((pod, (env.now - arrived_s) * 1000))

    def source() -> object:
        for _ in range(requests):
            yield env.timeout(chance.expovariate(RATE_RPS))
            env.process(request(chance.randrange(PODS)))

    env.process(source())
    env.run()
    frame = pd.DataFrame(done, columns=["pod", "latency_ms"])
    grouped = frame.groupby("pod").latency_ms
    table = grouped.quantile([0.5, 0.95, 0.99]).unstack()
    table["requests"] = grouped.size()
    table["share"] = table.requests / requests
    return table


def ciw_model(requests: int) -> None:
    """Model the same with Ciw: a node for each Pod, its own stream of arrivals; all records."""
    import ciw

    ciw.seed(0)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(RATE_RPS / PODS)] * PODS,
        service_distributions=[ciw.dists.Exponential(1000 / SERVICE_MS)] * PODS,
        routing=[[0.0] * PODS] * PODS,
        number_of_servers=[1] * PODS,
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(requests / RATE_RPS)
    simulation.get_all_records()


def happy_ns(requests: int) -> float | None:
    """Measure a request in happy-simulator, in CPU time; None where its environment is not there (see happy.py)."""
    if not HAPPY.exists():
        return None
    program = Path(__file__).with_name("happy.py")
    command = [str(HAPPY), str(program), *map(str, (requests, PODS, RATE_RPS, SERVICE_MS))]
    took_ns, mean_ms = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.split()
    expected_ms = SERVICE_MS / (1 - UTILISATION)
    assert 0.7 < float(mean_ms) / expected_ms < 1.4, f"another model: mean {mean_ms} ms, expected {expected_ms:.0f} ms"
    return float(took_ns)


def draw(requests: int) -> None:
    """Draw what a request needs at least: the time to the next, and its service time."""
    generator, buffer = np.random.Generator(np.random.PCG64(0)), np.empty(BLOCK)
    for _ in range(-(-requests // BLOCK)):
        generator.standard_exponential(out=buffer)
        generator.standard_exponential(out=buffer)


def machine() -> None:
    """Print how fast NumPy is here, so that the distance to its limit is seen."""
    buffer, other = np.random.default_rng(0).random(BLOCK), np.empty(BLOCK)
    works = {
        "cumsum": lambda: cpu_s(lambda: [np.cumsum(buffer, out=other) for _ in range(20)]),
        "minimum.accumulate": lambda: cpu_s(lambda: [np.minimum.accumulate(buffer, out=other) for _ in range(20)]),
        "add": lambda: cpu_s(lambda: [np.add(buffer, other, out=other) for _ in range(20)]),
    }
    for name, took_s in best(in_turns(works, 9)).items():
        show(f"NumPy here: {name}, a number", f"{took_s / 20 / BLOCK * 1e9:.2f} ns")
    core = getattr(np, "_core", None) or np.core  # the latter before NumPy 2
    features = core._multiarray_umath.__cpu_features__
    show("NumPy here: AVX-512", "on" if features.get("AVX512_SKX") or features.get("X86_V4") else "off")


def peak_mb(requests: int) -> float:
    """Measure, in a process of its own, how far the peak of memory lies above the import (Linux)."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "import traffic, pandas, k8sexpose.traffic.simulation\n"
        "def peak_kb():\n"
        "    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "before = peak_kb()\n"
        "traffic.ours(traffic.cluster_of(), int(sys.argv[3]))\n"
        "print(peak_kb() - before)"
    )
    here = Path(__file__).resolve().parent
    command = [sys.executable, "-c", code, str(here), str(here.parent), str(requests)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


def main(long: bool = False, quick: bool = False) -> int:
    """Print the table; 1 where a limit is missed."""
    cluster = cluster_of()
    ours(cluster, 1000)
    machine()
    many, some, rounds = (1_000_000, 200_000, 5) if quick else (10_000_000, 1_000_000, 7)
    event = (kx.NodeDown("node-1", at_s=0.1 * some / RATE_RPS),)
    cases = {
        "draw": (lambda: draw(many), many),
        "few": (lambda: ours(cluster, 10_000), 10_000),
        "1e5": (lambda: ours(cluster, 100_000), 100_000),
        "1e6": (lambda: ours(cluster, 1_000_000), 1_000_000),
        "many": (lambda: ours(cluster, many), many),
        "kept": (lambda: ours(cluster, some, requests_per_connection=10), some),
        "sticky": (lambda: ours(cluster, some, sticky=True), some),
        "event": (lambda: ours(cluster, some, events=event), some),
        "workers": (lambda: ours(cluster, some, workers=4, rate_rps=4 * RATE_RPS), some),
        "simpy": (lambda: simpy_model(20_000), 20_000),
    }
    # In turns, and each for about as long: small runs are repeated.
    works = {
        name: (lambda work=work, size=size: min(cpu_s(work) for _ in range(max(1, min(many // size, 30)))) / size)
        for name, (work, size) in cases.items()
    }
    works["simpy, some"] = lambda: cpu_s(lambda: simpy_model(some)) / some  # once a turn: it takes long enough
    cost = {name: 1e9 * took_s for name, took_s in best(in_turns(works, rounds)).items()}  # ns a request
    drawn = cost["draw"]
    show("NumPy here: two exponential draws", f"{drawn:.1f} ns")
    show("SimPy, a request of 20,000", f"{cost['simpy']:,.0f} ns")
    show(f"SimPy, a request of {some:,}", f"{cost['simpy, some']:,.0f} ns")
    times = cost["simpy, some"] / cost["1e6"]
    good = [show("whole result, 1e6 requests, plain case, times SimPy", f"{times:.0f} x", ">= 600 x", times >= 600)]
    show("the same, times SimPy with 20,000 requests", f"{cost['simpy'] / cost['1e6']:.0f} x")
    show("whole result, 1e5 requests, plain case, times SimPy", f"{cost['simpy'] / cost['1e5']:.0f} x")
    ratio = cost["many"] / drawn
    show(f"{many:.0e} requests, plain case: a request", f"{cost['many']:.1f} ns")
    good.append(show(f"{many:.0e} requests, plain case: over two draws", f"{ratio:.2f} x", "<= 2.5 x", ratio <= 2.5))
    slow = drawn / PAIR_NS
    show("this machine now is slower than the one of the limits", f"{slow:.2f} x")
    kinds = {"kept": "kept connections (10 requests each)", "sticky": "sticky clients", "event": "one event"}
    for name, what in kinds.items():
        converted = cost[name] / slow
        show(f"{what}: a request", f"{cost[name]:.1f} ns")
        good.append(show(f"{what}: a request, converted", f"{converted:.1f} ns", "<= 30 ns", converted <= 30))
    converted = cost["workers"] / slow
    show("4 workers, 1e6 requests", f"{cost['workers']:.1f} ms")
    good.append(show("4 workers, 1e6 requests, converted", f"{converted:.1f} ms", "<= 60 ms", converted <= 60))
    fixed_ms = (cost["few"] - (cost["1e5"] * 1e5 - cost["few"] * 1e4) / 9e4) / 100
    show("fixed cost of a run, from 1e4 and 1e5 requests", f"{fixed_ms:.2f} ms")
    good.append(show("fixed cost of a run, converted", f"{fixed_ms / slow:.2f} ms", "<= 1.0 ms", fixed_ms / slow <= 1))
    large = peak_mb(many)
    good.append(show(f"peak memory above import, {many:.0e} requests", f"{large:.0f} MB", "<= 30 MB", large <= 30))
    if long:
        ratio = cpu_s(lambda: ours(cluster, 100_000_000)) * 10 / cost["many"]
        good.append(show("cost per request at 1e8, over that at 1e7", f"{ratio:.2f}", "<= 1.3", ratio <= 1.3))
    ciw_ns = cpu_s(lambda: ciw_model(10_000)) * 1e5
    show("whole result, 1e6 requests, plain case, times Ciw", f"{ciw_ns / cost['1e6']:,.0f} x")
    happy = happy_ns(20_000)
    times_happy = "not measured: needs Python 3.13" if happy is None else f"{happy / cost['1e6']:,.0f} x"
    show("whole result, 1e6 requests, plain case, times happy-simulator", times_happy)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(long="--long" in sys.argv, quick="--quick" in sys.argv))
