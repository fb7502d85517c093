"""Exercises with numbers of one's own: the same for a student on every machine, others for the neighbour."""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .._display import LITERAL
from ..api.allocation import port_pool
from ..api.errors import ApiError, ManifestError
from ..api.service import Service
from ..cost.alternatives import compare_exposure
from ..model import Cluster
from ..router.router import routes, shares
from ..traffic.policies import policy_shares
from ..traffic.queueing import response_ms
from .extra_hop.questions import stand_with
from .feedback import Feedback
from .forms import Percent, Quantity, Question, Several, Unreadable, Wrong, shown
from .loadbalancer.questions import NAME
from .sheet import SHEET, Sheet
from .table_questions import OWN

__all__ = ["TASKS", "Draw", "Exercise", "Tried", "exercise"]
T = TypeVar("T")
NOBODY = ("", "student")  # what the cell holds before a learner has put a name in
DELIVERED = "every window leads to your Pods"
STATIC = port_pool(30000, 32767)


# What may be wrong with a Service of the last task: fields of its spec, and the type.
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "fine": {"type": "NodePort"},
    "guarded": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
    "selector": {"type": "LoadBalancer", "selector": {"App": "{app}"}},
    "port": {"type": "NodePort", "ports": [{"port": 80, "targetPort": "http"}]},
    "number": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 80}]},
    "local": {"type": "NodePort", "externalTrafficPolicy": "Local"},
}


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws that are the same for a student on every machine and in every version of Python.

    Parameters
    ----------
    task, student : str
        Whose numbers; capital letters and spaces around the student's id do not matter.

    Examples
    --------
    >>> Draw("hops", "ada").pick("nodes", range(4, 10)) == Draw("hops", " Ada ").pick("nodes", range(4, 10))
    True
    """

    task: str
    student: str

    def pick(self, what: str, options: Sequence[T]) -> T:
        """Choose one of several; `what` keeps the draws of a task apart."""
        who = unicodedata.normalize("NFKC", self.student).strip().casefold()
        digest = hashlib.sha256("\n".join((self.task, who, what)).encode()).digest()
        return options[int.from_bytes(digest[:8], "big") % len(options)]

    def shuffled(self, what: str, things: Sequence[T]) -> list[T]:
        """Return all of them, in an order of this student's own."""
        left, order = list(things), []
        while left:
            order.append(left.pop(self.pick(f"{what} {len(left)}", range(len(left)))))
        return order


@dataclass(frozen=True, slots=True)
class Tried:
    """A manifest as an answer: applied on a fresh cluster, and every window of the Service tried.

    Parameters
    ----------
    setup : callable
        Makes the cluster.
    app : str
        Whose Pods must answer.
    """

    setup: Callable[[], Cluster]
    app: str

    @property
    def example(self) -> str:
        """What an answer looks like."""
        return "the text of a manifest, its path, a mapping, or a Service object"

    def read(self, answer: object) -> str:
        """Say what comes of the manifest."""
        manifest = answer.to_dict() if isinstance(answer, Service) else answer
        written = isinstance(manifest, Mapping | Path) or (isinstance(manifest, str) and ":" in manifest)
        if not written:
            raise Unreadable("")
        cluster = self.setup()
        try:
            applied = [result.object for result in cluster.apply(manifest)]  # type: ignore[arg-type]
        except ApiError as error:
            return f"the API server refuses it: {error.message}"
        except (ManifestError, OSError) as error:
            raise Unreadable(str(error)) from None
        except Exception:  # a mapping may hold anything
            raise Unreadable("it is no manifest") from None
        services = [found for found in applied if isinstance(found, Service) and found.type == "NodePort"]
        if len(services) != 1 or len(applied) != 1:
            return "it is not one Service of type NodePort"
        return self._tried(cluster, services[0])

    def _tried(self, cluster: Cluster, service: Service) -> str:
        for port in service.ports:
            for node in cluster.nodes:
                for way in routes(cluster, f"{node.addresses[0]}:{port.node_port}"):
                    if not way.delivered:
                        return f"a client gets {way.outcome}: {way.reason}"
                    if not str(way.pod).startswith(f"{self.app}-"):
                        return f"a client reaches {way.pod}"
            number = (port.node_port or 0) - STATIC.first
            if number >= STATIC.static_size:
                return f"it works, at {port.node_port}, where automatic picks fall"
        return DELIVERED


def _service(name: str, app: str, spec: Mapping[str, Any], port: int = 8080, namespace: str = "default") -> Any:
    ports = [{"port": 80, "targetPort": port}]
    body = {"selector": {"app": app}, "ports": ports, **spec}
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": body
    }  # fmt: skip


def window(draw: Draw) -> Question:
    """Ask for a manifest: a window with a number that lasts."""
    app, other = draw.shuffled("apps", ("cart", "ticket", "stream", "forum"))[:2]
    port = draw.pick("port", (3000, 8000, 8443, 9090))
    taken = draw.pick("taken", range(STATIC.first, STATIC.first + STATIC.static_size))

    def setup() -> Cluster:
        cluster = Cluster(nodes=3)
        cluster.deploy(app, per_node=[1, 1, 0], port=port)
        cluster.deploy(other, per_node=[0, 1, 1])
        pinned = {"type": "NodePort", "ports": [{"port": 80, "targetPort": 8080, "nodePort": taken}]}
        cluster.apply(_service(other, other, pinned, namespace="colleagues"))
        return cluster

    return Question(
        "window", "01_nodeport", f"Pods app: {app} listen on {port}. Write a Service of type NodePort for them, with a "
        f"nodePort where automatic picks do not fall. A colleague holds {taken}, in another namespace.",
        Tried(setup, app), setup, lambda cluster: DELIVERED, part=OWN,
        right="{right}, and its number is out of the way of automatic picks.",
        wrong=(
            Wrong(
                lambda given, right: "valid range" in given,
                "Any number is allowed for port. A nodePort comes from a range of its own. Here {given}.",
                9,
            ),
            Wrong(
                lambda given, right: "already allocated" in given or "automatic picks" in given,
                "A number is yours once the API server has given it to your Service. There is one list for all "
                "namespaces, and the low end of the range is not used for automatic numbers. But {given}.",
                2,
            ),
            Wrong(
                lambda given, right: given.startswith("a client gets"),
                "Pods do run. Compare the labels and the ports with those of the Service, letter by letter: {given}.",
                3,
            ),
        ),
        otherwise="Not yet: {given}.",
    )  # fmt: skip


def crash(draw: Draw) -> Question:
    """Ask for the part that is lost right after a crash."""
    nodes = draw.pick("nodes", (4, 5, 6, 8, 10))

    def lost(cluster: Cluster) -> float:
        return float(100 * policy_shares(cluster, NAME, crashed="node-1")["Cluster"].lost)

    return Question(
        "crash", "02_loadbalancer", f"{nodes} nodes, a Pod on each, a load balancer, policy Cluster; node-1 crashes. "
        "What part of the connections is lost before anybody notices, in percent?",
        Percent(), lambda: stand_with([1] * nodes), lost, part=OWN,
        right="{right} %: a connection is lost if it arrives at the dead node, or if it is sent to the Pod there.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - 100 / nodes) <= 0.5,
                "This counts one of two dangers: that the connection arrives at the dead node. Connections that "
                "arrive elsewhere may still be sent to the dead node's Pod.",
            ),
            Wrong(
                lambda given, right: abs(given - 200 / nodes) <= 0.5,
                "Both dangers count. But some connections meet both of them, and are counted twice in this sum.",
            ),
        ),
        otherwise="A connection is lost if it arrives at the dead node, or if it is sent to the Pod there: {right} %.",
    )  # fmt: skip


def entry(draw: Draw) -> Question:
    """Ask what one shared entry saves, in money."""
    services, price = draw.pick("services", range(5, 40)), draw.pick("price", range(12, 31))
    prices = {"generic": {"load_balancer": {"lb_month": price}}}

    def saved(cluster: Cluster) -> float:
        total = compare_exposure(services, "generic", prices=prices)["total_per_month"]
        return float(total["one_lb_each"] - total["one_ingress"])

    return Question(
        "entry", "03_cost_warning", f"{services} Services, each with a load balancer at {price} USD a month. How many "
        "USD a month does one shared entry save?",
        Quantity("USD", 'an amount a month, such as 120 or "$ 120"'), Cluster, saved, part=OWN,
        right="{right} USD: all load balancers go but one.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - services * price) < 0.5,
                "The shared entry does save most of the load balancers. But it is a Service of type LoadBalancer "
                "itself, so one remains.",
                24,
            ),
            Wrong(
                0.0,
                "A single load balancer is cheap, that is true. But each of them is paid for, whether it is busy or "
                "not.",
                24,
            ),
        ),
        otherwise="Count the load balancers before and after: {right} USD.",
    )  # fmt: skip


def hops(draw: Draw) -> Question:
    """Ask for the share of extra hops."""
    nodes = draw.pick("nodes", (4, 5, 6, 7, 8))
    per_node = [draw.pick(f"Pods {number}", (0, 1, 2, 3)) for number in range(nodes - 1)] + [2]
    pods = sum(per_node)
    return Question(
        "hops", "04_extra_hop", f"A load balancer spreads connections evenly over {nodes} nodes; the nodes have "
        f"{' + '.join(map(str, per_node))} Pods of the Service. What share of the connections takes an extra hop?",
        Percent('a share, such as 75, "75 %" or "3/4"'), lambda: stand_with(per_node),
        lambda cluster: float(100 * shares(cluster, NAME).extra_hop), part=OWN,
        right="{right} %: 1 − 1/N for N nodes, wherever the Pods are.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - 100 * (1 - 1 / pods)) <= 0.5,
                "Each Pod is equally likely, that is right. But the connection needs no other node when it arrives "
                "at the node of its Pod. For every Pod this is one node of N, however many Pods there are.",
            ),
            Wrong(
                lambda given, right: abs(given + right - 100) <= 0.5,
                "That is the share without an extra hop. All other connections take it: {right} %.",
            ),
        ),
        otherwise="Whichever Pod is chosen, the connection arrives at the node of this Pod with probability 1/N. All "
        "others take the extra hop: {right} %.",
    )  # fmt: skip


def queue(draw: Draw) -> Question:
    """Ask for a time: what the lonely Pod's clients wait."""
    crowd = draw.pick("crowd", (2, 3, 4))
    busy, service_ms = draw.pick("busy", (20, 25, 30, 40, 50)), draw.pick("service", (4, 5, 8, 10, 20))

    def times(policy: str) -> float:
        part = policy_shares(stand_with([crowd, 1]), NAME)[policy].pods[-1].share
        load = float(part * (crowd + 1)) * busy / 100
        return response_ms([1.0], load, service_ms).mean_ms

    return Question(
        "queue", "06_skew_and_latency", f"The policy is Local; {crowd} Pods run on node-1 and one on node-2. The "
        f"average Pod is {busy} % busy. A request needs {service_ms} ms of work, and a Pod works on one at a time. "
        "What is the mean response time of the Pod on node-2, in ms, without the network? (Response time = work ÷ (1 − "
        "utilisation).)",
        Quantity("ms", 'a time, such as 12 or "12 ms"'), lambda: stand_with([crowd, 1], "Local"),
        lambda cluster: times("Local"), part=OWN,
        right="{right} ms: the Pod on node-2 gets half of all requests, and the queue grows faster than the load.",
        wrong=(
            Wrong(
                lambda given, right: abs(given - times("Cluster")) <= 0.01 * given,
                "This is the response time under Cluster. Under Local the only Pod on node-2 serves everything "
                "that node-2 gets, and waits grow with the load.",
                25,
            ),
            Wrong(
                float(service_ms),
                "That is the work alone, and an idle Pod would answer after it. A busy Pod lets requests wait before "
                "it begins: {right} ms.",
            ),
        ),
        otherwise="First its load: half of all requests, where the average Pod gets 1/Pods. Then the formula: "
        "{right} ms.",
    )  # fmt: skip


def broken(draw: Draw) -> Question:
    """Ask for names: which Services serve every client."""
    names = tuple(draw.shuffled("names", ("basket", "courier", "ledger", "notes", "photos", "radio")))
    faults = dict(zip(names, draw.shuffled("faults", tuple(FAULTS)), strict=True))

    def setup() -> Cluster:
        cluster = Cluster(nodes=3)
        for name in sorted(names):
            cluster.deploy(name, per_node=[1, 1, 0])
            spec = dict(FAULTS[faults[name]])
            if "selector" in spec:
                spec["selector"] = {"App": name}
            cluster.apply(_service(name, name, spec))
        cluster.advance(120)
        return cluster

    def served(cluster: Cluster) -> frozenset[str]:
        return frozenset(name for name in names if not shares(cluster, name).lost)

    empty = {name for name, fault in faults.items() if fault in ("selector", "port", "number")}
    pinned = {name for name, fault in faults.items() if fault == "local"}
    return Question(
        "broken", "08_your_cluster", "Which of the six Services answer every connection of clients outside, whichever "
        "node a client uses? To look around, write cluster = ….cluster into a cell; then use %kubectl get svc,pods, "
        "%kubectl describe and kx.shares.",
        Several(tuple(sorted(names))), setup, served, part=OWN,
        right="{right}: these have an address, endpoints, and no node that stays silent.",
        wrong=(
            Wrong(
                lambda given, right: given & empty,
                "The Pods do run. But the labels, the name of a port and its number must match exactly, and the API "
                "server does not check that.",
                3,
            ),
            Wrong(
                lambda given, right: given & pinned,
                "Under Cluster every node port leads to a Pod. Under Local a node without a Pod stays silent, unless"
                " a load balancer asks the nodes first.",
                8,
            ),
            Wrong(
                lambda given, right: given < right,
                "Local does lose connections at nodes without a Pod. But behind a load balancer that asks each node "
                "first, it loses nothing.",
                25,
            ),
        ),
    )  # fmt: skip


TASKS: Mapping[str, Callable[[Draw], Question]] = {
    "window": window, "crash": crash, "entry": entry, "hops": hops, "queue": queue, "broken": broken
}  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Exercise:
    """One exercise, with the numbers of one student.

    Parameters
    ----------
    name, student : str
        Which exercise, and whose.
    question : Question, optional
        What is asked; None if there is no such exercise.
    sheet : Sheet
        Where the answers are kept, see `progress`.

    Examples
    --------
    >>> exercise("hops", student="ada").check("1/2").correct
    False
    """

    name: str
    student: str
    question: Question | None
    sheet: Sheet

    @property
    def text(self) -> str:
        """The task, in words."""
        if self.question is None:
            return f"There is no exercise {self.name}. There are: {', '.join(TASKS)}."
        return f"{self.question.text} Answer with .check(…): {self.question.form.example}."

    @property
    def task(self) -> str:
        """What is asked, with a remark where a learner has put no name in."""
        if self.question is None:
            return self.text
        asked = self.question.text
        if self.student.casefold() not in NOBODY:
            return asked
        return f"{asked}\n(These are the numbers of everybody who has not put a name in: you can have your own.)"

    @property
    def cluster(self) -> Cluster:
        """A fresh cluster of the task, to try things on."""
        return self.question.setup() if self.question else Cluster(nodes=0)

    def check(self, answer: object = ...) -> Feedback:
        """Compare an answer with what the model computes; nothing is ever raised.

        Parameters
        ----------
        answer : object
            Your answer.

        Returns
        -------
        Feedback
            Right, or what is behind the wrong answer, or how an answer is written.
        """
        if self.question is None:
            return Feedback(None, None, self.text)
        return self.sheet.judge_own(self.question, answer, self.student)

    @property
    def _whose(self) -> str:
        return f"{self.name}, for {self.student}" if self.student else f"{self.name} (no student id: numbers for all)"

    def __repr__(self) -> str:
        return f"{self._whose}: {self.text}"

    def _repr_html_(self) -> str:
        style = "max-width: 60em"
        told = f"<strong>{html.escape(self._whose)}.</strong> {html.escape(self.text)}"
        return f'<p class="{LITERAL}" style="{style}">{told}</p>'


def exercise(name: str, student: str = "") -> Exercise:
    """Give an exercise with numbers of the student's own.

    Parameters
    ----------
    name : str
        ``"window"``, ``"crash"``, ``"entry"``, ``"hops"``, ``"queue"`` or ``"broken"``: one for each lesson, 1 to 6.
    student : str
        Your id; the same id gets the same numbers on every machine.

    Returns
    -------
    Exercise
        Shows the task; ``.cluster`` is a fresh cluster of it, ``.check(answer)`` judges.

    Examples
    --------
    >>> exercise("entry", student="ada").check("$ 0").misconception
    24
    >>> exercise("hop").check(3).correct is None
    True
    """
    key, who = shown(name).strip(), "" if student is None else shown(student).strip()
    return Exercise(key, who, TASKS[key](Draw(key, who)) if key in TASKS else None, SHEET)
