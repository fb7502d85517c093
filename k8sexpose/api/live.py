"""A cluster as the reader's own ``kubectl`` sees it: read only, without a shell, and in parts.

Each kind is asked for by itself, so that what is forbidden leaves the rest readable.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import ManifestError

__all__ = ["LiveDump", "ask_kubectl"]

TIMEOUT_S = 60
LONGEST = 500
# What is asked for, with the kind of the answer; the last two are a help, and may be missing without a word.
ASKED = (
    ("nodes", "Node", "v1"), ("services", "Service", "v1"), ("pods", "Pod", "v1"),
    ("endpointslices.discovery.k8s.io", "EndpointSlice", "discovery.k8s.io/v1"), ("events", "Event", "v1"),
    ("ingresses.networking.k8s.io", "Ingress", "networking.k8s.io/v1"),
)  # fmt: skip
OPTIONAL = ("Event", "Ingress")


@dataclass(frozen=True, slots=True)
class LiveDump:
    """What kubectl answered.

    Parameters
    ----------
    lists : tuple of mapping
        One typed list for each kind that came.
    notes : tuple of str
        What did not come, in kubectl's words.

    Examples
    --------
    >>> LiveDump(({"kind": "NodeList", "apiVersion": "v1", "items": []},)).text.startswith('{"apiVersion": "v1"')
    True
    """

    lists: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it as one List in JSON, as a dump that can be kept."""
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(self.lists)})


def ask_kubectl(
    context: str | None = None, namespace: str | None = None, progress: Callable[[str], None] | None = None
) -> LiveDump:
    """Ask the ``kubectl`` on the PATH for what a report needs: ``get`` and nothing else.

    Parameters
    ----------
    context, namespace : str, optional
        A context of the kubeconfig, and the namespace to ask for; None for the current one, and for all namespaces.
    progress : callable, optional
        Is told what is being read.

    Returns
    -------
    LiveDump
        What came, and what did not.

    Raises
    ------
    ManifestError
        There is no kubectl, or it got nothing; the text has kubectl's own words.

    Examples
    --------
    >>> import os
    >>> path, os.environ["PATH"] = os.environ["PATH"], ""
    >>> try:
    ...     ask_kubectl()
    ... except ManifestError as error:
    ...     print(str(error)[:34])
    ... finally:
    ...     os.environ["PATH"] = path
    there is no kubectl on the PATH: i
    """
    # Loaded here: every cluster imports this module, and few ask a kubectl.
    import shutil

    program = shutil.which("kubectl")
    if program is None:
        raise ManifestError(
            "there is no kubectl on the PATH: install it, or give a dump, made where it is: "
            "kubectl get nodes,pods,services,endpointslices -A -o json"
        )
    lists: list[dict[str, Any]] = []
    notes: list[str] = []
    for resource, kind, version in ASKED:
        if progress is not None:
            progress(f"kubectl get {resource}")
        scope = [] if kind == "Node" else [f"--namespace={namespace}" if namespace else "--all-namespaces"]
        chosen = [f"--context={context}"] if context else []
        try:
            items = _get([program, *chosen, "get", resource, *scope, "--output=json", "--request-timeout=60s"])
        except ManifestError as error:
            if kind not in OPTIONAL:
                notes.append(f"kubectl get {resource}: {error.message}")
            continue
        entries = [{"apiVersion": version, "kind": kind, **item} for item in items if isinstance(item, dict)]
        lists.append({"apiVersion": version, "kind": f"{kind}List", "items": entries})
    if not any(one["kind"].removesuffix("List") not in OPTIONAL for one in lists):
        raise ManifestError(next(iter(notes), "kubectl gave nothing"))
    return LiveDump(tuple(lists), tuple(notes))


def _get(command: list[str]) -> list[Any]:
    """Run one command and return the items that it prints; a ManifestError has its words."""
    import subprocess

    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        raise ManifestError(f"it did not answer in {TIMEOUT_S} seconds") from None
    except OSError as error:
        raise ManifestError(f"it cannot be run: {error.strerror or error}") from None
    if done.returncode:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise ManifestError(words[:LONGEST] or f"it ended with code {done.returncode}")
    try:
        value = json.loads(done.stdout)
    except (ValueError, RecursionError):
        raise ManifestError("what it printed is not JSON") from None
    items = value.get("items") if isinstance(value, dict) else None
    return items if isinstance(items, list) else []
