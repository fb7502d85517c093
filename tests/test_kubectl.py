"""kubectl: every recorded print, the formats of each kind, and every verb."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.api.objects import ContainerPort, Endpoint, EndpointPort, EndpointSlice, Event
from k8sexpose.kubectl import Completed, printers, run
from k8sexpose.kubectl import serialization as wire
from k8sexpose.kubectl import tabwriter as layout
from k8sexpose.kubectl.describe import describe_service
from k8sexpose.kubectl.selectors import selects

PRINTS = json.loads((Path(__file__).parent / "conformance" / "kubectl-prints.json").read_text())

# What stood in the recorded cluster, with the numbers that were picked there.
RECORDED = """
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: LoadBalancer, selector: {app: web},
  clusterIP: 10.96.87.103, ports: [{port: 80, targetPort: 8080, nodePort: 31855}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: np}, spec: {type: NodePort, selector: {app: web},
  clusterIP: 10.96.136.4, ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080},
  {name: dns, port: 53, protocol: UDP, nodePort: 30823}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: loc}, spec: {type: LoadBalancer, selector: {app: web},
  clusterIP: 10.96.187.18, externalTrafficPolicy: Local, healthCheckNodePort: 30593,
  loadBalancerSourceRanges: [203.0.113.0/24], ports: [{port: 80, targetPort: 8080, nodePort: 32688}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: ext}, spec: {type: ExternalName, externalName: db.example.com}}
---
{apiVersion: v1, kind: Service, metadata: {name: hl}, spec: {clusterIP: None, selector: {app: web},
  ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: xip}, spec: {selector: {app: web}, externalIPs: [203.0.113.50],
  clusterIP: 10.96.99.242, ports: [{port: 80, targetPort: 8080}]}}
"""
TW = "{apiVersion: v1, kind: Service, metadata: {name: tw}, spec: {ports: [{port: 80}]}}"
WEB = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: %s, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}"


@pytest.fixture
def cluster() -> kx.Cluster:
    """Three nodes, four Pods, nobody who makes load balancers."""
    made = kx.Cluster(provider=None)
    made.deploy("web", per_node=[2, 1, 1])
    made.apply(WEB % "NodePort")
    return made


@pytest.fixture
def recorded() -> kx.Cluster:
    made = kx.Cluster(nodes=1, provider=None, namespaces=("default",))
    # As recorded: no controller ran, so that kubectl create is all that happened.
    assert run(made, "create -f -", RECORDED).rc == 0
    made.set_load_balancer("loc", ingress=[{"ip": "198.51.100.7"}])
    return made


def ageless(text: str) -> str:
    """Ages differ with the clock, and the blanks behind them."""
    return re.sub(r"(?<= )\d+[smhd](?=\s)\s*?(?=\n| {3}\S|$)", "AGE", re.sub(r"(?<= )(\d+[smhd]) *", r"\1   ", text))


def answer(completed: Completed) -> dict[str, object]:
    return {"rc": completed.rc, "stdout": completed.stdout, "stderr": completed.stderr}


def stdout(cluster: kx.Cluster, command: str, stdin: str = "") -> str:
    done = run(cluster, command, stdin)
    assert (done.rc, done.stderr) == (0, ""), done
    return done.stdout


# -- recorded prints ---------------------------------------------------------------------------------------------------


def test_recorded_get(recorded: kx.Cluster) -> None:
    assert ageless(stdout(recorded, "get svc")) == ageless(PRINTS["kubectl_get_svc"])
    assert ageless(stdout(recorded, "get svc -o wide")) == ageless(PRINTS["kubectl_get_svc_wide"])


@pytest.mark.parametrize("name", PRINTS["kubectl_describe"])
def test_recorded_describe(recorded: kx.Cluster, name: str) -> None:
    want = PRINTS["kubectl_describe"][name]
    assert describe_service(recorded.service(name)) == want
    # The model has an EndpointSlice controller, the recorded cluster had none.
    got = re.sub(r"(?m)^(Endpoints: +).*$", r"\1<none>", stdout(recorded, f"describe svc {name}"))
    assert got == want


def test_recorded_answers(recorded: kx.Cluster) -> None:
    assert answer(run(recorded, "get svc nosuch")) == PRINTS["kubectl_get_missing"]
    assert answer(run(recorded, "delete svc web")) == PRINTS["kubectl_delete"]
    assert answer(run(recorded, "delete svc web")) == PRINTS["kubectl_delete_missing"]
    assert [answer(run(recorded, "apply -f -", TW)) for _ in range(2)] == PRINTS["kubectl_apply_twice"]
    assert [answer(run(recorded, "create -f -", TW))] == PRINTS["kubectl_create_twice"]
    assert answer(run(recorded, """patch svc tw -p '{"spec":{"type":"NodePort"}}'""")) == PRINTS["kubectl_patch_type"]
    bad = """patch svc tw -p '{"spec":{"externalTrafficPolicy":"local"}}'"""
    assert answer(run(recorded, bad)) == PRINTS["kubectl_patch_bad_policy"]
    made = "create service nodeport cli --tcp=80:8080 --node-port=30090 --dry-run=client -o yaml"
    assert answer(run(recorded, made)) == PRINTS["kubectl_create_service_nodeport"]
    bad = "create service nodeport cli2 --tcp=80:8080 --node-port=80"
    assert answer(run(recorded, bad)) == PRINTS["kubectl_create_service_nodeport_bad"]
    twice = WEB.replace("type: %s", "type: NodePort, type: LoadBalancer")
    want = PRINTS["dup_key_type_NodePort_then_LoadBalancer_kubectl"]
    assert answer(run(recorded, "create -f -", twice)) == want["kubectl"]
    assert recorded.service("web").type == want["type"]


def test_every_recorded_print_is_compared() -> None:
    text = Path(__file__).read_text()
    assert not [key for key in PRINTS if "kubectl" in key and f'"{key}"' not in text]


# -- layout (section G) ------------------------------------------------------------------------------------------------


def test_columns_are_at_least_six_wide() -> None:
    assert layout.table(["A", "B", "C"], [["1", "22222222", "3"]]) == "A     B          C\n1     22222222   3\n"


def test_only_lines_that_follow_one_another_share_a_column() -> None:
    assert layout.tabbed("a\tb\tc\nlong\td\n\tbbbb\tc\n") == "a     b  c\nlong  d\n      bbbb  c\n"


def test_cells_end_at_the_first_line_break() -> None:
    assert layout.table(["A", "B"], [["x\ny", "z"]]).splitlines()[1] == "x...   z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1.5, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (599, "9m59s"), (600, "10m"),
        (10799, "179m"), (10800, "3h"), (28740, "7h59m"), (28800, "8h"), (172799, "47h"), (172800, "2d"),
        (180000, "2d2h"), (691200, "8d"), (730 * 86400 - 1, "729d"), (730 * 86400, "2y"), (800 * 86400, "2y70d"),
        (8 * 365 * 86400, "8y"),
    ],
)  # fmt: skip
def test_age(seconds: float, text: str) -> None:
    assert layout.age(seconds) == text


def test_age_follows_the_clock(cluster: kx.Cluster) -> None:
    cluster.advance(90)
    cluster.scale("web", replicas=5)
    cluster.advance(40)
    rows = {line.split()[0]: line.split()[-1] for line in stdout(cluster, "get pods").splitlines()[1:]}
    assert (rows["web-1"], rows["web-5"]) == ("2m10s", "40s")
    assert stdout(cluster, "get nodes").splitlines()[1].split()[-2] == "2m10s"


def test_nothing_found(cluster: kx.Cluster) -> None:
    assert answer(run(cluster, "get svc -n shop")) == {
        "rc": 0, "stdout": "", "stderr": "No resources found in shop namespace.\n",
    }  # fmt: skip
    assert run(cluster, "get events -A").stderr == "No resources found\n"
    assert run(cluster, "get pods,events -n shop").stderr == "No resources found in shop namespace.\n"


# -- kinds -------------------------------------------------------------------------------------------------------------


def service(**fields: object) -> kx.Service:
    return kx.Service("web", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ingress", "wide", "shown"),
    [
        ([{"ip": "198.51.100.17"}], False, "198.51.100.17"),
        ([{"hostname": "a1b2.elb.amazonaws.com"}], False, "a1b2.elb.amaz..."),
        ([{"hostname": "a1b2.elb.amazonaws.com"}], True, "a1b2.elb.amazonaws.com"),
        ([{"ip": "10.0.0.9"}, {"ip": "10.0.0.8"}], True, "10.0.0.8,10.0.0.9"),
        ([], False, "<pending>"),
    ],
)
def test_external_ip(ingress: list[dict[str, str]], wide: bool, shown: str) -> None:
    made = kx.Service.from_dict({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": ingress}}})
    assert printers.external_ip(made, wide=wide) == shown


def test_external_ip_of_other_types() -> None:
    assert printers.external_ip(service(type="NodePort")) == "<none>"
    assert printers.external_ip(service(type="ClusterIP", external_ips=("203.0.113.5", "203.0.113.6"))) == (
        "203.0.113.5,203.0.113.6"
    )
    assert printers.external_ip(service(type="ExternalName", external_name="db.example.com")) == "db.example.com"


def test_nodes(cluster: kx.Cluster) -> None:
    labels = "{node-role.kubernetes.io/worker: '', node-role.kubernetes.io/edge: '', kubernetes.io/role: old}"
    cluster.apply(
        f"{{apiVersion: v1, kind: Node, metadata: {{name: extra, labels: {labels}}}, spec: {{unschedulable: true}}}}"
    )
    cluster.fail("node-2")
    assert "NotReady" not in stdout(cluster, "get nodes")
    cluster.advance(50)
    lines = [line.split() for line in stdout(cluster, "get nodes -o wide").splitlines()]
    assert (
        lines[0]
        == "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME".split()
    )
    assert lines[1][:3] == ["extra", "Ready,SchedulingDisabled", "edge,old,worker"]
    assert lines[3] == ["node-2", "NotReady", "<none>", "50s", "v1.36.2", "10.0.0.2", "<none>", *["<unknown>"] * 3]


def test_pods(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    cluster.terminate("web-2")
    rows = {line.split()[0]: line.split()[1:4] for line in stdout(cluster, "get pods").splitlines()}
    assert rows["web-1"] == ["0/1", "Running", "0"]
    assert rows["web-2"] == ["1/1", "Terminating", "0"]
    head, row = stdout(cluster, "get pod web-3 -o wide").splitlines()
    assert re.split(r" {3,}", head)[5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert row.split()[5:] == ["10.244.2.2", "node-2", "<none>", "<none>"]


def test_pods_of_a_lost_node_look_well_for_long(cluster: kx.Cluster) -> None:
    # The container was ready when the kubelet reported last: READY says so, the endpoints do not.
    cluster.fail("node-2")
    cluster.advance(60)
    assert not cluster.pod("web-3").ready
    assert stdout(cluster, "get pod web-3").splitlines()[1].split()[1:3] == ["1/1", "Running"]
    cluster.advance(300)
    assert stdout(cluster, "get pod web-3").splitlines()[1].split()[1:3] == ["1/1", "Terminating"]


def test_deployments(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    assert stdout(cluster, "get deploy") == (
        "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    3/4     4            3           0s\n"
    )


def test_endpoint_slices(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-4", False)
    cells = re.split(r" {3,}", stdout(cluster, "get endpointslices").splitlines()[1])
    assert cells[1:] == ["IPv4", "8080", "10.244.1.2,10.244.1.3,10.244.2.2 + 1 more...", "0s"]
    assert (
        printers.endpoint_slice(EndpointSlice("e", ports=(EndpointPort(None), EndpointPort(None, "http"))), 0)[2]
        == "*,http"
    )
    cluster.scale("web", replicas=0)
    assert stdout(cluster, "get endpointslices").splitlines()[1].split()[2:4] == ["<unset>", "<unset>"]


def test_endpoints(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-1", False)
    done = run(cluster, "get ep web")
    assert done.stdout.splitlines()[1].split()[1] == "10.244.1.3:8080,10.244.2.2:8080,10.244.3.2:8080"
    assert done.stderr == "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n"
    cluster.scale("web", replicas=0)
    assert run(cluster, "get ep web").stdout.splitlines()[1].split()[1] == "<none>"


def reported(cluster: kx.Cluster) -> None:
    for at_s, type_, reason, message in (
        (0, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer"),
        (1, "Warning", "SyncLoadBalancerFailed", "Error syncing load balancer: quota\n"),
        (6, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer"),
        (9, "Normal", "EnsuredLoadBalancer", "Ensured load balancer"),
    ):
        cluster.advance(at_s - cluster.now_s)
        cluster.report(Event(at_s, type_, reason, message, "service/web", source="service-controller"))
    cluster.advance(10)


def test_events(cluster: kx.Cluster) -> None:
    reported(cluster)
    assert stdout(cluster, "get events") == (
        "LAST SEEN   TYPE      REASON                   OBJECT        MESSAGE\n"
        "13s         Normal    EnsuringLoadBalancer     service/web   Ensuring load balancer\n"
        "18s         Warning   SyncLoadBalancerFailed   service/web   Error syncing load balancer: quota\n"
        "10s         Normal    EnsuredLoadBalancer      service/web   Ensured load balancer\n"
    )
    row = re.split(r" {3,}", stdout(cluster, "get events -o wide").splitlines()[1])
    assert row[-3:-1] == ["19s", "2"] and re.fullmatch(r"web\.[0-9a-f]{16}", row[-1])


def test_describe_events(cluster: kx.Cluster) -> None:
    reported(cluster)
    assert stdout(cluster, "describe svc web").partition("Events:")[2] == (
        "\n"
        "  Type     Reason                  Age                From                Message\n"
        "  ----     ------                  ----               ----                -------\n"
        "  Warning  SyncLoadBalancerFailed  18s                service-controller  Error syncing load balancer: quota\n"
        "  Normal   EnsuringLoadBalancer    13s (x2 over 19s)  service-controller  Ensuring load balancer\n"
        "  Normal   EnsuredLoadBalancer     10s                service-controller  Ensured load balancer\n"
    )


def test_events_go_with_their_object(cluster: kx.Cluster) -> None:
    reported(cluster)
    run(cluster, "delete svc web")
    cluster.apply(WEB % "NodePort")
    assert "Events:                   <none>\n" in stdout(cluster, "describe svc web")


def test_describe_all_lines() -> None:
    annotations = {"long": "x" * 200, "lines": "a\nb\n", "short": "v"}
    made = kx.Service.from_dict(
        {
            "metadata": {"name": "web", "labels": {"b": "2", "a": "1"}, "annotations": annotations},
            "spec": {
                "type": "LoadBalancer", "loadBalancerIP": "198.51.100.9", "trafficDistribution": "PreferSameZone",
                "ipFamilies": ["IPv4", "IPv6"], "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00::9"],
                "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "h2c"}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.9", "ipMode": "VIP"}, {"hostname": "lb.example"}]}},
        }
    )  # fmt: skip
    lines = describe_service(made).splitlines()
    assert lines[2:4] == ["Labels:                   a=1", " " * 26 + "b=2"]
    assert lines[4:10] == [
        "Annotations:              lines:", " " * 28 + "a", " " * 28 + "b", " " * 26 + "long:",
        " " * 28 + "x" * 138 + "...", " " * 26 + "short: v",
    ]  # fmt: skip
    text = "\n".join(lines)
    for want in (
        "IP Families:              IPv4,IPv6", "IPs:                      10.96.0.9,fd00::9",
        "Desired LoadBalancer IP:  198.51.100.9", "LoadBalancer Ingress:     198.51.100.9 (VIP), lb.example",
        "TargetPort:               http/TCP", "AppProtocol:              h2c", "Traffic Distribution:     PreferSameZone",
    ):  # fmt: skip
        assert want in text


@pytest.mark.parametrize(
    ("ready", "shown"),
    [
        ([True, True], "10.0.0.0:80,10.0.0.1:80"),
        ([True, False], "10.0.0.0:80"),
        ([False], ""),
        ([True] * 5, "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."),
        ([True, True, True, False], "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 0 more..."),  # so does the real one
    ],
)
def test_describe_endpoints(ready: list[bool], shown: str) -> None:
    part = EndpointSlice(
        "e", ports=(EndpointPort(80),), endpoints=tuple(Endpoint(f"10.0.0.{k}", ready=r) for k, r in enumerate(ready))
    )
    line = next(
        line
        for line in describe_service(service(ports=(kx.ServicePort(80),)), [part]).splitlines()
        if "Endpoints" in line
    )
    assert line.removeprefix("Endpoints:").strip() == shown


def test_describe_takes_the_beginning_of_a_name(cluster: kx.Cluster) -> None:
    cluster.apply((WEB % "ClusterIP").replace("name: web", "name: web-2"))
    both = stdout(cluster, "describe svc we")
    assert re.findall(r"(?m)^Name: +(\S+)$", both) == ["web", "web-2"] and "Cluster\n\nName:" in both
    # Events are shown only with one object that was named in full.
    assert "Events" not in both + stdout(cluster, "describe svc") and "Events" in stdout(cluster, "describe svc web")
    assert run(cluster, "describe svc x").stderr == 'Error from server (NotFound): services "x" not found\n'


# -- yaml, json, names -------------------------------------------------------------------------------------------------


def test_yaml_of_an_applied_service(cluster: kx.Cluster) -> None:
    text = stdout(cluster, "get svc web -o yaml")
    assert text.startswith(
        "apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\n"
        "    kubectl.kubernetes.io/last-applied-configuration: |\n"
        '      {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},"name":"web","namespace":"default"},'
    )
    assert '  creationTimestamp: "2026-01-01T00:00:00Z"\n' in text and text.endswith("status:\n  loadBalancer: {}\n")
    assert yaml.safe_load(text) == json.loads(stdout(cluster, "get svc web -o json"))


def test_lists(cluster: kx.Cluster) -> None:
    listed = json.loads(stdout(cluster, "get svc,pods -o json"))
    assert (listed["kind"], listed["metadata"], len(listed["items"])) == ("List", {"resourceVersion": ""}, 6)
    assert stdout(cluster, "get svc -n shop -o yaml") == (
        'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n'
    )


@pytest.mark.parametrize("text", ["yes", "n", "80", "1e3", "", "null", "~", "0x1F", "2026-01-01", "1.5", "08"])
def test_yaml_quotes_what_is_no_string(text: str) -> None:
    assert wire.to_yaml({"v": text}) == f'v: "{text}"\n'


@given(st.recursive(st.text(max_size=20), lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3)))
@settings(max_examples=60, deadline=None)
def test_yaml_and_json_are_read_back(value: object) -> None:
    made = {"value": value}
    assert json.loads(wire.to_json(made)) == made
    assert yaml.safe_load(wire.to_yaml(made)) == made


def test_json_escapes_markup(cluster: kx.Cluster) -> None:
    run(cluster, ["patch", "svc", "web", "-p", '{"metadata":{"annotations":{"a":"<b>&"}}}'])
    assert r'"a": "\u003cb\u003e\u0026"' in stdout(cluster, "get svc web -o json")


def test_the_dump_is_a_cluster(cluster: kx.Cluster) -> None:
    cluster.set_ready("web-2", False)
    cluster.apply((WEB % "LoadBalancer").replace("name: web", "name: lb"))
    cluster.set_load_balancer("lb", ingress=[{"ip": "198.51.100.7"}])
    twin = kx.Cluster.from_json(stdout(cluster, "get nodes,pods,services,endpointslices -A -o json"), provider=None)
    assert len(twin.services) == len(cluster.services) and len(twin.pods) == 4
    port = cluster.service("web").ports[0].node_port
    for target in (f"10.0.0.1:{port}", f"10.0.0.3:{port}"):
        assert kx.shares(twin, target) == kx.shares(cluster, target)


def test_names(cluster: kx.Cluster) -> None:
    cluster.scale("web", replicas=1)
    names = stdout(cluster, "get svc,no,deploy,po,endpointslices -o name").split()
    assert names[:6] == [
        "service/kubernetes",
        "service/web",
        "node/node-1",
        "node/node-2",
        "node/node-3",
        "deployment.apps/web",
    ]
    assert names[6] == "pod/web-1" and names[7].startswith("endpointslice.discovery.k8s.io/web-")


# -- the words of get --------------------------------------------------------------------------------------------------


def test_several_types(cluster: kx.Cluster) -> None:
    text = stdout(cluster, "get svc,deploy")
    first, second = text.split("\n\n")
    assert first.splitlines()[1].startswith("service/kubernetes   ClusterIP")
    assert second.splitlines()[1].startswith("deployment.apps/web   4/4")


def test_words_in_any_order(cluster: kx.Cluster) -> None:
    want = stdout(cluster, "get svc web -o wide -n default")
    for words in (
        "-n default get svc web -o wide",
        "get -o=wide svc web",
        "get svc -owide web",
        "get -n default svc/web -o wide",
    ):
        assert stdout(cluster, words) == want


def test_what_exists_is_shown_and_the_rest_named(cluster: kx.Cluster) -> None:
    done = run(cluster, "get svc web a b")
    assert done.stdout.splitlines()[1].startswith("web") and done.rc == 1
    assert done.stderr == "".join(f'Error from server (NotFound): services "{name}" not found\n' for name in "ab")


def test_labels(cluster: kx.Cluster) -> None:
    assert len(stdout(cluster, "get pods -l app=web --no-headers").splitlines()) == 4
    assert stdout(cluster, "get pod web-1 --show-labels").splitlines()[1].endswith("app=web")
    assert (
        stdout(cluster, "get nodes -l 'topology.kubernetes.io/zone in (a, b)' -o name") == "node/node-1\nnode/node-2\n"
    )


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("a=1", True), ("a==1", True), ("a!=1", False), ("z!=1", True), ("a", True), ("!a", False), ("!z", True),
        ("a in (1,2),b", True), ("a notin (1)", False), ("z notin (1)", True), ("a=1,b=3", False), ("b=", False),
    ],
)  # fmt: skip
def test_selectors(selector: str, holds: bool) -> None:
    assert selects(selector, {"a": "1", "b": "2"}) == holds


ERRORS = {
    "get svc web -A": "error: a resource cannot be retrieved by name across all namespaces\n",
    "get foo": 'error: the server doesn\'t have a resource type "foo"\n',
    "get ": "You must specify the type of resource to get.",
    "get svc -o foo": 'error: unable to match a printer suitable for the output format "foo", allowed formats are: ',
    "get svc --foo": "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n",
    "get svc -x": "error: unknown shorthand flag: 'x' in -x\n",
    "get svc -o": "error: flag needs an argument: 'o' in -o\n",
    "get svc --output": "error: flag needs an argument: --output\n",
    "get svc/": "error: arguments in resource/name form must have a single resource and name\n",
    "get svc svc/web": "error: there is no need to specify a resource type as a separate argument",
    "get svc 'web": "error: No closing quotation\n",
    "get svc -l a=b=c": (
        'Error from server (BadRequest): Unable to find "/v1, Resource=services" that match label selector "a=b=c", '
        "field selector \"\": found '=', expected: ',' or 'end of string'\n"
    ),
    "get ingress": 'error: k8sexpose does not model "ingress"; it has services,',
    "get svc -w": "error: nothing moves while kubectl waits: call cluster.advance(SECONDS), then ask again\n",
    "edit svc web": "error: there is no kubectl edit here: use kubectl patch",
    "frobnicate": 'error: unknown command "frobnicate" for "kubectl"\nk8sexpose has annotate, apply, create, delete,',
    "": "error: kubectl what? k8sexpose has annotate, apply,",
    "describe pod web-1": "error: k8sexpose describes Services only; use kubectl get pods -o yaml\n",
    "describe": "error: You must specify the type of resource to describe.",
    "create": "error: must specify one of -f and -k\n",
    "create role x": 'error: k8sexpose cannot create "role" from words; it has service, deployment, and -f FILE\n',
    "create service nodeport np": "error: at least one tcp port specifier must be provided\n",
    "create service nodeport": "error: exactly one NAME is required, got 0\n",
    "create service nodeport np --tcp=x": 'error: strconv.ParseUint: parsing "x": invalid syntax\n',
    "create service nodeport np --tcp=80 --clusterip=None": "error: unknown flag: --clusterip\nSee 'kubectl create service nodeport --help'",
    "create service externalname e": 'error: required flag(s) "external-name" not set\n',
    "create service nodeport web --tcp=80": 'error: failed to create NodePort service: services "web" already exists\n',
    "create deployment d": 'error: required flag(s) "image" not set\n',
    "delete svc web --dry-run": "error: --dry-run flag without a value was specified. A value must be set: ",
    "delete --dry-run=x svc web": 'error: Invalid dry-run value (x). Must be "none", "server", or "client".\n',
    "apply -f - --validate=x": 'error: invalid - validate option "x"; must be one of: strict (or true), warn, ',
    "create -f - --validate=x": 'error: invalid - validate option "x"; must be one of: strict (or true), warn, ',
    "apply": "error: must specify one of -f and -k\n",
    "apply -f nope.yaml": 'error: the path "nope.yaml" does not exist\n',
    "apply -f -": "error: no objects passed to apply\n",
    "replace": "error: Must specify --filename to replace\n",
    "patch svc web": "error: must specify --patch or --patch-file containing the contents of the patch\n",
    "patch svc web -p '{'": "Error from server (BadRequest): unexpected end of JSON input\n",
    "patch svc web -p '[1'": 'error: unable to parse "[1": ',
    "patch svc web -p {} --type x": 'error: --type must be one of [json merge strategic], not "x"\n',
    "patch svc nope -p {}": 'Error from server (NotFound): services "nope" not found\n',
    "patch svc web -p []": "Error from server (BadRequest): json: cannot unmarshal array into Go value of type ",
    'patch svc web --type json -p \'[{"op":"remove","path":"/x"}]\'': (
        "The request is invalid: the server rejected our request due to an error in our request\n"
    ),
    "patch pod web-1 -p {}": "error: k8sexpose patches Services only, not pods\n",
    "expose deployment nope --port 80": 'Error from server (NotFound): deployments.apps "nope" not found\n',
    "expose deployment web --port 80": 'Error from server (AlreadyExists): services "web" already exists\n',
    "expose node node-1 --port 80": "error: cannot expose a Node\n",
    "expose svc kubernetes --port 80": "error: couldn't retrieve selectors via --selector flag or introspection: ",
    "delete": "error: You must provide one or more resources by argument or filename.\n",
    "delete svc": "error: resource(s) were provided, but no name was specified\n",
    "scale deploy web": 'error: required flag(s) "replicas" not set\n',
    "scale deploy web --replicas=-1": "error: The --replicas=COUNT flag is required, and COUNT must be greater than or ",
    "scale deploy web --replicas=x": (
        'error: invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax\n'
    ),
    "scale svc web --replicas=1": "Error from server (NotFound): the server could not find the requested resource\n",
}


@pytest.mark.parametrize("command", ERRORS)
def test_refusals(cluster: kx.Cluster, command: str) -> None:
    before = stdout(cluster, "get svc,pods,deploy,nodes -A -o json")
    done = run(cluster, command)
    assert (done.rc, done.stdout) == (1, "") and done.stderr.startswith(ERRORS[command]), done
    assert stdout(cluster, "get svc,pods,deploy,nodes -A -o json") == before


# -- verbs that change -------------------------------------------------------------------------------------------------


def test_expose(cluster: kx.Cluster) -> None:
    cluster.deploy("api", port=9000, labels={"app": "api", "tier": "back"})
    assert (
        stdout(cluster, "expose deployment api --type=NodePort --port=80 --target-port=9000") == "service/api exposed\n"
    )
    made = cluster.service("api")
    assert (made.selector, made.type, made.ports[0].port, made.ports[0].target_port) == (
        {"app": "api", "tier": "back"}, "NodePort", 80, 9000,
    )  # fmt: skip
    assert stdout(cluster, "expose pod web-1 --name one") == "service/one exposed\n"  # the port that it declares
    assert cluster.service("one").ports[0].port == 8080
    text = stdout(cluster, "expose svc web --name two --port 81 --type LoadBalancer --dry-run=client -o yaml")
    assert yaml.safe_load(text)["spec"] == {
        "ports": [{"port": 81, "protocol": "TCP", "targetPort": 81}], "selector": {"app": "web"}, "type": "LoadBalancer",
    }  # fmt: skip
    assert "two" not in stdout(cluster, "get svc -o name")


def test_expose_gives_several_ports_names(cluster: kx.Cluster) -> None:
    ports = (ContainerPort(80), ContainerPort(53, protocol="UDP"))
    cluster.store.put_pod(kx.Pod("p", labels={"app": "p"}, ports=ports))
    run(cluster, "expose pod p")
    assert [(p.name, p.port, p.protocol) for p in cluster.service("p").ports] == [
        ("port-1", 80, "TCP"),
        ("port-2", 53, "UDP"),
    ]


def test_create_services(cluster: kx.Cluster) -> None:
    for words, type_ in (
        ("clusterip c --tcp=80", "ClusterIP"),
        ("loadbalancer l --tcp=80:http --tcp=443", "LoadBalancer"),
    ):
        assert stdout(cluster, f"create service {words}") == f"service/{words.split()[1]} created\n"
        assert cluster.service(words.split()[1]).type == type_
    assert [(p.name, p.target_port) for p in cluster.service("l").ports] == [("80-http", "http"), ("443", 443)]
    assert (
        stdout(cluster, "create svc clusterip h --clusterip=None --dry-run=server")
        == "service/h created (server dry run)\n"
    )
    assert stdout(cluster, "create svc externalname e --external-name db.example.com -o name") == "service/e\n"
    assert cluster.service("e").external_name == "db.example.com"


def test_create_deployment(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "create deployment api --image=r.example/nginx:1 --replicas=2 --port=80") == (
        "deployment.apps/api created\n"
    )
    assert [pod.ports[0].port for pod in cluster.pods if pod.app == "api"] == [80, 80]
    text = stdout(cluster, "create deployment d --image=r.example/nginx:1 --dry-run=client -o yaml")
    assert "      - image: r.example/nginx:1\n        name: nginx\n        resources: {}\n" in text


def test_apply_goes_on_behind_an_error(cluster: kx.Cluster) -> None:
    bad = (WEB % "NodePort").replace("name: web", "name: bad").replace("port: 80,", "port: 0,")
    text = "\n---\n".join([bad, (WEB % "LoadBalancer"), "{apiVersion: v1, kind: Pod, metadata: {name: p}}"])
    done = run(cluster, "apply -f -", text)
    assert done.stdout == "service/web configured\npod/p created\n"
    assert done.rc == 1 and done.stderr.startswith('The Service "bad" is invalid: spec.ports[0].port: Invalid value: 0')


def test_apply_a_file_and_show_it(cluster: kx.Cluster, tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text((WEB % "LoadBalancer") + "\n---\n" + (WEB % "ClusterIP").replace("name: web", "name: web-2"))
    assert stdout(cluster, f"apply -f {path} --dry-run=server") == (
        "service/web configured (server dry run)\nservice/web-2 created (server dry run)\n"
    )
    assert cluster.service("web").type == "NodePort"
    listed = yaml.safe_load(stdout(cluster, f"apply -f {path} -o yaml"))
    assert listed["kind"] == "List"
    assert [shown["spec"]["type"] for shown in listed["items"]] == ["LoadBalancer", "ClusterIP"]


def test_a_namespace_that_is_given_binds(cluster: kx.Cluster) -> None:
    text = (WEB % "ClusterIP").replace("name: web", "name: web, namespace: shop")
    assert run(cluster, "apply -n other -f -", text).stderr == (
        'error: the namespace from the provided object "shop" does not match the namespace "other". '
        "You must pass '--namespace=shop' to perform this operation.\n"
    )
    assert stdout(cluster, "apply -f -", text) == "service/web created\n"
    assert stdout(cluster, "get svc -A").splitlines()[0].startswith("NAMESPACE   NAME")


def test_replace(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "replace -f -", WEB % "LoadBalancer") == "service/web replaced\n"
    assert cluster.service("web").type == "LoadBalancer"
    # A PUT creates what is missing.
    assert stdout(cluster, "replace -f -", (WEB % "ClusterIP").replace("name: web", "name: new")) == (
        "service/new replaced\n"
    )
    assert cluster.service("new").type == "ClusterIP"
    assert stdout(cluster, "replace -f -", "# nothing") == ""


def test_patches(cluster: kx.Cluster) -> None:
    merge = """patch svc web --type merge -p '{"spec":{"ports":[{"port":8080}]}}'"""
    assert stdout(cluster, merge) == "service/web patched\n"
    assert [port.port for port in cluster.service("web").ports] == [8080]
    add = """patch svc/web --type=json -p '[{"op":"add","path":"/spec/ports/-","value":{"name":"b","port":81}},
             {"op":"add","path":"/spec/ports/0/name","value":"a"}]'"""
    assert stdout(cluster, add) == "service/web patched\n"
    assert [port.port for port in cluster.service("web").ports] == [8080, 81]
    strategic = """patch svc web -p 'spec: {ports: [{port: 81, $patch: delete}]}'"""
    assert stdout(cluster, strategic) == "service/web patched\n"
    assert stdout(cluster, strategic) == "service/web patched (no change)\n"
    done = run(cluster, "patch svc web -p 'spec: {foo: 1}'")
    assert (done.rc, done.stdout) == (0, "service/web patched (no change)\n")
    assert done.stderr == 'Warning: unknown field "spec.foo"\n'


def test_delete(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "delete node node-3") == 'node "node-3" deleted\n'
    assert stdout(cluster, "delete svc/web") == 'service "web" deleted from default namespace\n'
    assert stdout(cluster, "delete svc web --ignore-not-found") == ""
    assert stdout(cluster, "delete svc -l app=nope") == "No resources found\n"
    done = run(cluster, "delete -f -", WEB % "NodePort")
    assert done.stderr == 'Error from server (NotFound): error when deleting "STDIN": services "web" not found\n'
    assert stdout(cluster, "delete deploy web") == 'deployment.apps "web" deleted from default namespace\n'
    cluster.advance(30)
    assert not [pod for pod in cluster.pods if pod.app == "web"]


def test_a_deleted_pod_is_replaced(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "delete pod web-1") == 'pod "web-1" deleted from default namespace\n'
    assert stdout(cluster, "get deploy web").splitlines()[1].split()[1] == "4/4"
    cluster.advance(30)
    assert sorted(pod.name for pod in cluster.pods) == ["web-2", "web-3", "web-4", "web-5"]


def test_dry_runs_change_nothing(cluster: kx.Cluster) -> None:
    before = stdout(cluster, "get svc,pods,deploy -o json")
    for command, line in {
        "delete svc web --dry-run=client": 'service "web" deleted from default namespace (dry run)\n',
        "scale deploy web --replicas=1 --dry-run=server": "deployment.apps/web scaled (server dry run)\n",
        "patch svc web -p 'spec: {type: LoadBalancer}' --dry-run=server": "service/web patched (server dry run)\n",
        "expose pod web-1 --name x --dry-run=client": "service/x exposed (dry run)\n",
    }.items():
        assert stdout(cluster, command) == line
    assert stdout(cluster, "create -f - --dry-run=client", TW) == "service/tw created (dry run)\n"
    assert stdout(cluster, "get svc,pods,deploy -o json") == before


def test_scale(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "scale deployment/web --replicas=6") == "deployment.apps/web scaled\n"
    assert len(cluster.pods) == 6


# -- what people type --------------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\r\nsecond\x08\x07\t\u202e"


def test_hostile_texts_stay_text(cluster: kx.Cluster) -> None:
    value = json.dumps({"metadata": {"annotations": {"note": HOSTILE}}})
    assert run(cluster, ["patch", "svc", "web", "-p", value]).rc == 0
    assert cluster.service("web").annotations["note"] == HOSTILE
    described = stdout(cluster, "describe svc web")
    assert "\x1b" not in described and "^[[31m" in described and "\r" not in described
    assert "\x1b" not in stdout(cluster, "get svc web -o yaml") + stdout(cluster, "get svc web -o json")
    cluster.report(Event(0, "Normal", "R", HOSTILE, "service/web"))
    assert "\x1b" not in stdout(cluster, "get events") and "\r" not in stdout(cluster, "get events")


WORDS = st.sampled_from(
    "get describe create apply patch delete scale expose replace svc svc/web pods all -o yaml json wide -A -n -l -f - "
    "--replicas 3 -p {} [] --type merge json app=web ( ! = '' a/b/c --dry-run=client service nodeport --tcp :: -- --all web".split()
)


@given(st.lists(WORDS | st.text(max_size=8), max_size=7), st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_nothing_is_raised(words: list[str], stdin: str) -> None:
    made = kx.Cluster(nodes=1, provider=None)
    made.apply(WEB % "NodePort")
    done = run(made, words, stdin)
    assert isinstance(done, Completed) and (done.rc == 0 or done.stderr)
