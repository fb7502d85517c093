"""curl as a function: its own words, clients, load balancers, health checks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.kubectl import Completed, curl

NODE_PORT = """apiVersion: v1
kind: Service
metadata: {name: debug}
spec:
  type: NodePort
  selector: {app: debug}
  ports: [{port: 80, targetPort: 8080, nodePort: 30007}]
"""


@pytest.fixture
def cluster() -> kx.Cluster:
    made = kx.Cluster(provider=None)
    made.deploy("debug", per_node=[1, 0, 0])
    made.apply(NODE_PORT)
    return made


@pytest.mark.parametrize(
    ("command", "rc", "stderr"),
    [
        ("10.0.0.1:1", 7, "(7) Failed to connect to 10.0.0.1 port 1 after 0 ms: Could not connect to server"),
        ("-m 2.5 http://10.244.1.2:8080", 28, "(28) Connection timed out after 2500 milliseconds"),
        ("--connect-timeout 1 10.244.1.2", 28, "(28) Connection timed out after 1000 milliseconds"),
        (
            "http://10.244.1.2:8080", 28,
            "(28) Failed to connect to 10.244.1.2 port 8080 after 127000 ms: Could not connect to server",
        ),
        ("http://debug", 6, "(6) Could not resolve host: debug"),
        ("--client node/node-1 http://debug", 6, "(6) Could not resolve host: debug"),
        ("--client node/node-1 http://debug.default", 6, "(6) Could not resolve host: debug.default"),
        ("--client pod/debug-1 http://nope", 6, "(6) Could not resolve host: nope"),
        ("http://lb.example.com", 6, "(6) Could not resolve host: lb.example.com"),
        ("https://10.0.0.1", 1, '(1) Protocol "https" not supported'),
        ("http://10.0.0.1:x", 3, "(3) URL rejected: Port number was not a decimal number between 0 and 65535"),
        ("http://:80", 3, "(3) URL rejected: No host part in the URL"),
        ("'http://a b'", 3, "(3) URL rejected: Malformed input to a URL function"),
        ("", 2, "(2) no URL specified"),
        ("-z 10.0.0.1", 2, "option -z: is unknown"),
        ("-m x 10.0.0.1", 2, "argument -m/--max-time: expected a proper numerical parameter"),
        ("--client pod/nope 10.0.0.1:1", 2, "no Pod 'nope'; there are debug-1"),
        ("--client here 10.0.0.1:1", 2, "client 'here' is no address"),
    ],
)  # fmt: skip
def test_curl_fails_in_its_own_words(cluster: kx.Cluster, command: str, rc: int, stderr: str) -> None:
    done = curl(cluster, command)
    assert (done.rc, done.stdout) == (rc, "") and done.stderr.startswith(f"curl: {stderr}"), done


def test_silence(cluster: kx.Cluster) -> None:
    assert curl(cluster, "-s 10.0.0.1:1") == Completed(7, "", "")
    assert curl(cluster, "-s -S 10.0.0.1:1").stderr.startswith("curl: (7)")
    assert curl(cluster, "-sS -m1 http://nope").stderr == "curl: (6) Could not resolve host: nope\n"


def test_curl_from_inside(cluster: kx.Cluster) -> None:
    for host in ("debug", "debug.default", "debug.default.svc", "debug.default.svc.cluster.local", "DEBUG"):
        assert curl(cluster, f"--from pod/debug-1 http://{host}/").stdout.startswith("pod:    debug-1\n")
    cluster.deploy("other", per_node=[0, 1, 0])
    assert curl(cluster, "--from pod/other-1 http://debug").stdout.endswith("client: 10.244.2.2\n")
    cluster.deploy("far", per_node=[1], namespace="shop")
    assert curl(cluster, "--from pod/shop/far-1 http://debug").rc == 6
    assert curl(cluster, "--from pod/shop/far-1 http://debug.default").rc == 0


def test_curl_a_headless_service(cluster: kx.Cluster) -> None:
    text = (
        NODE_PORT.replace("type: NodePort", "clusterIP: None")
        .replace(", nodePort: 30007", "")
        .replace("debug}", "h}", 1)
    )
    cluster.apply(text)
    # The name leads to the Pod itself: the port of the Service is nowhere.
    assert curl(cluster, "--from pod/debug-1 http://h:80").rc == 7
    assert curl(cluster, "--from pod/debug-1 http://h:8080").rc == 0
    cluster.set_ready("debug-1", False)
    assert curl(cluster, "--from pod/debug-1 http://h:8080").rc == 6


def test_curl_a_load_balancer() -> None:
    cluster = kx.Cluster()
    cluster.deploy("debug", per_node=[1, 0, 0])
    cluster.apply(NODE_PORT.replace("NodePort", "LoadBalancer"))
    cluster.set_load_balancer("debug", ingress=[{"ip": "198.51.100.7"}])
    assert curl(cluster, "http://198.51.100.7").stdout.startswith("pod:    debug-1\n")
    cluster.set_load_balancer("debug", ingress=[{"hostname": "lb.example.com"}])
    assert curl(cluster, "http://LB.example.com").stdout.startswith("pod:    debug-1\n")


def test_curl_health_checks(cluster: kx.Cluster) -> None:
    cluster.apply(NODE_PORT.replace("type: NodePort", "type: LoadBalancer\n  externalTrafficPolicy: Local"))
    port = cluster.service("debug").health_check_node_port
    text = curl(cluster, f"-i http://10.0.0.2:{port}/").stdout
    assert text.startswith("HTTP/1.1 503 Service Unavailable\nContent-Type: application/json\n")
    assert '"localEndpoints": 0' in text and '"localEndpoints": 1' in curl(cluster, f"http://10.0.0.1:{port}").stdout
    assert '"healthy": true' in curl(cluster, "10.0.0.1:10256/livez").stdout
    assert curl(cluster, "-i 10.0.0.1:10256/x").stdout.startswith("HTTP/1.1 404 Not Found\n")


def test_curl_does_not_move_the_clock(cluster: kx.Cluster) -> None:
    curl(cluster, "-m 5 http://10.244.1.2:8080")
    assert (cluster.now_s, cluster.sends) == (0.0, 1)


WORDS = st.sampled_from(
    "-s -m 1 --client pod/debug-1 node/node-1 http:// http://10.0.0.1:30007 [::1] [ : http://[::1]:80 http://10.0.0.1:0 "
    "10.0.0.1:70000 a.b.c http://debug #x ?y -i --from = 0x7f.1 // http://user@10.0.0.1 ftp://x".split()
)


@given(st.lists(WORDS | st.text(max_size=6), max_size=5))
def test_curl_never_raises(words: list[str]) -> None:
    made = kx.Cluster(nodes=1, provider=None)
    made.deploy("debug")
    made.apply(NODE_PORT)
    done = curl(made, words)
    assert isinstance(done, Completed) and (done.rc == 0 or done.stderr or "-s" in "".join(words))
