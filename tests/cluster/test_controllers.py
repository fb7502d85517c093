"""Whole files of vendors: which kinds are stored, which start Pods, which are passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run

FILES = Path(__file__).parent.parent / "report" / "real_files"

WORKLOAD = """
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  {more}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      {spec}
      containers: [{{name: c, image: x, ports: [{{containerPort: 8080{port}}}]}}]
"""


def workload(kind: str, name: str = "web", *, more: str = "", spec: str = "", port: str = "") -> str:
    return WORKLOAD.format(kind=kind, name=name, more=more, spec=spec, port=port)


def placed(cluster: kx.Cluster) -> list[tuple[str, str | None]]:
    return [(pod.name, pod.node) for pod in cluster.pods]


def test_a_file_with_a_namespace() -> None:
    done = kx.Cluster(nodes=3).apply(FILES / "namespace-then-svc.yaml")
    assert [str(one) for one in done] == [
        "namespace/shop created", "serviceaccount/web passed over", "service/web created",
        "deployment.apps/web created",
    ]  # fmt: skip
    cluster = kx.Cluster(nodes=3)
    said = run(cluster, f"apply -f {FILES / 'namespace-then-svc.yaml'}")
    assert (said.rc, said.stdout.splitlines()[0], said.stderr) == (
        0, "namespace/shop created", "passed over: ServiceAccount\n",
    )  # fmt: skip
    assert "shop" in run(cluster, "get ns").stdout
    assert run(cluster, "get svc -n shop -o name").stdout == "service/web\n"


def test_a_namespace_makes_room_where_not_every_name_is_one() -> None:
    cluster = kx.Cluster(nodes=3, namespaces=["default"])
    cluster.apply(FILES / "namespace-then-svc.yaml")
    assert cluster.service("shop/web").namespace == "shop"


def test_built_in_kinds_are_passed_over_and_others_are_not_known() -> None:
    said = run(kx.Cluster(nodes=3), f"apply -f {FILES / 'crd-and-quota-then-svc.yaml'}")
    assert (said.rc, said.stdout) == (0, "service/web created\n")
    assert said.stderr == "passed over: CustomResourceDefinition, ResourceQuota\n"
    thing = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\n---\n"
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"
    said = run(kx.Cluster(), "apply -f -", thing + service)
    assert (said.rc, said.stdout) == (1, "service/a created\n")
    assert 'no matches for kind "Thing" in version "example.org/v1"\nensure CRDs are installed first' in said.stderr
    assert [one.verb for one in kx.Cluster().apply(thing + service)] == ["passed over", "created"]


def test_an_old_version_of_a_built_in_kind_is_not_known() -> None:
    old = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web}\n"
    assert (
        'no matches for kind "Ingress" in version "extensions/v1beta1"' in run(kx.Cluster(), "apply -f -", old).stderr
    )


def test_pods_of_a_stateful_set_and_a_daemon_set() -> None:
    cluster = kx.Cluster(nodes=3)
    assert run(cluster, f"apply -f {FILES / 'statefulset-daemonset-svc.yaml'}").rc == 0
    assert [pod.node for pod in cluster.pods if pod.owner == "DaemonSet/edge"] == ["node-1", "node-2", "node-3"]
    assert [pod.name for pod in cluster.pods if pod.owner == "StatefulSet/db"] == ["db-0", "db-1"]
    assert kx.shares(cluster, "edge").lost == 0
    assert [pod.ports[0].host_port for pod in cluster.pods][:3] == [80, 80, 80]
    assert run(cluster, "get sts,ds").stdout.splitlines() == [
        "NAME                  READY   AGE",
        "statefulset.apps/db   2/2     0s",
        "",
        "NAME                  DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE",
        "daemonset.apps/edge   3         3         3       3            3           <none>          0s",
    ]


def test_numbers_of_a_stateful_set() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.apply(workload("StatefulSet", more="ordinals: {start: 5}\n  replicas: 2"))
    assert placed(cluster) == [("web-5", "node-1"), ("web-6", "node-2")]
    cluster.terminate("web-5", grace_s=30)
    assert len(cluster.pods) == 2  # a successor has the same name, and waits
    cluster.advance(30)
    assert sorted(pod.name for pod in cluster.pods) == ["web-5", "web-6"]
    assert not cluster.pod("web-5").terminating
    cluster.apply(workload("StatefulSet", more="ordinals: {start: 5}\n  replicas: 1"))
    assert [pod.name for pod in cluster.pods] == ["web-5"]


def test_a_replica_set_replaces_a_pod_at_once() -> None:
    cluster = kx.Cluster(nodes=3)
    cluster.apply(workload("ReplicaSet", more="replicas: 2"))
    names = [pod.name for pod in cluster.pods]
    assert all(len(name) == len("web-xxxxx") for name in names)
    cluster.terminate(names[0])
    assert len(cluster.pods) == 3
    cluster.advance(30)
    assert len(cluster.pods) == 2


def test_where_a_daemon_set_runs() -> None:
    nodes = [
        kx.Node("n1", ("10.0.0.1",), pod_cidr="10.244.1.0/24", labels={"edge": "yes"}),
        kx.Node("n2", ("10.0.0.2",), pod_cidr="10.244.2.0/24", unschedulable=True),
        kx.Node(
            "n3",
            ("10.0.0.3",),
            pod_cidr="10.244.3.0/24",
            taints=(kx.Taint("node-role.kubernetes.io/control-plane", "", "NoSchedule"),),
        ),
        kx.Node("n4", ("10.0.0.4",), pod_cidr="10.244.4.0/24", labels={"kubernetes.io/os": "windows"}),
    ]

    def homes(spec: str) -> list[str | None]:
        cluster = kx.Cluster(nodes=nodes)
        cluster.apply(workload("DaemonSet", spec=spec))
        return [pod.node for pod in cluster.pods]

    linux = "nodeSelector: {kubernetes.io/os: linux}"
    assert homes(linux) == ["n1", "n2"]  # cordoned nodes are tolerated
    assert homes(f"{linux}\n      tolerations: [{{operator: Exists}}]") == ["n1", "n2", "n3"]
    key = "node-role.kubernetes.io/control-plane"
    assert homes(f"tolerations: [{{key: {key}, effect: NoSchedule}}]") == ["n1", "n2", "n3", "n4"]
    affinity = (
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
        "[{matchExpressions: [{key: edge, operator: In, values: ['yes', 'no']}]}]}}}"
    )
    assert homes(affinity) == ["n1"]


def test_a_new_node_gets_its_daemon_and_a_dead_one_keeps_it() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.apply(workload("DaemonSet"))
    node = "{apiVersion: v1, kind: Node, metadata: {name: n9}, spec: {podCIDR: 10.244.9.0/24}}"
    cluster.apply(node)
    assert sorted(str(pod.node) for pod in cluster.pods) == ["n9", "node-1", "node-2"]
    cluster.fail("node-1")
    cluster.advance(400)
    assert [pod.node for pod in cluster.pods if pod.terminating] == []


def test_a_host_port_is_taken_once_on_a_node() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.apply(workload("StatefulSet", more="replicas: 3", port=", hostPort: 80"))
    assert [pod.node for pod in cluster.pods] == ["node-1", "node-2", None]
    assert cluster.pod("web-2").phase == "Pending"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "ReplicaSet"])
def test_a_selector_that_misses_its_own_template(kind: str) -> None:
    text = workload(kind).replace("matchLabels: {app: web}", "matchLabels: {app: webb}")
    cluster = kx.Cluster(nodes=3)
    with pytest.raises(kx.ApiError, match="`selector` does not match template `labels`"):
        cluster.apply(text)
    assert not cluster.pods
    assert not cluster.workloads


def test_deleting_a_workload_ends_its_pods() -> None:
    cluster = kx.Cluster(nodes=2)
    cluster.apply(workload("DaemonSet"))
    assert run(cluster, "delete ds web").stdout == 'daemonset.apps "web" deleted from default namespace\n'
    cluster.advance(30)
    assert not cluster.pods
    with pytest.raises(kx.ApiError, match=r'daemonsets\.apps "web" not found'):
        cluster.delete("web", kind="DaemonSet")


def test_an_ingress_is_stored_and_shown() -> None:
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n"
        "spec: {ingressClassName: nginx, rules: [{host: a.example}, {host: b.example}]}\n"
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw}\nspec: {gatewayClassName: x}\n"
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {hostnames: [a.b]}\n"
    )
    cluster = kx.Cluster()
    assert [one.verb for one in cluster.apply(text)] == ["created"] * 3
    assert [one.verb for one in cluster.apply(text)] == ["unchanged"] * 3
    assert run(cluster, "get ing").stdout.splitlines()[1].split() == ["web", "nginx", "a.example,b.example", "80", "0s"]
    assert run(cluster, "get gateways").stdout.splitlines()[1].split() == ["gw", "x", "Unknown", "0s"]
    assert run(cluster, "get httproutes").stdout.splitlines()[1].split() == ["r", '["a.b"]', "0s"]


def test_endpoints_are_mirrored_for_a_service_without_selector() -> None:
    cluster = kx.Cluster(nodes=2)
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 5432}]}\n---\n"
    endpoints = (
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: db}\n"
        "subsets: [{addresses: [{ip: 192.0.2.50}], ports: [{port: 5432}]}]\n"
    )
    cluster.apply(service + endpoints)
    assert [end.ip for part in cluster.endpoint_slices("db") for end in part.endpoints] == ["192.0.2.50"]
