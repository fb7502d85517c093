"""Injection strings, dumps that hold one of them in every field, and a parser that tells what became of them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import k8sexpose as kx
from k8sexpose import lessons
from k8sexpose.lessons import Feedback
from k8sexpose.lessons.sheet import Sheet
from k8sexpose.widgets.explorers.doctor import DOCTOR, DoctorSetting

PWN = "window.pwned=1"
# What a text can try, by the place where it would work.
INJECTIONS = {
    "script": f"<script>{PWN}</script>",
    "leaves an attribute": f'"><img src=x onerror={PWN}>',
    "leaves a quoted attribute": f"' onmouseover='{PWN}' autofocus onfocus='{PWN}",
    "leaves a drawing": f"</text></svg><script>{PWN}</script>",
    "element that loads": f"<svg/onload={PWN}><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "leaves raw text": f"</title></style></textarea></pre></code></script><script>{PWN}</script>",
    "leaves a comment": f"--><script>{PWN}</script><!-- ]]><script>{PWN}</script>",
    "half a tag": f"<img src=x onerror={PWN} ",
    "escaped once": "&lt;b&gt;pwned&lt;/b&gt; &amp;amp; &#60;i&#62; &#x3c;u>",
    "style": "x;background:url(http://192.0.2.9/pwned) </style><style>*{display:none}",
    "link": f"[pwned](javascript:{PWN}) [pwned][ref] [ref]: javascript:{PWN}",
    "image": "![pwned](http://192.0.2.9/pwned.png) ![ref]",
    "address": "<http://192.0.2.9/pwned> http://192.0.2.9/pwned www.pwned.example pwned@pwned.example @pwned #12",
    "script address": f"javascript:{PWN} data:text/html,<script>parent.pwned=1</script>",
    "pipes": "pwned | a || b |---|---|",
    "backticks": "`pwned` ``` ~~~ ~~pwned~~ *pwned* __pwned__",
    "lines": f"pwned\n\n# pwned\n\n- pwned\r\n\r\n    pwned\n<b onclick={PWN}>pwned</b>",
    "rule": "---",
    "item": "- pwned",
    "separators": "pwned\u2028pwned\u2029pwned\x85pwned",
    "terminal": "\x1b[31mpwned\x1b[0m\x1b]0;pwned\x07\x9b31m\x08\x7f",
    "no text": "pwned\x00\x01\ufffe",
    "direction": "pwned\u202edenwp\u2066\u200b",
    "shell": "$(touch pwned) `touch pwned` ; touch pwned & ${IFS} 'pwned' \"pwned\" %(pwned)s",
    "sheet": '=HYPERLINK("http://192.0.2.9/pwned";"pwned")',
    "template": "{{7*7}} {% raw %} ${7*7} {pwned} {0} %s",
    "mathematics": r"$\alpha$ \(\beta\) \[\gamma\]",
    "link in mathematics": rf"$\href{{javascript:{PWN}}}{{pwned}}$ \begin{{equation}}x\end{{equation}}",
    "broken mathematics": r"$\pwned{$",
}  # fmt: skip
EVERYTHING = " ".join(INJECTIONS.values())


# Texts that lead the model another way than a word does, and that nobody could mistake for markup either.
STAND_INS = ("harmless", "a word: and another", "a\nb: c\n- d", "{", "a: [b", "'")


def harmless(text: str) -> str:
    """A text of the same length that nobody could mistake for markup."""
    return "x" * len(text)


# -- a dump ------------------------------------------------------------------------------------------------------------


def dump(text: str) -> dict[str, Any]:
    """A cluster that routes, and holds a text wherever Kubernetes has a string that need not be an address."""
    pods = ((1, "n1", "True"), (2, "n1", "True"), (3, "n2", "False"))
    return {
        "kind": "List",
        "apiVersion": "v1",
        "items": [
            *(_node(number, text) for number in (1, 2, 3)),
            *(_pod(number, node, ready, text) for number, node, ready in pods),
            _web(text),
            _service(f"s{text}", "default", 10, 32010, text, loadBalancerSourceRanges=["198.51.100.0/24"]),
            _service(f"left-out{text}", "default", 19, 32019, text, loadBalancerSourceRanges=[text]),
            _service("waiting", "default", 11, 32020, text, loadBalancerClass=text),
            _service("elsewhere", f"ns{text}", 12, 32030, text, type="NodePort", sessionAffinity="ClientIP"),
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": f"out{text}", "namespace": "default"},
             "spec": {"type": "ExternalName", "externalName": text}},
            _slice("web", "", pods, text),
            _slice(f"s{text}", text, pods, text),
            {"kind": "Event", "apiVersion": "v1", "metadata": {"name": text}, "reason": text, "message": text},
        ],
    }  # fmt: skip


def _slice(service: str, port: str, pods: Iterable[tuple[int, str, str]], text: str) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": service, text: text}
    return {
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4",
        "metadata": {"name": f"{service}{text}", "namespace": "default", "labels": labels},
        "ports": [{"name": port, "port": 8080, "protocol": "TCP", "appProtocol": text}],
        "endpoints": [
            {"addresses": [f"10.244.1.{number}"], "conditions": {"ready": ready == "True"}, "nodeName": f"{node}{text}",
             "zone": text, "hints": {"forZones": [{"name": text}]},
             "targetRef": {"kind": "Pod", "name": f"p{number}{text}", "namespace": "default"}}
            for number, node, ready in pods],
    }  # fmt: skip


def _node(number: int, text: str) -> dict[str, Any]:
    labels = {f"topology.kubernetes.io/{what}": text for what in ("zone", "region")}
    return {
        "kind": "Node", "apiVersion": "v1",
        "metadata": {"name": f"n{number}{text}", "labels": {**labels, text: text}, "annotations": {text: text}},
        "spec": {"providerID": f"aws:///{text}", "podCIDR": f"10.244.{number}.0/24",
                 "taints": [{"key": text, "value": text, "effect": text}]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": f"10.0.0.{number}"}, {"type": "Hostname", "address": text}],
            "conditions": [{"type": "Ready", "status": "True", "reason": text, "message": text}],
            "nodeInfo": {"kubeletVersion": text, "osImage": text}},
    }  # fmt: skip


def _pod(number: int, node: str, ready: str, text: str) -> dict[str, Any]:
    ports = [{"name": text, "containerPort": 8080, "protocol": "TCP"}]
    return {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": f"p{number}{text}", "namespace": "default", "labels": {"app": "web", "tier": text, text: text}},
        "spec": {"nodeName": f"{node}{text}", "containers": [{"name": text, "image": text, "ports": ports}]},
        "status": {"phase": "Running", "podIP": f"10.244.1.{number}", "message": text,
                   "conditions": [{"type": "Ready", "status": ready, "reason": text, "message": text}]},
    }  # fmt: skip


def _web(text: str) -> dict[str, Any]:
    """A Service that the API server takes, so that it can be changed; its status says what a controller has said."""
    spec = {
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": 8080, "nodePort": 32000, "protocol": "TCP"}],
    }
    made = _service("web", "default", 9, 32000, text, **spec)
    return {**made, "metadata": {"name": "web", "namespace": "default", "annotations": {"a": text}}}


def _service(name: str, namespace: str, number: int, window: int, text: str, **spec: Any) -> dict[str, Any]:
    port = {"name": text, "port": 80, "targetPort": text, "nodePort": window, "protocol": "TCP", "appProtocol": text}
    return {
        "kind": "Service", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "labels": {text: text}, "annotations": {text: text}},
        "spec": {"type": "LoadBalancer", "clusterIP": f"10.96.0.{number}", "clusterIPs": [f"10.96.0.{number}"],
                 "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "selector": {"tier": text}, "ports": [port],
                 "externalTrafficPolicy": "Cluster", **spec},
        "status": {"loadBalancer": {"ingress": [] if "loadBalancerClass" in spec else [{"hostname": text}]},
                   "conditions": [{"type": text, "status": text, "reason": text, "message": text}]},
    }  # fmt: skip


def one_field(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dumps that are sound but for one string, which is the text: every string of a dump has its turn."""
    for path in _strings(dump("web"), ()):
        made = dump("web")
        held: Any = made
        for step in path[:-1]:
            held = held[step]
        held[path[-1]] = text
        yield ".".join(map(str, path)), made


def _strings(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, Mapping | list):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            # Nodes, Pods and Services are alike: the first of each kind speaks for all.
            yield from _strings(inner, (*path, key))


# -- what became of a text -------------------------------------------------------------------------------------------


DRAWING = "data:image/svg+xml;base64,"


class Page(HTMLParser):
    """The elements of a page with their attributes, and all that can be read in it."""

    ADDRESSES = ("href", "src", "xlink:href", "action", "formaction", "srcdoc", "data", "style", "class", "id")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.words: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.typeset: list[str] = []  # what MathJax would read
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr" and not attrs:
            return  # where a long name may break, which its letters decide
        source = dict(attrs).get("src") or ""
        if tag == "img" and source.startswith(DRAWING):
            # A drawing that is stored as an image is judged as what it is: elements, and words in them.
            drawing = Page(base64.b64decode(source.removeprefix(DRAWING)).decode())
            self.elements.append(("img", tuple((name, None) for name, _ in attrs)))
            self.elements += drawing.elements
            self.words += [*drawing.words, *(value for name, value in attrs if value and name == "alt")]
            return
        classes = (dict(attrs).get("class") or "").split()
        if tag not in ("img", "br", "hr", "meta", "link", "input"):
            self.open.append((tag, tag in ("pre", "code", "style") or "mathjax_ignore" in classes))
        # A report numbers its headings: which number one has is no part of the shape.
        attrs = [(name, re.sub(r"^(#?part)-\d+$", r"\1", value) if value else value) for name, value in attrs]
        # So is whether a cell may break, which the length of its words decides.
        attrs = [(name, value.removesuffix("; white-space: nowrap") if value else value) for name, value in attrs]
        # The values of attributes that do something are part of the shape; the others may hold words.
        self.elements.append((tag, tuple((name, value if name in self.ADDRESSES else None) for name, value in attrs)))
        self.words += [value for name, value in attrs if value and name not in self.ADDRESSES]

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if re.search(r"[$\\]", data) and not any(literal for _, literal in self.open):
            self.typeset.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", ()))

    def handle_decl(self, decl: str) -> None:
        self.elements.append((decl, ()))

    def unknown_decl(self, data: str) -> None:
        self.elements.append(("declaration", ()))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("instruction", ()))

    def holds(self, text: str) -> bool:
        """Whether a text can be read; its quotes and control characters may be written as escapes."""
        told = letters(ESCAPES.sub("", "".join(self.words)))
        return all(letters(part) in told for part in HIDDEN.split(text))


ESCAPES = re.compile(r"\\(?:[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4})")
HIDDEN = re.compile(r"[\s'\"\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd\ufffe]+")


def letters(text: str) -> str:
    """A text without what no page can show, what stands in its place, and what is written as an escape."""
    return HIDDEN.sub("", text)


# -- everything that is shown ------------------------------------------------------------------------------------------

# What an answer to a hostile cluster may be instead of a result; its text is shown too.
REFUSALS = (kx.ApiError, kx.ManifestError, kx.NotExposed, KeyError, ValueError)
WAY, WEB = "10.0.0.1:32000", "web"


def results(text: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Everything of the model that shows itself, for a cluster that holds the text."""
    held = kx.Cluster.from_json(dump(text))
    first = held.nodes[0].name
    yield "cluster", lambda: held
    yield "send", lambda: kx.send(held, WAY)
    yield "send to a hostname", lambda: kx.send(held, WEB)
    yield "send from a Pod", lambda: kx.send(held, "10.96.0.9:80", client=f"pod/p1{text}")
    yield "send to a name", lambda: kx.send(held, text)
    yield "send from a stranger", lambda: kx.send(held, WAY, client=text)
    yield "refused", lambda: kx.send(held, "10.0.0.1:32099")
    yield "shares", lambda: kx.shares(held, WAY)
    yield "rules", lambda: kx.proxy_rules(held, node=first)
    yield "rules of an unknown node", lambda: kx.proxy_rules(held, node=text)
    yield "trace", lambda: kx.trace(held, WAY)
    yield "bill", lambda: kx.bill(held)
    yield "bill at aws", lambda: kx.bill(kx.Cluster.from_json(dump(text), provider="aws"), prices=prices(text))
    yield "provision", lambda: kx.provision(held, WEB)
    yield "provision, pending", lambda: kx.provision(held, "waiting")
    yield "policy shares", lambda: kx.policy_shares(held, WEB)
    yield "policy shares after a crash", lambda: kx.policy_shares(held, WEB, crashed=first)
    yield "crash", lambda: kx.watch_crash(held, WEB, first)
    yield "crash of an unknown node", lambda: kx.watch_crash(held, WEB, text)
    yield "traffic", lambda: kx.simulate(held, WAY, requests=200)
    yield "tradeoff", lambda: kx.compare_policies({text: held, "b": held}, WAY, utilisation=0.5, requests=200)
    yield "frames of traffic", lambda: kx.simulate(held, WAY, requests=200).by_pod
    yield "review", lambda: kx.review(held)
    yield "comparison", lambda: kx.review(held).service(WEB).comparison
    yield "unknown Service", lambda: held.service(text)
    yield "unknown Pod", lambda: held.pod(text)
    yield "unknown node", lambda: kx.health_check(held, WEB, node=text)
    yield "unknown provider", lambda: kx.Cluster(provider=text)
    yield "unknown region", lambda: kx.bill(held, region=text)
    yield "a manifest of nothing", lambda: held.apply(text + "\n")
    yield "a manifest", lambda: held.apply(dump(text)["items"][7])
    yield "a patch", lambda: held.patch(WEB, {"spec": {"type": text, text: text}})
    yield "a path", lambda: kx.Cluster.from_json(text + ".json")


def prices(text: str) -> dict[str, Any]:
    """A price book whose texts are the text."""
    row = {
        "price": 1,
        "currency": "USD",
        "unit": "LB-hour",
        "region": "all",
        "source": text,
        "as_of": text,
        "note": text,
    }
    return {"aws": {"nlb": {"nlb_hour": [row]}, "classic_lb": {"clb_hour": [row]}}}


def pages(text: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """What is HTML by its own name: reports, pictures, explorers."""
    held = kx.Cluster.from_json(dump(text))
    made = kx.review(held)
    yield "report", made.to_html
    yield "report of shares", kx.review(held, provider="aws", prices=prices(text)).to_html
    for name, target, client in (
        ("node port", WAY, None),
        ("load balancer", WEB, None),
        ("from a Pod", "10.96.0.9:80", f"pod/p3{text}"),
        ("elsewhere", f"{text}:80", None),
    ):
        yield f"flow, {name}", lambda target=target, client=client: _flow(held, target, client)
    # kubectl itself stops at a name with a slash, the server at all others: another gate, another picture.
    service = dump(text)["items"][7]
    service["metadata"]["name"] = service["metadata"]["name"].replace("/", "").replace("%", "")
    manifest = json.dumps(service)
    yield "doctor", lambda: kx.manifest_doctor(text)._repr_mimebundle_()["text/html"]
    yield "doctor, a Service", lambda: DOCTOR.page(DoctorSetting(manifest))
    yield "doctor, annotations", lambda: DOCTOR.page(DoctorSetting(_annotated(text)))
    yield "doctor, its Python", lambda: _python(text)
    yield "cost explorer", lambda: kx.cost_explorer(prices=prices(text)).page()
    yield "an explorer's alert", lambda: _alert(text)


def _flow(held: kx.Cluster, target: str, client: str | None) -> str:
    made = kx.flow(held, target, client) if client else kx.flow(held, target)
    return str(made.static().html)


def _annotated(text: str) -> str:
    """A manifest that the API server takes: an annotation may be any text."""
    metadata = {"name": "web", "annotations": {"a": text}}
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}})


def _python(text: str) -> str:
    explorer = kx.manifest_doctor(text)
    explorer.show_python.click()
    return str(explorer.code.value)


def _alert(text: str) -> str:
    explorer = kx.nodeport_explorer()
    explorer.page = lambda: {}[text]
    explorer.controls["target_port"].value = 8081
    return str(explorer.picture.value)


def feedback(text: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What a lesson says to a learner whose answer, id or manifest is the text."""
    sheet = Sheet()
    sheet.predict("np-which-nodes", {"10.0.0.1"})
    yield "predict", lambda: sheet.predict("np-which-nodes", text)
    yield "predict, a list", lambda: sheet.predict("np-which-nodes", [text])
    yield "check", lambda: sheet.check("np-which-nodes", answer=text)
    yield "check, unknown", lambda: sheet.check(text)
    yield "progress", lambda: sheet.progress(text)
    own = lessons.exercise("hops", student=text)
    yield "exercise", lambda: own
    yield "exercise, judged", lambda: replace(own, sheet=sheet).check("1/2")
    yield "exercise, unreadable", lambda: replace(own, sheet=sheet).check(text)
    yield "exercise, unknown", lambda: lessons.exercise(text)
    yield "exercise, unknown, judged", lambda: lessons.exercise(text).check(1)
    yield "repair", lambda: lessons.repair({1: {text: "nodePort: 30080"}, 2: text})
    yield "which policy", lambda: lessons.which_policy({1: (text, text), 2: text})
    yield "why pending", lambda: lessons.why_pending({1: text, 2: [text]})
    yield "decide", lambda: lessons.decide({"search": (text, text), "shop": text, text: text})
    yield "mend", lambda: lessons.mend({"shop/storefront": {"spec": {"externalTrafficPolicy": text}}, text: {}})
    yield "save", lambda: lessons.save({"metrics": {"type": text}, text: text})
    yield "a belief", lambda: Feedback(False, None, text)


def figures(text: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every plot, of a cluster that holds the text."""
    held = kx.Cluster.from_json(dump(text))
    traffic = kx.simulate(held, WAY, requests=200)
    yield "cluster", lambda: kx.plot_cluster(held, WEB)
    yield "route", lambda: kx.plot_route(kx.send(held, WAY))
    yield "node ports", lambda: kx.plot_node_ports(held)
    yield "success", lambda: kx.plot_success({text: [(0.0, 1.0), (5.0, 0.5)]})
    yield "provisioning", lambda: kx.plot_provisioning(kx.provision(held, "waiting"))
    yield "inside", lambda: kx.plot_inside(held, WEB)
    yield "crash", lambda: kx.plot_crash(kx.watch_crash(held, WEB, held.nodes[0].name))
    yield "bill", lambda: kx.plot_bill(kx.bill(kx.Cluster.from_json(dump(text), provider="aws"), prices=prices(text)))
    yield "bills", lambda: kx.plot_bills({text: kx.bill(held), "b": kx.bill(held)})
    yield "policies", lambda: kx.plot_policies(kx.policy_shares(held, WEB))
    yield "skew", lambda: kx.plot_skew({text: kx.policy_shares(held, WEB)})
    yield "load", lambda: kx.plot_load(traffic)
    yield "load by node", lambda: kx.plot_load({text: traffic}, by="node")
    yield "latency", lambda: kx.plot_latency({text: traffic})
    yield "timeline", lambda: kx.plot_timeline({text: traffic})
