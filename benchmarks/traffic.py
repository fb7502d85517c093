"""How fast `k8sexpose.simulate` is: ``python benchmarks/traffic.py`` (with ``--long`` for 10⁸ requests, a minute).

Everything printed is a ratio within this one run, in process CPU time, so that it does not depend on the machine:
to an idiomatic SimPy model of the same workload that builds the same table; to the speed at which NumPy draws the
random numbers needed; to itself at other sizes. Aims stand beside. Workload: 10 nodes, 20 Pods, 1,000 clients, policy
Cluster, one request a connection, one worker a Pod, exponential service, utilisation 0.8.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

import k8sexpose as kx

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
    from k8sexpose.dealer import Dealer
    from k8sexpose.draws import Draws
    from k8sexpose.engine import Engine
    from k8sexpose.lanes import Asking
    from k8sexpose.timeline import standing

    states = standing(cluster, Asking("public-api-lb"))
    names = [pod.name for pod in cluster.pods]
    nodes = [node.name for node in cluster.nodes]
    engine = Engine(
        Draws(0, RATE_RPS, SERVICE_MS), Dealer(CLIENTS, 1, 0), states,
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


def draw(requests: int) -> None:
    """Draw what a request needs: the time to the next, its service time, its way."""
    generator, buffer = np.random.Generator(np.random.PCG64(0)), np.empty(BLOCK)
    for _ in range(requests // BLOCK):
        generator.standard_exponential(out=buffer)
        generator.standard_exponential(out=buffer)
        generator.random(out=buffer)


def cpu_s(work: Callable[[], object]) -> float:
    """Measure CPU seconds of this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def peak_mb(requests: int) -> float:
    """Measure, in a process of its own, how far the peak of memory lies above the import (Linux)."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "import traffic, pandas, k8sexpose.traffic\n"
        "def peak_kb():\n"
        "    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "before = peak_kb()\n"
        "traffic.ours(traffic.cluster_of(), int(sys.argv[3]))\n"
        "print(peak_kb() - before)"
    )
    here = Path(__file__).resolve().parent
    command = [sys.executable, "-c", code, str(here), str(here.parent), str(requests)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


def row(what: str, value: str, aim: str) -> None:
    """Print one line."""
    print(f"{what:<66}{value:>12}   aim {aim}", flush=True)


def main(long: bool = False) -> None:
    """Print the table."""
    cluster = cluster_of()
    ours(cluster, 1000)
    whole = min(cpu_s(lambda: ours(cluster, 100_000)) for _ in range(5))
    engine = min(engine_alone(cluster, 100_000) for _ in range(5))
    simpy_s = cpu_s(lambda: simpy_model(100_000))
    row("whole result, 1e5 requests, times SimPy", f"{simpy_s / whole:.0f} x", ">= 75 x, better 120 x")
    row("engine alone, 1e5 requests, times SimPy", f"{simpy_s / engine:.0f} x", ">= 120 x")
    ten_million = min(cpu_s(lambda: ours(cluster, 10_000_000)) for _ in range(2))
    drawn = min(cpu_s(lambda: draw(10_000_000)) for _ in range(3))
    row("1e7 requests, of the speed at which NumPy draws the numbers", f"{drawn / ten_million:.1%}", ">= 15 %")
    small, large = peak_mb(1_000_000), peak_mb(10_000_000)
    row("peak memory above the import, 1e7 requests", f"{large:.0f} MB", "<= 150 MB")
    row("peak memory, 1e7 over 1e6 requests", f"{large / small:.2f}", "<= 1.5")
    costs = {100_000: min(cpu_s(lambda: ours(cluster, 100_000)) for _ in range(5)) / 1e5, 10_000_000: ten_million / 1e7}
    costs[1_000_000] = min(cpu_s(lambda: ours(cluster, 1_000_000)) for _ in range(3)) / 1e6
    if long:
        costs[100_000_000] = cpu_s(lambda: ours(cluster, 100_000_000)) / 1e8
    for requests, cost in sorted(costs.items()):
        row(f"cost per request at {requests:.0e}, over that at 1e7", f"{cost / costs[10_000_000]:.2f}", "0.77 ... 1.30")


if __name__ == "__main__":
    main(long="--long" in sys.argv)
