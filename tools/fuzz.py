"""Fuzz every door through which somebody else's text comes in.

Usage: ``python tools/fuzz.py`` tries for a minute; ``--inputs 1000000`` is the long run, ``--replay NUMBER`` plays one
input again. Inputs are made from a seed and a number, so a finding is named by these two.

An outcome is a value, or an exception that the door's documentation names and whose message says where; within 1 s of
processor time and 200 MB for 1 MB of input; after a refusal the cluster is as it was. All else is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import datetime
import io
import json
import math
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import k8sexpose as kx  # noqa: E402
from k8sexpose import cli  # noqa: E402
from k8sexpose._display import CONTROLS  # noqa: E402
from k8sexpose.cluster.store import held_ips, held_ports  # noqa: E402
from k8sexpose.data import EXAMPLES  # noqa: E402
from k8sexpose.kubectl import curl, run  # noqa: E402
from k8sexpose.kubectl.magics import show, split, variable  # noqa: E402

BLOCK = 200  # inputs that meet the same cluster, one after the other
LIMIT_S, LIMIT_MB = 1.0, 200
STUCK_S = 120

# -- what inputs are made of -------------------------------------------------------------------------------------------

TOKENS = [
    "---\n", "...\n", "&a ", "*a", "<<: *a", "<<", "!!binary ", "!!python/object/apply:os.system ", "!!float ", "!x ",
    "!<tag:yaml.org,2002:int> ", "%YAML 1.3\n", "\t", "\0", "\r", "\r\n", "\ufeff", "\ud800", "\udfff", "\u2028", "\x85",
    "\x1b[31m", "\u202e", "{", "}", "[", "]", ",", ": ", "? ", "- ", "|\n", ">-\n", "'", '"', "\\u0000", "\\ud800", "#",
    "@", "`", "null", "~", "yes", ".inf", "-.inf", ".nan", "NaN", "Infinity", "1e999", "-0", "0x7fffffffffffffff", "0o17",
    "1_000", "99999999999999999999", "-2147483649", "4294967296", "1e-7", "2026-01-01", "12:30:45", "=", "\U0001f600",
    "٣", "²", "\n", " ", "  ", "../../etc/passwd", "x.yaml", "$patch: delete", "$setElementOrder/ports", "List", "items",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 80, 65535, 65536, 2**31, -(2**31) - 1, 2**63, 2**64, 10**30, 1.5, -0.0, 1e21, 1e308,
    math.inf, -math.inf, math.nan, "", " ", "None", "x", "X", "a" * 300, "\0", "\ud800", "\ufeff", "\x1b]0;x\x07", "<b>x",
    "10.0.0.1", "10.96.0.1", "::1", "::ffff:10.0.0.1", "10.0.0.0/8", "300.1.1.1", "010.0.0.1", "fe80::1%eth0", "80", "٣",
    "http", "TCP", "tcp", "Local", "Cluster", "ClientIP", "ExternalName", "LoadBalancer", "NodePort", "ClusterIP",
    "2026-01-01T00:00:00Z", "aws:///eu-west-1a/i-1", "gce://p/europe-west1-b/n", [], {}, [None], [[]], [{}], {"": ""},
    {"a": {"b": {"c": None}}}, {"$patch": "delete"}, {"$patch": "replace"}, [{"$patch": "delete", "port": 80}],
    {"apiVersion": "v1", "kind": "List", "items": []}, {"$retainKeys": ["x"]}, ["10.96.0.5", "fd00::1"],
]  # fmt: skip
# What only Python can put into a mapping: yaml.safe_load makes dates, a slip makes the others.
STRANGE: list[Any] = [datetime.date(2026, 1, 1), b"x", (1, 2), {1: 2}, {None: None}, {True: "x"}, {1, 2}, 1j, object]
FIELDS = """apiVersion kind metadata name namespace labels annotations generateName finalizers ownerReferences spec type
    ports port targetPort nodePort protocol appProtocol selector clusterIP clusterIPs externalIPs sessionAffinity
    sessionAffinityConfig clientIP timeoutSeconds loadBalancerIP loadBalancerSourceRanges externalName ipFamilies
    externalTrafficPolicy internalTrafficPolicy healthCheckNodePort publishNotReadyAddresses ipFamilyPolicy status
    allocateLoadBalancerNodePorts loadBalancerClass trafficDistribution loadBalancer ingress ip hostname addresses
    endpoints conditions nodeName zone podCIDR providerID taints items replicas template containers""".split()
WORDS = """get describe create apply replace patch expose delete scale svc services pods po nodes no deploy deployment ep
    endpointslices events all -o wide yaml json name -n default kube-system -A -l app=web app!=x --show-labels -f - x.yaml
    --dry-run --dry-run=server --dry-run=client --validate=false --tcp 80:8080 80 --node-port 30010 --clusterip None
    --external-name x.y --image nginx --replicas 2 -1 --port --target-port http --protocol UDP --type LoadBalancer
    --type=json --type=merge -p --name --selector --labels a=b --session-affinity ClientIP --cluster-ip --external-ip
    10.0.0.9 --load-balancer-ip --all --ignore-not-found --cluster mine -w --watch web api-backend public-api-lb nope
    svc/web deployment/api-backend {cluster} $cluster {} ' " \\ ; | `id` $(id) && > < # -- = loadbalancer nodeport
    -m 5 -s -i -S --client pod/api-backend-1 node/node-1 --from http://10.0.0.1:30080 http://web http://10.96.0.1
    10.0.0.1:30080 [::1]:80 http://[::1] http://a:b http://x@y:1/ http://10.0.0.1:99999 http://0x7f.1 //// :80""".split()
PRICES = """[aws.nlb]
nlb_hour = 0.02
[gcp.passthrough_network_lb]
[[prices.aws.nlb.nlcu_hour]]
price = 0.006
currency = "USD"
unit = "NLCU-hour"
region = "us-east-1"
tier = [0, 10]
source = "mine"
as_of = "2026-01-01"
[book]
hours_per_month = 730
every_region = ["all"]
as_of = "2026"
[providers.aws]
currency = "USD"
default_region = "us-east-1"
regions = ["us-east-1"]
[quotas.aws.nlb]
value = 50
adjustable = true
source = "s"
as_of = "2026"
[capacity_units.nlcu_tcp]
new_connections_per_s = 800
[sources.s]
title = "mine"
"""


@dataclass
class Corpus:
    """The real texts and objects that are mutated."""

    texts: list[str] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)

    @classmethod
    def load(cls) -> Corpus:
        texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.yaml"))]
        cases = json.loads((ROOT / "tests/conformance/apiserver-cases.json").read_text(encoding="utf-8"))
        for case in cases:
            texts += [step["manifest"] for step in (case, *case.get("steps", ())) if step.get("manifest")]
        texts = sorted(set(texts))
        objects = []
        for text in texts:
            with contextlib.suppress(yaml.YAMLError, ValueError):
                objects += [value for value in yaml.safe_load_all(text) if isinstance(value, dict)]
        dump = json.loads((EXAMPLES / "sample-cluster.json").read_text(encoding="utf-8"))
        return cls([text for text in texts if len(text) < 20_000], objects, dump["items"])


def mangled(rng: random.Random, text: str, others: list[str]) -> str:
    """Change a text in a few places, like a slip, a bad copy, or somebody who means harm."""
    for _ in range(1 + int(rng.expovariate(0.5))):
        at, until = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        until = min(until, at + int(rng.expovariate(0.05)))
        match rng.randrange(8):
            case 0:
                text = text[:at] + text[until:]
            case 1 | 2:
                text = text[:at] + rng.choice(TOKENS) + text[at:]
            case 3:
                text = text[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x110000)))) + text[at + 1 :]
            case 4:
                text = text[:at] + text[at:until] * rng.randrange(2, 5) + text[until:]
            case 5:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                text = text[:at] + other[start : start + rng.randrange(200)] + text[until:]
            case 6:
                lines = text.split("\n")
                number = rng.randrange(len(lines))
                lines[number] = rng.choice((lines[number].lstrip(), "  " + lines[number], rng.choice(lines), ""))
                text = "\n".join(lines)
            case 7:
                words = re.split(r"(\W+)", text)
                number = rng.randrange(len(words))
                words[number] = str(rng.choice(VALUES))
                text = "".join(words)
    return text


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """List every (container, key) of an object."""
    if isinstance(value, dict):
        for key, item in value.items():
            found.append((value, key))
            places(item, found)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found.append((value, number))
            places(item, found)
    return found


def twisted(rng: random.Random, value: Any, donors: list[Any], strange: bool = False) -> Any:
    """Change an object in a few places: another value, another key, one more, one less."""
    value = copy.deepcopy(value)
    for _ in range(1 + int(rng.expovariate(0.6))):
        there = places(value, [])
        if not there:
            return rng.choice(VALUES)
        owner, key = rng.choice(there)
        match rng.randrange(7):
            case 0 | 1:
                owner[key] = copy.deepcopy(rng.choice(STRANGE if strange and rng.random() < 0.2 else VALUES))
            case 2:
                del owner[key]
            case 3 if isinstance(owner, dict):
                owner[rng.choice(FIELDS)] = copy.deepcopy(rng.choice(VALUES))
            case 3:
                owner.insert(key, copy.deepcopy(rng.choice(owner)))
            case 4:
                other, place = rng.choice(places(rng.choice(donors), []) or [(VALUES, 0)])
                owner[key] = copy.deepcopy(other[place])
            case 5 if isinstance(owner, dict):
                owner[rng.choice((str(rng.choice(VALUES)), rng.choice(FIELDS)))] = owner.pop(key)
            case 5:
                owner.extend(copy.deepcopy(owner[:50]))
            case 6 if isinstance(owner[key], str) and owner[key]:
                owner[key] = mangled(rng, owner[key], TOKENS)
            case 6:
                owner[key] = [owner[key]] if rng.random() < 0.5 else {"x": owner[key]}
    return value


def large(rng: random.Random) -> str:
    """Write about 100 KB to 1 MB that is small trouble multiplied."""
    size = rng.choice((100_000, 300_000, 1_000_000))
    port = "{name: p%d, port: %d, nodePort: %d}, "
    head = "apiVersion: v1\nkind: Service\nmetadata: {name: big%s}\nspec:\n  type: NodePort\n  ports: [%s]\n"
    few = "{port: 80}"
    match rng.randrange(10):
        case 0:
            many = (port % (n, n % 65535 + 1, rng.randrange(30000, 32767)) for n in range(size // 40))
            return head % ("", "".join(many))
        case 1:
            return rng.choice("[{") * size
        case 2:
            return "a: " + "[" * rng.randrange(200) + "x" * size
        case 3:
            lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, size // 120))
            return "a0: &a0 [x, x]\n" + lists
        case 4:
            return "---\n".join([head % (rng.randrange(9), few)] * (size // 90))
        case 5:
            return head % (f", labels: {{{', '.join(f'k{n}: v' for n in range(size // 9))}}}", few)
        case 6:
            return head % (f", annotations: {{a: '{'y' * size}'}}", few)
        case 7:
            return json.dumps({"items": [{"kind": "Pod", "metadata": {"name": f"p{n}"}} for n in range(size // 50)]})
        case 8:
            return "- " * (size // 2)
        case _:
            return head % ("", few) + f"  x{'1' * rng.choice((10, 5000))}: {'9' * size}\n"


# -- the doors ---------------------------------------------------------------------------------------------------------


class Wrong(Exception):
    """An outcome that should not be; the text says what."""


@dataclass
class World:
    """A cluster that meets many inputs, and the corpus they are made of."""

    corpus: Corpus
    rng: random.Random
    folder: Path
    cluster: kx.Cluster = field(init=False)
    sent: Any = ""

    def __post_init__(self) -> None:
        rng = self.rng
        self.cluster = kx.Cluster(
            nodes=3, provider=rng.choice(("generic", None, "aws", "gcp", "metallb")), seed=rng.randrange(9),
            node_port_range=rng.choice(((30000, 32767), (30000, 30040))), namespaces=rng.choice((None, ("default",))),
            service_cidr=rng.choice(("10.96.0.0/16", "10.96.0.0/27", "10.96.0.0/16,fd00::/112")),
        )  # fmt: skip
        self.cluster.deploy("api-backend", per_node=[2, 1, 0])
        for name in ("public-api-lb", "api-backend", "sticky-shop"):
            with contextlib.suppress(kx.ApiError):
                self.cluster.apply(kx.example(name))
        spec = {"type": "NodePort", "selector": {"app": "api-backend"}, "ports": [{"port": 80, "targetPort": 8080}]}
        self.cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
        self.cluster.advance(60)


def state(cluster: kx.Cluster) -> tuple[Any, ...]:
    """Everything that a refusal must leave alone, in order; the values never change, so their owners are enough."""
    store = cluster.store
    indices = {name: value.entries for name, value in vars(store).items() if hasattr(value, "entries")}
    return (
        list(store.nodes.items()), list(store.pods.items()), dict(store.services), list(store.applied_slices.items()),
        {name: {prop: set(keys) for prop, keys in entries.items()} for name, entries in indices.items()},
        list(cluster.events), cluster.now_s, cluster.api.now_s, list(cluster.clock.queue), cluster.api.rng.getstate(),
        dict(cluster._deployments), dict(cluster._manifests), dict(cluster.failed), dict(cluster.cloud_state.progress),
        dict(cluster.load_balancers), dict(cluster.cloud_state.addresses_held), cluster.sends, dict(cluster.affinity),
    )  # fmt: skip


def pools_hold_what_services_hold(cluster: kx.Cluster) -> None:
    """Compare the pools with a count of what the Services have."""
    ports = sorted(number for service in cluster.services for number in held_ports(service))
    ips = sorted(ip for service in cluster.services for ip in held_ips(service))
    if sorted(cluster.store._ports_held.entries) != ports or sorted(cluster.store._ips_held.entries) != ips:
        raise Wrong("the pools hold something else than the Services")


# A message says where: a document, a line, a byte, an entry, a field, or the object itself.
SOMEWHERE = re.compile(
    r'^[-\w.$ \[\]]+: |document \d+|end of document|line \d+|byte \d+|items|\w\.\w|\w\[\d+\]|"[^"]*"|kind|metadata|apiVersion|yaml:|json:|characters|'
    r"surrogate|namespace|rejected our request|cannot be sent|NodePort|a manifest is|the dump|no objects|name|row|tables|prices",
)


def refused(error: Exception) -> None:
    """Check that a refusal says something."""
    text = str(error)
    if not text.strip() or not SOMEWHERE.search(text):
        raise Wrong(f"a message that says not where: {type(error).__name__}: {text[:200]!r}")
    if len(text) > 3_000_000:
        raise Wrong(f"a message of {len(text):,} characters")


def whole(world: World, call: Callable[[], Any], expected: tuple[type[Exception], ...]) -> Any:
    """Make a call that changes everything or nothing."""
    before = state(world.cluster)
    try:
        result = call()
    except expected as error:
        refused(error)
        if state(world.cluster) != before:
            raise Wrong(f"changed by a call that failed: {error}") from error
        return None
    if world.rng.random() < 0.05:
        pools_hold_what_services_hold(world.cluster)
        look(world.rng, world.cluster)
    return result


API = (kx.ApiError, kx.ManifestError)
ASKED = (kx.ApiError, kx.NotExposed, ValueError, KeyError)


def look(rng: random.Random, cluster: kx.Cluster) -> None:
    """Ask all sorts of things of whatever the cluster has become."""
    for command in (
        "get svc,pods,nodes,endpointslices -A -o wide",
        "get svc -A -o yaml",
        "get pods,nodes -o json",
        "describe svc -A",
    ):
        done = run(cluster, command)
        if done.rc and "not found" not in done.stderr and "o resources" not in done.stderr:
            raise Wrong(f"kubectl {command}: {done.stderr[:200]}")
    cluster._repr_html_()
    for service in cluster.services[:6]:
        for question in (
            lambda s=service: kx.shares(cluster, s.key),
            lambda s=service: kx.send(cluster.copy(), s.key, seed=1),
            lambda s=service: kx.provision(cluster, s.key),
            lambda s=service: kx.health_check(cluster, s.key, node=rng.choice([n.name for n in cluster.nodes] or [""])),
            lambda s=service: kx.flow(cluster, s.key).static()._repr_html_() if rng.random() < 0.05 else None,
        ):
            with contextlib.suppress(*ASKED, LookupError):
                question()
    if rng.random() < 0.3:
        made = kx.review(cluster)
        made.to_html()
        made.to_markdown()
        with contextlib.suppress(ValueError):
            kx.bill(cluster)
    cluster.copy().advance(400)


def manifest_text(world: World) -> str | bytes:
    rng, corpus = world.rng, world.corpus
    kind = rng.random()
    if kind < 0.0005:
        text = large(rng)
    elif kind < 0.05:
        return rng.randbytes(rng.randrange(200))
    elif kind < 0.1:
        text = "".join(rng.choices(TOKENS, k=rng.randrange(30)))
    elif kind < 0.6:
        text = mangled(rng, rng.choice(corpus.texts), corpus.texts)
    else:
        value = twisted(rng, rng.choice(corpus.objects), corpus.objects)
        text = json.dumps(value, default=str, ensure_ascii=rng.random() < 0.5)
        if rng.random() < 0.3:
            text = mangled(rng, text, corpus.texts)
    if rng.random() < 0.2:
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data) + 1) :][:1] = rng.randbytes(1)
        return bytes(data)
    return text


def manifest(world: World) -> Any:
    if world.rng.random() < 0.4:
        return twisted(world.rng, world.rng.choice(world.corpus.objects), world.corpus.objects, strange=True)
    return manifest_text(world)


def apply(world: World) -> None:
    world.sent = sent = manifest(world)
    whole(world, lambda: world.cluster.apply(sent), (*API, FileNotFoundError))


def create(world: World) -> None:
    world.sent = sent = manifest(world)
    verb = world.rng.choice((world.cluster.create, world.cluster.replace))
    options = {"field_validation": world.rng.choice(("Strict", "Warn", "Ignore")), "dry_run": world.rng.random() < 0.2}
    whole(world, lambda: verb(sent, **options), API)


def patch(world: World) -> None:
    rng, corpus = world.rng, world.corpus
    name = rng.choice(("web", "public-api-lb", "sticky-shop", "nope", "kubernetes"))
    kind = rng.choice(("strategic", "merge", "json"))
    sent: Any = twisted(rng, {"spec": rng.choice(corpus.objects).get("spec") or {}}, corpus.objects, strange=True)
    if kind == "json":
        paths = (
            "/spec/ports/0",
            "/spec/ports/-",
            "/spec/type",
            "/metadata/labels/a~1b",
            "",
            "/",
            "/spec/ports/x",
            "/~2",
        )
        verbs = ("add", "remove", "replace", "move", "copy", "test", "x")
        steps = [
            {"op": rng.choice(verbs), "path": rng.choice(paths), "from": rng.choice(paths), "value": rng.choice(VALUES)}
            for _ in range(rng.randrange(5))
        ]
        sent = twisted(rng, steps, corpus.objects) if steps and rng.random() < 0.5 else steps
    elif rng.random() < 0.05:
        sent = copy.deepcopy(rng.choice(VALUES))
    world.sent = (name, kind, sent)
    whole(world, lambda: world.cluster.patch(name, sent, patch_type=kind), API)


def delete(world: World) -> None:
    rng = world.rng
    name = rng.choice(("web", "public-api-lb", "sticky-shop", "nope", "node-1", "api-backend-1", *TOKENS))
    kind = rng.choice(("Service", "Service", "Service", "Pod", "Node", "Deployment", "EndpointSlice", "service", "X"))
    world.sent = (name, kind)
    whole(world, lambda: world.cluster.delete(name, kind=kind), API)


def small_dump(world: World) -> Any:
    rng, corpus = world.rng, world.corpus
    value = {"apiVersion": "v1", "kind": "List", "items": rng.choices(corpus.entries, k=rng.randrange(1, 8))}
    return twisted(rng, value, corpus.entries) if rng.random() < 0.95 else rng.choice(VALUES)


def dump_text(world: World) -> str:
    rng = world.rng
    if rng.random() < 0.0005:
        return large(rng)
    text = json.dumps(small_dump(world), default=str, ensure_ascii=rng.random() < 0.5)
    return mangled(rng, text, world.corpus.texts) if rng.random() < 0.4 else text


def from_json(world: World) -> None:
    rng = world.rng
    world.sent = sent = small_dump(world) if rng.random() < 0.5 else dump_text(world)
    if isinstance(sent, str) and not sent.lstrip().startswith(("{", "[")):
        sent = "{" + sent  # else it is a path
    if not isinstance(sent, str | dict):
        return
    try:
        cluster = kx.Cluster.from_json(sent, provider=rng.choice((None, "generic")))
    except kx.ManifestError as error:
        refused(error)
        return
    if rng.random() < 0.15:
        look(rng, cluster)


def report(world: World) -> None:
    rng = world.rng
    world.sent = text = dump_text(world)
    path = world.folder / "dump.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    extra = rng.choice(([], ["--anonymise"], ["-o", str(world.folder / "o.html")], ["--fail-on", "warning"]))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.main(["report", str(path), *extra])
    if code not in (cli.MADE, cli.UNREADABLE, cli.FOUND) or (code == cli.UNREADABLE and not err.getvalue().strip()):
        raise Wrong(f"exit code {code}, {err.getvalue()!r}")


def magics(world: World) -> None:
    """Do what the magics do with a line and a cell, IPython apart."""
    rng = world.rng
    words = rng.choices(WORDS, k=rng.randrange(9))
    line = " ".join(words)
    if rng.random() < 0.4:
        line = rng.choice(("get svc ", "apply -f - ", "patch svc web -p ", "create -f - ", "delete -f - ")) + line
    if rng.random() < 0.4:
        line = mangled(rng, line, TOKENS)
    cell = manifest_text(world) if rng.random() < 0.3 else ""
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", "replace")
    world.sent = (line, cell)
    try:
        _, told = variable(split(line, {"cluster": world.cluster}.__getitem__))
    except ValueError:
        return
    done = curl(world.cluster, told) if rng.random() < 0.4 else run(world.cluster, told, cell)
    if done.rc and not done.stderr and "-s" not in "".join(told):
        raise Wrong(f"exit code {done.rc} without a word")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        show(done)
    if re.search(CONTROLS, out.getvalue()):
        raise Wrong("a control character is printed")
    if rng.random() < 0.05:
        pools_hold_what_services_hold(world.cluster)


def ask(world: World) -> None:
    rng, cluster = world.rng, world.cluster
    target = rng.choice(WORDS + TOKENS)
    target = mangled(rng, target, WORDS) if rng.random() < 0.5 else target
    client = rng.choice(("203.0.113.7", "pod/api-backend-1", "node/node-1", *TOKENS, *WORDS))
    world.sent = (target, client)
    before = state(cluster)
    with contextlib.suppress(*ASKED):
        rng.choice((kx.routes, kx.entries, kx.shares))(cluster, target, client=client)
    if state(cluster) != before:
        raise Wrong("a question changed the cluster")
    with contextlib.suppress(*ASKED):
        kx.send(cluster, target, client=client)


def prices(world: World) -> None:
    rng = world.rng
    text = PRICES
    if rng.random() < 0.5:
        text = mangled(rng, text, [*TOKENS, PRICES])
        sent: Any = text + "\n"
    else:
        import tomllib

        sent = twisted(rng, tomllib.loads(PRICES), [PRICES_OBJECT], strange=True)
        if not isinstance(sent, dict):
            return
    world.sent = sent
    try:
        book = kx.price_book(sent)
    except ValueError as error:
        refused(error)
        return
    with contextlib.suppress(ValueError):
        kx.bill(world.cluster, prices=book)


PRICES_OBJECT = {"a": {"b": [1, "x", None, {"price": -1}, {"tier": ["a"]}]}, "price": "x", "tier": [3, 1], "regions": 3}
# How often each door is tried, for every hundred inputs.
DOORS: list[tuple[Callable[[World], None], int]] = [
    (apply, 26), (create, 22), (patch, 10), (delete, 1), (from_json, 16), (report, 2), (magics, 15), (ask, 4), (prices, 4),
]  # fmt: skip


# -- one input ---------------------------------------------------------------------------------------------------------


class TooSlow(BaseException):
    """Raised by the clock in the middle of whatever is slow."""


@dataclass
class Finding:
    """What went wrong, where, and with which input."""

    number: int
    door: str
    what: str
    where: str
    sent: str

    @property
    def key(self) -> tuple[str, str]:
        return self.what.partition(":")[0], self.where


def place(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "k8sexpose/" in f.filename.replace("\\", "/")]
    frames = frames or traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"


def block(seed: str, first: int, folder: Path, corpus: Corpus, only: int | None = None) -> Iterator[Finding | None]:
    """Play the inputs of one block."""
    world = World(corpus, random.Random(f"{seed}/block/{first}"), folder)
    memory = Memory()
    for number in range(first, first + BLOCK):
        world.rng = random.Random(f"{seed}/{number}")
        world.sent = ""
        door = world.rng.choices([d for d, _ in DOORS], [weight for _, weight in DOORS])[0]
        began = time.process_time()
        finding = None
        try:
            signal.setitimer(signal.ITIMER_PROF, 20 * LIMIT_S)
            door(world)
        except (Exception, TooSlow) as error:
            what = str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
            finding = (what, place(error))
            if only is not None:
                traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - began
        size_mb = max(len(str(world.sent)) / 1e6, 1) if took > LIMIT_S or memory.grown else 1
        if finding is None and took > LIMIT_S * size_mb:
            finding = (f"slow: {took:.1f} s for {size_mb:.1f} MB", door.__name__)
        if finding is None and memory.grown > LIMIT_MB * size_mb:
            finding = (f"memory: {memory.grown:.0f} MB", door.__name__)
            memory = Memory()
        if only == number:
            print(f"{door.__name__}: {world.sent!r:.3000}\n{finding}")
        if finding is not None:
            yield Finding(number, door.__name__, finding[0][:500], finding[1], repr(world.sent)[:4000])
        else:
            yield None


class Memory:
    """How much more memory than at the beginning this process has ever had."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        self.base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @property
    def grown(self) -> float:
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self.base) / 1024


# -- many inputs -------------------------------------------------------------------------------------------------------


def work(seed: str, blocks: range, until: float, done: Any, queue: Any) -> None:
    """Play blocks until they or the time are up; the parent watches how far we are."""

    def too_slow(*_: Any) -> None:
        raise TooSlow("more than twenty times the limit")

    signal.signal(signal.SIGPROF, too_slow)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    corpus = Corpus.load()
    with tempfile.TemporaryDirectory() as folder:
        for first in blocks:
            for finding in block(seed, first, Path(folder), corpus):
                with done.get_lock():
                    done.value += 1
                if finding is not None:
                    queue.put(finding)
            if time.monotonic() > until:
                break


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, help=f"how many, in blocks of {BLOCK} (default: as many as fit)")
    parser.add_argument("--seconds", type=float, help="how long (default: 60, or no limit with --inputs)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--seed", default="0", help="(default: %(default)s)")
    parser.add_argument(
        "--replay", type=int, metavar="NUMBER", help="play one input again, and those of its block before"
    )
    told = parser.parse_args()
    if told.replay is not None:
        with tempfile.TemporaryDirectory() as folder:
            first = told.replay - told.replay % BLOCK
            played = block(told.seed, first, Path(folder), Corpus.load(), only=told.replay)
            found = [finding for finding, _ in zip(played, range(told.replay - first + 1), strict=False)]
        return int(found[-1] is not None)
    inputs = told.inputs or sys.maxsize // 2
    seconds = told.seconds or (math.inf if told.inputs else 60)
    return report_on(watch(told.seed, inputs, seconds, told.jobs), told.seed)


@dataclass
class Outcome:
    """All findings, by kind, and how many inputs there were."""

    inputs: int = 0
    seconds: float = 0.0
    findings: dict[tuple[str, str], list[Finding]] = field(default_factory=dict)


def watch(seed: str, inputs: int, seconds: float, jobs: int) -> Outcome:
    """Start the workers and look after them: one that is stuck or gone is itself a finding."""
    context = multiprocessing.get_context("spawn")
    queue, began, outcome = context.SimpleQueue(), time.monotonic(), Outcome()
    counts = [context.Value("q", 0) for _ in range(jobs)]
    ends = -(-inputs // BLOCK) * BLOCK

    def start(job: int) -> Any:
        skip = -(-counts[job].value // BLOCK)
        counts[job].value = skip * BLOCK
        blocks = range((job + skip * jobs) * BLOCK, ends, jobs * BLOCK)
        process = context.Process(target=work, args=(seed, blocks, began + seconds, counts[job], queue), daemon=True)
        process.start()
        return process

    workers = {job: start(job) for job in range(jobs)}
    moved = {job: (0, time.monotonic()) for job in workers}
    said = began
    while workers:
        time.sleep(0.2)
        while not queue.empty():
            note(outcome, queue.get())
        for job, process in list(workers.items()):
            value = counts[job].value
            if value != moved[job][0]:
                moved[job] = value, time.monotonic()
            stuck = time.monotonic() - moved[job][1] > STUCK_S
            if process.is_alive() and not stuck:
                continue
            process.kill()
            process.join()
            del workers[job]
            if stuck or process.exitcode:
                number = (job + value // BLOCK * jobs) * BLOCK + value % BLOCK
                note(outcome, Finding(number, "?", "hang" if stuck else f"killed: {process.exitcode}", "", ""))
                counts[job].value += 1
                workers[job] = start(job)
                moved[job] = counts[job].value, time.monotonic()
        if time.monotonic() - said > 30:
            said = time.monotonic()
            total = sum(count.value for count in counts)
            print(f"{total:,} inputs, {total / (said - began):.0f}/s, {len(outcome.findings)} findings", flush=True)
    while not queue.empty():
        note(outcome, queue.get())
    outcome.inputs, outcome.seconds = sum(count.value for count in counts), time.monotonic() - began
    return outcome


def note(outcome: Outcome, finding: Finding) -> None:
    known = outcome.findings.setdefault(finding.key, [])
    known.append(finding)
    if len(known) == 1:
        print(
            f"input {finding.number}, {finding.door}, {finding.where}: {finding.what}\n  {finding.sent:.600}",
            flush=True,
        )


def report_on(outcome: Outcome, seed: str) -> int:
    rate = outcome.inputs / outcome.seconds
    for known in outcome.findings.values():
        print(f"{len(known)} × {known[0].where}: {known[0].what:.150} (--replay {known[0].number} --seed {seed})")
    print(
        f"{outcome.inputs:,} inputs, seed {seed}, {outcome.seconds:.0f} s, {rate:.0f}/s: {len(outcome.findings)} findings"
    )
    return int(bool(outcome.findings))


if __name__ == "__main__":
    sys.exit(main())
