"""The plain case of traffic.py with happy-simulator, which needs Python 3.13: ``build/happy/bin/python`` runs it.

Prints the CPU time of a request in nanoseconds, and the mean response time in milliseconds, so that it is seen that the
same was simulated. It imports nothing of this repository: its environment (`make bench` makes it) holds happysim alone.
"""

from __future__ import annotations

import random
import sys
import time

from happysimulator import RandomRouter, Simulation, Sink, Source
from happysimulator.components.server import Server
from happysimulator.distributions import ExponentialLatency


def main(requests: int, pods: int, rate_rps: float, service_ms: float) -> None:
    """Run the model: a Server for each Pod behind a router that chooses at random, all latencies kept."""
    random.seed(0)
    began = time.process_time()
    sink = Sink()
    servers = [
        Server(f"pod-{number}", service_time=ExponentialLatency(service_ms / 1000), downstream=sink)
        for number in range(pods)
    ]
    router = RandomRouter("service", targets=servers)
    source = Source.poisson(rate_rps, router, stop_after=requests / rate_rps)
    ends_s = requests / rate_rps + 60 * service_ms / 1000  # later than the last answer, with a margin
    Simulation(sources=[source], entities=[router, *servers, sink], duration=ends_s).run()
    stats = sink.latency_stats()
    took_s = time.process_time() - began
    print(took_s / stats["count"] * 1e9, stats["avg"] * 1000)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
