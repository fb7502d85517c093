"""The exercise of lesson 1: five broken manifests, and a table that says how each one stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...api.errors import ApiError, ManifestError
from ...api.service import Service
from ...data import example
from ...model import Cluster
from ...router.router import routes
from ..exercise_table import ExerciseTable, counted
from ..forms import shown, unanswered

__all__ = ["Repair", "Repairs", "repair"]

NOT_ASKED = "was not asked"
# What each manifest, as it stands, is an example of in the list of misconceptions.
BELIEFS = {1: 9, 2: 3, 3: 3, 4: 3, 5: 2}


@dataclass(frozen=True, slots=True)
class Repair:
    """How one manifest stands.

    Parameters
    ----------
    number : int or str
        Which manifest.
    server : str
        What the API server says; or why it was not asked.
    client : str
        What a client gets at the node ports; a dash where the API server was not asked.
    solved : bool
        Whether every node port leads to a Pod.
    misconception : int, optional
        The belief that breaks it; None once it is solved.

    Examples
    --------
    >>> Repair(1, "created", "refused", False, 3).solved
    False
    """

    number: int | str
    server: str
    client: str
    solved: bool
    misconception: int | None


@dataclass(frozen=True, slots=True, repr=False)
class Repairs(ExerciseTable):
    """All manifests of the exercise; `solved` says whether every one works.

    Parameters
    ----------
    rows : tuple of Repair
        One for each manifest.
    begun : bool
        Whether any manifest was changed.

    Examples
    --------
    >>> Repairs((Repair(1, "created", "delivered", True, None),)).solved
    True
    """

    ID: ClassVar[str] = "np-repair"
    HEAD: ClassVar[tuple[str, ...]] = ("manifest", "the API server", "a client", "state")

    rows: tuple[Repair, ...]
    begun: bool = False

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which manifests are repaired."""
        return tuple(row.solved for row in self.rows if row.number in BELIEFS)

    def _cells(self) -> Iterator[tuple[str, str, str, str]]:
        for row in self.rows:
            state = "✓ repaired" if row.solved else "✗ broken" if row.number in BELIEFS else "does not count"
            yield str(row.number), row.server, row.client, state


def repair(fix: object = None) -> Repairs:
    """Change the broken manifests as told, and try each one.

    Parameters
    ----------
    fix : mapping of int to mapping of str to str, optional
        For a manifest's number, what to replace by what: ``{1: {"nodePort: 80": "nodePort: 30080"}}``.

    Returns
    -------
    Repairs
        A table of what the API server says and what a client gets. Nothing is ever raised.

    Examples
    --------
    >>> repair({1: {"nodePort: 2181": "nodePort: 30281"}}).rows[0].solved
    True
    """
    text = example("broken-windows").read_text(encoding="utf-8")
    fixes = fix if isinstance(fix, Mapping) else dict.fromkeys(BELIEFS, fix)
    documents = dict(enumerate(text.split("\n---\n"), start=1))
    rows = [_try(number, document, fixes.get(number)) for number, document in documents.items()]
    rows += [_unknown(number) for number in fixes if number not in documents]
    return counted(Repairs(tuple(rows), any(not unanswered(edits) for edits in fixes.values())))


def _unknown(number: object) -> Repair:
    """Return the line for a manifest that is not there."""
    return _not_asked(shown(number), f"there is no manifest {shown(number)}: they are 1 to 5")


def _not_asked(number: int | str, why: str) -> Repair:
    belief = BELIEFS.get(number) if isinstance(number, int) else None
    return Repair(number, f"{NOT_ASKED}: {why}", "–", False, belief)


def _unusable(old: object, new: object, document: str) -> str:
    """Say why one text cannot be replaced by another; empty where it can."""
    for text in (old, new):
        if not isinstance(text, str):
            return f'both texts need quotation marks: write "{shown(text)}", and not {shown(text)}'
    if not old:
        return "the old text is empty"
    if str(old) in document:
        return ""
    case = "; upper and lower case count" if str(old).lower() in document.lower() else ""
    return f"its manifest does not contain the text {shown(old)}{case}"


def _try(number: int, document: str, edits: object) -> Repair:
    asked = len(_original_ports(document))
    if edits is not None and edits is not ... and not isinstance(edits, Mapping):
        return _not_asked(number, f'fix[{number}] must be {{"old text": "new text"}}, and not {shown(edits)}')
    for old, new in edits.items() if isinstance(edits, Mapping) else ():
        problem = _unusable(old, new, document)
        if problem:
            return _not_asked(number, problem)
        document = document.replace(str(old), str(new), 1)
    cluster = Cluster(nodes=3)
    cluster.deploy("web", per_node=[1, 1, 0])
    try:
        applied = [result.object for result in cluster.apply(document + "\n")]
    except ApiError as error:
        return Repair(number, error.message, "no node port", False, BELIEFS[number])
    except (ManifestError, FileNotFoundError) as error:
        return Repair(number, f"never got it: {error}", "no node port", False, BELIEFS[number])
    services = [service for service in applied if isinstance(service, Service)]
    client = "; ".join(_at_node_port(cluster, service, at) for service in services for at in range(len(service.ports)))
    whole = [len(service.ports) for service in services if service.type == "NodePort"] == [asked]
    solved = whole and "refused" not in client and "timeout" not in client
    said = "created" if whole else "created, but no longer one NodePort Service with all its ports"
    return Repair(number, said, client or "no node port", solved, None if solved else BELIEFS[number])


def _original_ports(document: str) -> list[str]:
    return [line for line in document.splitlines() if "targetPort:" in line]


def _at_node_port(cluster: Cluster, service: Service, at: int) -> str:
    """Return the worst that a client gets at a node port of one Service, over all nodes."""
    number = service.ports[at].node_port
    if not number:
        return "no node port"
    ways = [way for node in cluster.nodes for way in routes(cluster, f"{node.addresses[0]}:{number}")]
    worst = next((way for way in ways if not way.delivered), ways[0])
    return worst.outcome if worst.delivered else f"{worst.outcome}: {worst.reason}"
