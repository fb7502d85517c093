"""The entry points through which somebody else's text comes in, and what must hold behind each of them."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import k8sexpose as kx
from k8sexpose import cli
from k8sexpose._display import CONTROLS
from k8sexpose.cluster.store import Index, held_ips, held_ports
from k8sexpose.kubectl import curl, run
from k8sexpose.kubectl.magics import show, split, variable
from k8sexpose.lessons.sheet import QUESTIONS, Sheet
from tests.hostile.corpus import PRICES, TOKENS, VALUES, WORDS, Corpus, large, mangled, twisted


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
    flow: Any = None

    def flows(self) -> Any:
        """A visualizer of this world's cluster."""
        if self.flow is None:
            self.flow = kx.flow(self.cluster, "10.0.0.1:30080")
        return self.flow

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
    indices = {name: value.entries for name, value in vars(store).items() if isinstance(value, Index)}
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
    r'^[-\w.$ \[\]]+: |document \d+|end of document|line \d+|byte \d+|items|\w\.\w|\w\[\d+\]|"[^"]*"|kind|take a Service|metadata|apiVersion|yaml:|json:|characters|'
    r"surrogate|lists of lists|unrecognized|namespace|rejected our request|cannot be sent|NodePort|a manifest is|the dump|no objects|name|row|tables|prices|patch list",
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
            lambda s=service: str(kx.trace(cluster, s.key, seed=1)),
            lambda s=service: kx.proxy_rules(cluster, node=rng.choice(list(cluster.store.nodes)), service=s.key),
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


def answers(world: World) -> None:
    """Ask a question, answer it with anything, and read a damaged file of answers."""
    rng = world.rng
    name = rng.choice((*QUESTIONS, *TOKENS))
    answer = rng.choice((*TOKENS, *WORDS, *VALUES, 10**400, NAN, [[]], {"a": 1}, {1, 2}, b"x", "9" * 5000))
    world.sent = (name, answer)
    sheet = Sheet()
    for told in (sheet.predict(name, answer), sheet.check(name), sheet.check(name, answer=answer)):
        if re.search(CONTROLS, str(told)):
            raise Wrong("a control character is shown")
        safe_html(told._repr_html_())
    path = world.folder / "k8sexpose-answers.json"
    entry = {"lesson": name, "first": answer, "answer": answer, "tries": 1}
    text = json.dumps({"format": rng.choice((1, 2, "x")), "answers": {name: entry}}, default=str)
    path.write_bytes(mangled(rng, text, [*TOKENS, *WORDS]).encode("utf-8", "surrogatepass"))
    told = Sheet(locate=lambda: path)
    told.predict("np-ping", "yes")
    told.check("np-ping")
    told.progress()
    for left in world.folder.glob("k8sexpose-answers*"):
        left.unlink()


def safe_html(text: str) -> None:
    """Complain about markup that no card of ours has."""
    if re.search(r"<(script|img|iframe|svg|a) ", text, re.IGNORECASE):
        raise Wrong("markup of an answer got through")


def messages(world: World) -> None:
    """Send the visualizer and an explorer what no page of ours sends."""
    rng = world.rng
    words = ("send", "many", "node", "pod", "policy", "advance", "way", "fold", *TOKENS)
    asked: Any = {
        "do": rng.choice(words), "name": rng.choice((*TOKENS, "node-1", "api-backend-1", None, 3)),
        "index": rng.choice((*VALUES, 0, 10**9)), "seconds": rng.choice((*VALUES, 1e300, NAN, -1, 5)),
        "policy": rng.choice((*TOKENS, "Local")), "quietly": rng.choice(VALUES),
    }  # fmt: skip
    asked = rng.choice((asked, asked, asked, *VALUES))
    world.sent = asked
    made = world.flows()
    before = world.cluster.now_s
    made._on_message(made, asked, [])
    if world.cluster.now_s < before:
        raise Wrong("the clock went back")
    json.dumps(made.scene, allow_nan=False)
    if re.search(CONTROLS, made.message):
        raise Wrong("a control character reaches the page")


NAN = float("nan")
PRICES_OBJECT = {"a": {"b": [1, "x", None, {"price": -1}, {"tier": ["a"]}]}, "price": "x", "tier": [3, 1], "regions": 3}
# How often each entry point is tried, for every hundred inputs.
ENTRY_POINTS: list[tuple[Callable[[World], None], int]] = [
    (apply, 26), (create, 22), (patch, 10), (delete, 1), (from_json, 16), (report, 2), (magics, 15), (ask, 4), (prices, 4),
    (answers, 4), (messages, 4),
]  # fmt: skip
