"""What stands behind -o and --sort-by; each expectation was printed by a real kubectl on the same objects."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import stdout

SERVICES = """
{apiVersion: v1, kind: Service, metadata: {name: web, labels: {app: web, tier: front, a.b/c: d}},
  spec: {type: NodePort, selector: {app: web}, clusterIP: 10.96.0.77,
    ports: [{name: http, port: 80, nodePort: 30080}, {name: https, port: 443, nodePort: 30443}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: db, labels: {app: db}},
  spec: {selector: {app: db}, clusterIP: 10.96.0.78, ports: [{port: 5432}]}}
"""


@pytest.fixture
def shop() -> kx.Cluster:
    made = kx.Cluster(nodes=1, provider=None)
    assert run(made, "create -f -", SERVICES).rc == 0
    return made


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.spec.ports[0].nodePort}", "30080"),
        ("{.spec.ports[*].nodePort}", "30080 30443"),
        ('{.spec.ports[?(@.name=="https")].nodePort}', "30443"),
        ("{.spec.ports[?(@.port>80)].name}", "https"),
        ("{.spec.ports[?(@.nodePort)].port}", "80 443"),
        ("{.spec.ports[-1].port}", "443"),
        ("{.spec.ports[0:1].port}", "80"),
        ("{.spec.ports[0,1].port}", "80 443"),
        ("{.metadata['name','namespace']}", "web default"),
        (r"{.metadata.labels.a\.b/c}", "d"),
        ("{..nodePort}", "30080 30443"),
        ("{.metadata.labels}", '{"a.b/c":"d","app":"web","tier":"front"}'),
        ("{.spec.foo.bar}", ""),
        ("{.spec.type} {.spec.clusterIP}", "NodePort 10.96.0.77"),
        ('{range .spec.ports[*]}{.name}{"\\t"}{.port}{"\\n"}{end}', "http\t80\nhttps\t443\n"),
        ("type", "type"),
    ],
)
def test_jsonpath(shop: kx.Cluster, template: str, text: str) -> None:
    assert run(shop, ["get", "svc", "web", "-o", f"jsonpath={template}"]).stdout == text


def test_jsonpath_of_several(shop: kx.Cluster) -> None:
    template = '{range .items[*]}{.metadata.name}{": "}{.spec.type}{"\\n"}{end}'
    assert run(shop, ["get", "svc", "-o", f"jsonpath={template}"]).stdout == (
        "db: ClusterIP\nkubernetes: ClusterIP\nweb: NodePort\n"
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.metadata.name", "error: error parsing jsonpath {.metadata.name, unclosed action\n"),
        ("{.spec.ports[}", "error: error parsing jsonpath {.spec.ports[}, unterminated array\n"),
        ("{.spec.ports[a]}", "error: error parsing jsonpath {.spec.ports[a]}, invalid array index a\n"),
        (
            "{.spec.ports[5].port}",
            'error: error executing jsonpath "{.spec.ports[5].port}": Error executing template: array index out of '
            "bounds: index 5, length 2. Printing more information for debugging the template:\n\ttemplate was:\n"
            '\t\t{.spec.ports[5].port}\n\tobject given to jsonpath engine was:\n\t\tmap[string]interface {}{"apiVersion":',
        ),
        ("", "error: template format specified but no template given\n"),
    ],
)
def test_jsonpath_that_cannot_be_read(shop: kx.Cluster, template: str, message: str) -> None:
    done = run(shop, ["get", "svc", "web", "-o", f"jsonpath={template}"])
    assert done.rc == 1 and done.stderr.startswith(message), done


def test_custom_columns(shop: kx.Cluster) -> None:
    columns = "custom-columns=NAME:.metadata.name,PORTS:.spec.ports[*].nodePort,L:{metadata.labels}"
    assert stdout(shop, f"get svc db web -o {columns}") == (
        "NAME   PORTS         L\n"
        "db     <none>        map[app:db]\n"
        "web    30080,30443   map[a.b/c:d app:web tier:front]\n"
    )
    assert stdout(shop, "get svc web -o custom-columns=N:.metadata.name --no-headers") == "web\n"
    done = run(shop, "get svc -o custom-columns=NAME")
    assert done.stderr == "error: unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>\n"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (".metadata.name", ["db", "kubernetes", "web"]), ("{.spec.type}", ["db", "kubernetes", "web"]),
        (".spec.ports[0].port", ["web", "kubernetes", "db"]), ("spec.clusterIP", ["kubernetes", "web", "db"]),
    ],
)  # fmt: skip
def test_sort_by(shop: kx.Cluster, path: str, names: list[str]) -> None:
    found = stdout(shop, f"get svc --sort-by={path} -o name").split()
    assert [name.removeprefix("service/") for name in found] == names


def test_what_lacks_the_field_comes_first_and_backwards(shop: kx.Cluster) -> None:
    """``Less`` says that it is less than its equals, too (pkg/cmd/get/sorter.go), and Go inserts one by one."""
    run(shop, "annotate svc web a=1")
    listed = stdout(shop, "get svc -o name --sort-by=.metadata.annotations.a").split()
    assert listed == ["service/kubernetes", "service/db", "service/web"]


def test_sort_by_what_nothing_has(shop: kx.Cluster) -> None:
    """Of a table kubectl prints no row, and names no error (``SortingPrinter``, whose error ``get`` drops)."""
    done = run(shop, "get svc --sort-by=.spec.foo")
    assert (done.rc, done.stdout, done.stderr) == (0, "", "No resources found in default namespace.\n")
    told = 'error: couldn\'t find any field with path "{.%s}" in the list of objects\n'
    assert run(shop, "get svc -o name --sort-by=.spec.foo").stderr == told % "spec.foo"
    assert run(shop, "get svc web db --sort-by=.metadata.name").stderr == told % "metadata.name"
    assert "unsortable type: []interface {}" in run(shop, "get svc --sort-by=.spec.ports").stderr


def test_label_columns_and_kinds(shop: kx.Cluster) -> None:
    lines = stdout(shop, "get svc web db -L app,tier --show-kind").splitlines()
    assert lines[0].split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "APP", "TIER"]
    assert lines[1].split()[0] == "service/web" and lines[1].split()[-2:] == ["web", "front"]
    assert lines[2].endswith("db    ")  # a label that is not there leaves its cell empty


def test_all_and_namespaces(shop: kx.Cluster) -> None:
    shop.deploy("api", replicas=1)
    assert stdout(shop, "get all -o name").split() == [
        "pod/api-1", "service/db", "service/kubernetes", "service/web", "deployment.apps/api",
    ]  # fmt: skip
    assert stdout(shop, "get ns").splitlines()[:2] == [
        "NAME              STATUS   AGE", "default           Active   0s",
    ]  # fmt: skip
    assert stdout(shop, "get ns default -o jsonpath={.status.phase}") == "Active"


def test_a_missing_one_can_be_ignored(shop: kx.Cluster) -> None:
    assert stdout(shop, "get svc nope --ignore-not-found") == ""
    assert stdout(shop, "get svc web nope -o name --ignore-not-found") == "service/web\n"
