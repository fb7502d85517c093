"""How fast `k8sexpose.simulate` is: ``python benchmarks/traffic.py`` (with ``--long`` for 10⁸ requests, a minute).

Everything printed is a ratio within this one run, in process CPU time, so that it does not depend on the machine:
to an idiomatic SimPy model of the same workload that builds the same table; to the speed at which NumPy draws the
random numbers needed; to itself at other sizes. Aims stand beside. Workload: 10 nodes, 20 Pods, 1,000 clients, policy
Cluster, one request a connection, one worker a Pod, exponential service, utilisation 0.8.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

import k8sexpose as kx
from benchmarks.measure import best, cpu_s, in_turns, show

NODES, PODS = 10, 20
SERVICE_MS, UTILISATION, CLIENTS = 10.0, 0.8, 1000
RATE_RPS = UTILISATION * PODS / (SERVICE_MS / 1000)
BLOCK = 65_536


def cluster_of(nodes: int = NODES, pods: int = PODS) -> kx.Cluster:
    """Build the cluster: Pods evenly over the nodes, a LoadBalancer Service under policy Cluster."""
    cluster = kx.Cluster(nodes=nodes)
    cluster.deploy("api-backend", per_node=[pods // nodes] * nodes)
    cluster.apply(kx.example("public-api-lb"))
    return cluster


def ours(cluster: kx.Cluster, requests: int) -> kx.Traffic:
    """Simulate the workload, whole result."""
    return kx.simulate(
        cluster, "public-api-lb", requests=requests, rate_rps=RATE_RPS, clients=CLIENTS, service_ms=SERVICE_MS
    )


def engine_alone(cluster: kx.Cluster, requests: int) -> float:
    """Return the CPU seconds of the engine, without router and tables."""
    from k8sexpose.traffic.connections import Connections
    from k8sexpose.traffic.engine import Engine
    from k8sexpose.traffic.path_table import RequestTarget
    from k8sexpose.traffic.random_streams import Draws
    from k8sexpose.traffic.timeline import standing

    states = standing(cluster, RequestTarget("public-api-lb"))
    names = [pod.name for pod in cluster.pods]
    nodes = [node.name for node in cluster.nodes]
    engine = Engine(
        Draws(0, RATE_RPS, SERVICE_MS), Connections(CLIENTS, 1, 0), states,
        pods=names, nodes=nodes, workers=1, requests=requests, rate_rps=RATE_RPS,
    )  # fmt: skip
    return cpu_s(engine.run)


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


def draw(requests: int) -> None:
    """Draw what a request needs: the time to the next, its service time, its way."""
    generator, buffer = np.random.Generator(np.random.PCG64(0)), np.empty(BLOCK)
    for _ in range(requests // BLOCK):
        generator.standard_exponential(out=buffer)
        generator.standard_exponential(out=buffer)
        generator.random(out=buffer)


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
    many = 1_000_000 if quick else 10_000_000
    # First, for the other simulators leave the memory in pieces. Each size gets the same time: small runs are repeated.
    sizes = (100_000, 1_000_000, many)
    works = {
        str(size): (lambda size=size: min(cpu_s(lambda: ours(cluster, size)) for _ in range(many // size)) / size)
        for size in sizes
    }
    costs = best(in_turns(works | {"draw": lambda: cpu_s(lambda: draw(many)) / many}, 7))
    few = best(
        in_turns(
            {
                "whole": lambda: cpu_s(lambda: ours(cluster, 100_000)),
                "engine": lambda: engine_alone(cluster, 100_000),
            },
            9,
        )
    )
    simpy_s = cpu_s(lambda: simpy_model(100_000))
    ciw_s = 10 * cpu_s(lambda: ciw_model(10_000))
    times = simpy_s / few["whole"]
    good = [show("whole result, 1e5 requests, times SimPy", f"{times:.0f} x", ">= 75 x", times >= 75)]
    times = simpy_s / few["engine"]
    good.append(show("engine alone, 1e5 requests, times SimPy", f"{times:.0f} x", ">= 120 x", times >= 120))
    show("whole result, 1e5 requests, times Ciw (1e4 requests, times ten)", f"{ciw_s / few['whole']:.0f} x")
    drawn = costs.pop("draw") / costs[str(many)]
    what = f"{many:.0e} requests, of the speed at which NumPy draws the numbers"
    good.append(show(what, f"{drawn:.1%}", ">= 15 %", drawn >= 0.15))
    small, large = peak_mb(many // 10), peak_mb(many)
    good.append(show(f"peak memory above import, {many:.0e} requests", f"{large:.0f} MB", "<= 150 MB", large <= 150))
    if not quick:
        ratio = large / small
        good.append(show("peak memory, 1e7 over 1e6 requests", f"{ratio:.2f}", "<= 1.5", ratio <= 1.5))
    if long:
        costs["100000000"] = cpu_s(lambda: ours(cluster, 100_000_000)) / 1e8
    for size, cost in costs.items():
        ratio = cost / costs[str(many)]
        what = f"cost per request at {int(size):.0e}, over that at {many:.0e}"
        good.append(show(what, f"{ratio:.2f}", "0.77 ... 1.30", 1 / 1.3 <= ratio <= 1.3))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(long="--long" in sys.argv, quick="--quick" in sys.argv))
