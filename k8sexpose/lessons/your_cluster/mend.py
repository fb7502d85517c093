"""The exercise of this lesson, `mend`: repair the sample cluster. And the button that takes a dump of your own."""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import ipywidgets

from ..._display import listed
from ...api.addresses import address
from ...api.bundles import ARCHIVES, ENDINGS
from ...api.errors import ApiError, ManifestError
from ...api.schemas import SERVICE
from ...api.wrong_types import wrong_type
from ...data import example
from ...model import Cluster
from ...report.review import Review, review
from ...router.router import routes
from ..exercise_table import ExerciseTable, counted
from ..forms import shown

__all__ = ["BringDump", "Mended", "bring_dump", "mend"]

API_SERVER = ("default", "kubernetes")
FAST_MS = 100.0


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing that must hold, and what the model found."""

    what: str
    found: str
    reached: bool
    misconception: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Mended(ExerciseTable):
    """How a set of patches stands.

    Parameters
    ----------
    goals : tuple of Goal
        What must hold.
    review : Review
        The review of the patched cluster.
    begun : bool
        Whether there was any patch.

    Examples
    --------
    >>> mend({}).solved
    False
    """

    ID: ClassVar[str] = "own-mend"
    HEAD: ClassVar[tuple[str, ...]] = ("goal", "what the model finds", "state")

    goals: tuple[Goal, ...]
    review: Review
    begun: bool = False

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which goals are reached."""
        return tuple(goal.reached for goal in self.goals)

    def _cells(self) -> Iterator[tuple[str, str, str]]:
        for goal in self.goals:
            yield goal.what, goal.found, "✓ reached" if goal.reached else "✗ not yet"


def mend(patches: object = None) -> Mended:
    """Patch Services of the sample cluster, and show what is still wrong.

    Parameters
    ----------
    patches : mapping of str to mapping, optional
        For ``namespace/name`` the fields of its spec to set, as `kubectl patch` takes them:
        ``{"media/thumbs": {"type": "ClusterIP"}}``.

    Returns
    -------
    Mended
        A table of the goals. Nothing is ever raised.

    Examples
    --------
    >>> mend({"shop/orders": {"selector": {"app": "orders"}}}).goals[1].reached
    True
    """
    cluster = Cluster.from_json(example("sample-cluster"), provider="aws")
    for part in list(cluster.store.applied_slices.values()):
        if (part.namespace, part.service) != API_SERVER:  # from here on the controller writes them
            cluster.store.delete_slice((part.namespace, part.name))
    refused = []
    for name, spec in patches.items() if isinstance(patches, Mapping) else ():
        try:
            if not isinstance(spec, Mapping):
                raise ManifestError(f"{shown(spec)} is not a dictionary of fields such as {{'type': 'ClusterIP'}}")
            space, _, service = str(name).rpartition("/")
            if not space:
                raise ManifestError(f"the namespace is missing; write it before the name, such as 'shop/{service}'")
            cluster.patch(service, {"spec": dict(spec)}, namespace=space)
        except ApiError as error:
            plain = wrong_type({"spec": spec}, SERVICE)
            refused.append(f"{shown(name)}: {error.message}{f'. In plain words: {plain}' if plain else ''}")
        except Exception as error:  # whatever a learner writes is told, not raised
            refused.append(f"{shown(name)}: {error}")
    made = review(cluster)
    goals = [Goal("the API server accepts every patch", "; ".join(refused) or "all accepted", not refused)]
    wanted = {
        "shop/orders": _answers(cluster, "shop/orders"),
        "media/thumbs": _answers(cluster, "media/thumbs"),
        "monitoring/grafana": _grafana(made),
        "shop/storefront": _storefront(made),
    }
    goals += [_by_its_own_pods(cluster, name, goal) for name, goal in wanted.items()]
    return counted(Mended(tuple(goals), made, bool(patches) and patches is not ...))


def _by_its_own_pods(cluster: Cluster, name: str, goal: Goal) -> Goal:
    """Accept a goal only where the Service sends to Pods of its own app: any other Pod could answer as well."""
    service = cluster.service(name)
    wanted = service.selector.items()
    pods = [pod for pod in cluster.pods if pod.namespace == service.namespace and wanted <= pod.labels.items()]
    other = next((pod.name for pod in pods if pod.labels.get("app") != service.name), None)
    if other is None or not goal.reached:
        return goal
    return replace(
        goal, found=f"{other} answers too, which is no Pod of {service.name}", reached=False, misconception=3
    )


def _answers(cluster: Cluster, name: str) -> Goal:
    """Ask every port of a Service from inside the cluster: an endpoint on which nobody listens is no answer."""
    service = cluster.service(name)
    for port in service.ports:
        ways = routes(cluster, address(service.cluster_ip, port.port), client=f"node/{cluster.nodes[0].name}")
        lost = next((way for way in ways if not way.delivered), None)
        if lost is not None:
            return Goal(f"{name} answers a client inside the cluster", lost.summary, False, 3)
    return Goal(f"{name} answers a client inside the cluster", "every port answers", True, 3)


def _grafana(made: Review) -> Goal:
    one = made.service("monitoring/grafana")
    what = "monitoring/grafana is a NodePort, and loses no connection on any node"
    if one.comparison is None:
        return Goal(what, one.why_not or f"type {one.type} has no node port", False)
    lost = one.comparison.views.get(one.comparison.now, one.comparison.cluster).lost
    if one.type != "NodePort":
        return Goal(what, f"its type is {one.type}", False)
    return Goal(what, f"{lost:.1%} are lost", not lost, 8)


def _storefront(made: Review) -> Goal:
    one = made.service("shop/storefront").comparison
    what = f"shop/storefront answers 99 of 100 requests within {FAST_MS:g} ms when its Pods are half busy"
    if one is None:
        return Goal(what, "no client outside the cluster reaches it", False)
    p99_ms = one.views.get(one.now, one.cluster).p99_ms
    return Goal(what, f"p99 is {p99_ms:.3g} ms under {one.now}", p99_ms <= FAST_MS, 25)


# -- a dump of one's own ----------------------------------------------------------------------------------------------


DEFAULT = "my-cluster.json"  # what the lesson calls it


class BringDump(ipywidgets.VBox):  # type: ignore[misc]
    """A button that takes a dump, and where it is kept: in this kernel's memory only.

    Examples
    --------
    >>> bring_dump().cluster("my-cluster.json")[1]
    'This is the sample: there is no dump of yours yet.'
    """

    def __init__(self) -> None:
        self.button = ipywidgets.FileUpload(
            accept=",".join((*ENDINGS, *ARCHIVES)), multiple=False, description="Your dump (JSON or YAML)",
            layout={"width": "18em"},
            tooltip="kubectl get nodes,pods,services,endpointslices -A -o json > my-cluster.json",
        )  # fmt: skip
        self.state = ipywidgets.HTML(
            "No file yet. A file above 10 MB: put it beside this notebook, and write its name in the cell below."
        )
        self.button.observe(self._told, names="value")
        super().__init__([self.button, self.state])

    def __repr__(self) -> str:
        return "<a button that takes a dump>"

    def _told(self, change: Any) -> None:
        brought = self._brought()
        name = html.escape(brought[0]) if brought else ""
        self.state.value = f"The file {name} is here. Run the next cell." if brought else "No file yet."

    def _brought(self) -> tuple[str, bytes] | None:
        """The name and the content of the uploaded file."""
        files = self.button.value
        if not files:
            return None
        # ipywidgets 7, which Colab has, keeps a mapping from names to files; 8 a tuple of files.
        if isinstance(files, Mapping):
            name, file = list(files.items())[-1]
        else:
            file = files[-1]
            name = file["name"]
        return str(name), bytes(file["content"])

    def cluster(self, path: str = DEFAULT) -> tuple[Cluster, str]:
        """Load the uploaded file; without one the file of that name; without that the sample.

        Parameters
        ----------
        path : str
            A file beside the notebook, or anywhere.

        Returns
        -------
        tuple of Cluster, str
            The cluster, and a sentence that says which one it is, or why a file could not be read.
        """
        try:
            brought = self._brought()
            if brought:
                with tempfile.TemporaryDirectory() as folder:
                    # Under its own name: messages name the file, and a name such as nodes.json tells what is in it.
                    kept = Path(folder) / (re.sub(r"[^\w.-]", "_", brought[0])[-100:].strip(".") or "dump")
                    kept.write_bytes(brought[1])
                    return Cluster.from_json(kept, provider=None), f"This is the file that you uploaded, {brought[0]}."
            if Path(path).is_file():
                return Cluster.from_json(Path(path), provider=None), f"This is the file {path}."
            words = f"This is the sample: {_missing(path)}."
        except (ManifestError, ValueError, OSError) as error:
            words = f"This is the sample, because your dump cannot be read: {error}"
        return Cluster.from_json(example("sample-cluster"), provider=None), words


def _missing(path: str) -> str:
    """Return that a file is not there, and which ones are; who has named none has perhaps none yet."""
    if str(path) == DEFAULT:
        return "there is no dump of yours yet"
    folder = Path(path).parent
    try:
        names = sorted(one.name for one in folder.iterdir() if one.name.endswith((*ENDINGS, *ARCHIVES)))
    except OSError:
        return f"there is no file {path}, and no folder {folder}"
    place = "beside this notebook" if str(folder) == "." else f"in {folder}"
    others = f"there are {listed(names, 10)}" if names else "no JSON or YAML file is there"
    return f"there is no file {Path(path).name} {place} ({others})"


def bring_dump() -> BringDump:
    """Show a button that takes a dump of your cluster.

    Returns
    -------
    BringDump
        The button; its ``cluster()`` loads what was brought, or the sample.

    Examples
    --------
    >>> bring_dump()
    <a button that takes a dump>
    """
    return BringDump()
