"""Questions of the leaflet manifest_doctor: what the API server looks at, what it fills in, what it overlooks."""

from __future__ import annotations

from ...api.errors import ApiError
from ...data import example
from ...kubectl.run import run
from ...model import Cluster
from ..forms import Choice, Question, Several, Wrong

__all__ = ["MISTAKES", "QUESTIONS", "apply_with_mistake", "with_mistake", "without_target_port"]

LESSON = "leaflets/manifest_doctor"
NAME = "web-nodeport"
# What is written in the manifest of lesson 1, and what somebody has written in its place.
MISTAKES = {
    "a": ("type: NodePort", "type: Nodeport"),
    "b": ("targetPort: 8080", "targetport: 8080"),
    "c": ("app: web", "app: webb"),
    "d": ("targetPort: 8080", "targetPort: 8081"),
}


def with_mistake(letter: str) -> str:
    """Return the manifest of lesson 1 with one mistake.

    Parameters
    ----------
    letter : str
        Which one: ``a``, ``b``, ``c`` or ``d``.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> "type: Nodeport" in with_mistake("a")
    True
    """
    written, mistake = MISTAKES[letter]
    return example(NAME).read_text(encoding="utf-8").replace(written, mistake)


def apply_with_mistake(letter: str) -> str:
    """Return what ``kubectl apply`` prints for the manifest with one mistake, in an empty cluster.

    Parameters
    ----------
    letter : str
        Which one: ``a``, ``b``, ``c`` or ``d``.

    Returns
    -------
    str
        The words of kubectl and of the API server.

    Examples
    --------
    >>> apply_with_mistake("c")
    'service/web-nodeport created'
    """
    done = run(Cluster(nodes=3), "apply -f -", stdin=with_mistake(letter))
    return f"{done.stdout}{done.stderr}".strip()


def without_target_port() -> str:
    """Return the manifest of lesson 1 without its line targetPort, and without comments.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> without_target_port().splitlines()[-1]
    '    nodePort: 32000'
    """
    lines = [line.partition("#")[0].rstrip() for line in example(NAME).read_text(encoding="utf-8").splitlines()]
    return "\n".join(line for line in lines if "targetPort" not in line) + "\n"


def running() -> Cluster:
    """Build a cluster with the Pods that the manifest means."""
    cluster = Cluster(nodes=3)
    cluster.deploy("web", per_node=[1, 1, 0])
    return cluster


def refused_mistakes(cluster: Cluster) -> frozenset[str]:
    """Apply the manifest with each of the mistakes, and tell which ones are refused."""
    found = set()
    for letter in MISTAKES:
        try:
            Cluster(nodes=1).apply(with_mistake(letter))
        except ApiError:
            found.add(letter)
    return frozenset(found)


def filled_in(cluster: Cluster) -> str:
    """Apply a Service that has a port and no targetPort, and tell what is stored."""
    try:
        cluster.apply(without_target_port())
    except ApiError:
        return "refused"
    port = cluster.service(NAME).ports[0]
    return "port" if port.target_port == port.port else "process"


QUESTIONS = (
    Question(
        "np-typos", LESSON, "The manifest of web-nodeport says type: NodePort, targetPort: 8080 and app: web. Four "
        "copies of it have one mistake each. Which of these copies does the API server refuse?",
        Several(
            ("a", "b", "c", "d"),
            labels={
                "a": "(a) type: Nodeport, with a small p",
                "b": "(b) targetport: 8080, with a small p",
                "c": "(c) the selector app: webb, which no Pod has",
                "d": "(d) targetPort: 8081, where no process listens",
            },
        ),
        running, refused_mistakes,
        part="optional",
        right="The API server knows its own words and fields, and checks them. It does not compare them with the "
        "labels and the ports of your Pods.",
        wrong=(
            Wrong(
                lambda given, right: "c" in given,
                "It is true that a selector that matches no Pod is a mistake. But the API server cannot know this: "
                "Pods with this label may be created tomorrow.",
                3,
            ),
            Wrong(
                lambda given, right: "d" in given,
                "It is true that the port is wrong. But nobody asks the container on which port it listens, and even "
                "a containerPort is only a note for the reader.",
                3,
            ),
            Wrong(
                lambda given, right: "b" not in given,
                "With kubectl apply --validate=false the unknown name targetport is ignored, and the Service is "
                "created without your targetPort. By default kubectl asks the API server to refuse unknown names.",
            ),
            Wrong(
                lambda given, right: "a" not in given,
                "In some languages capital letters do not matter. In YAML and in the API every letter counts, and a "
                "type must be one of four fixed words.",
            ),
        ),
    ),
    Question(
        "doctor-target-port", LESSON, "The process in each Pod listens on port 8080. The manifest of a Service says "
        "port: 80 and has no line targetPort. Which targetPort does the API server store?",
        Choice(
            ("process", "port", "refused"),
            labels={
                "process": "8080, the port on which the process listens",
                "port": "80, the same number as port",
                "refused": "none: it refuses a manifest without a targetPort",
            },
        ),
        running, filled_in,
        part="optional",
        right="A missing targetPort becomes the same number as port. The API server does not look at the Pods.",
        wrong=(
            Wrong(
                "process",
                "8080 is what the Service would need. But the API server does not know on which port a process "
                "listens, so it takes the number of port.",
                3,
            ),
            Wrong(
                "refused",
                "Some fields are required, and port is one of them. For targetPort there is a default, the same "
                "number as port, so the manifest is accepted.",
            ),
        ),
    ),
)  # fmt: skip
