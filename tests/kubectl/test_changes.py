"""kubectl apply, replace, patch, delete and scale."""

from __future__ import annotations

from pathlib import Path

import yaml

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import TW, WEB, stdout


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
        "patch svc web -p 'spec: {type: LoadBalancer}' --dry-run=server": "service/web patched\n",
        "expose pod web-1 --name x --dry-run=client": "service/x exposed (dry run)\n",
    }.items():
        assert stdout(cluster, command) == line
    assert stdout(cluster, "create -f - --dry-run=client", TW) == "service/tw created (dry run)\n"
    assert stdout(cluster, "get svc,pods,deploy -o json") == before


def test_scale(cluster: kx.Cluster) -> None:
    assert stdout(cluster, "scale deployment/web --replicas=6") == "deployment.apps/web scaled\n"
    assert len(cluster.pods) == 6
