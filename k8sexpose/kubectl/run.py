"""One kubectl command line, from its words to what it prints.

Sources: the commands below ``pkg/cmd`` of kubectl (kubernetes/kubernetes).
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Sequence
from typing import NoReturn

from ..api.errors import ApiError, ManifestError
from ..model import Cluster
from . import printers
from .changes import apply, create, delete, patch, replace, scale
from .generators import DRY_RUN, expose
from .get_describe import describe, get
from .result import Completed, KubectlError

__all__ = ["run"]

Verb = Callable[[Cluster, argparse.Namespace, str], Completed]


def run(cluster: Cluster, command: str | Sequence[str], stdin: str = "") -> Completed:
    """Run a kubectl command on a cluster.

    Parameters
    ----------
    cluster : Cluster
        What it acts on.
    command : str or sequence of str
        The words behind ``kubectl``.
    stdin : str
        What ``-f -`` reads.

    Returns
    -------
    Completed
        Exit code and output, as the real kubectl gives them; nothing is raised.

    Examples
    --------
    >>> print(run(Cluster(), "get svc kubernetes").stdout, end="")
    NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
    kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   0s
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
        verb, options = _read(words)
        return VERBS[verb][0](cluster, options, stdin)
    except ApiError as error:
        return Completed(1, "", printers.error(error))
    except ManifestError as error:
        return Completed(1, "", f"error: {error.message}\n")
    except (KubectlError, OSError, ValueError) as error:  # no such file; an unclosed quote; no Pod address left
        return Completed(1, "", f"error: {error}\n")


# -- the words ---------------------------------------------------------------------------------------------------------

# Verbs of kubectl that act on what this model does not have.
OTHER_VERBS = frozenset(
    (
        "annotate", "api-resources", "api-versions", "attach", "auth", "autoscale", "certificate", "cluster-info",
        "completion", "config", "cordon", "cp", "debug", "diff", "drain", "edit", "events", "exec", "explain",
        "kustomize", "label", "logs", "options", "plugin", "port-forward", "proxy", "rollout", "run", "set", "taint",
        "top", "uncordon", "version", "wait",
    )
)  # fmt: skip
INSTEAD = {
    "edit": "use kubectl patch, or kubectl apply with the changed manifest",
    "port-forward": "use %curl --client pod/NAME",
    "exec": "use %curl --client pod/NAME",
    "events": "use kubectl get events",
    "rollout": "use cluster.rollout(NAME)",
    "wait": "use cluster.advance(SECONDS): time stands still",
}


def _read(words: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """Find the verb, which may stand behind ``-n NAMESPACE``, and read the rest."""
    rest = list(words)
    before: list[str] = []
    while rest and rest[0].startswith("-"):
        before.append(rest.pop(0))
        if before[-1] in ("-n", "--namespace") and rest:
            before.append(rest.pop(0))
    known = f"k8sexpose has {', '.join(sorted(VERBS))}"
    if not rest:
        raise KubectlError(f"kubectl what? {known}")
    verb = rest.pop(0)
    if verb in OTHER_VERBS:
        raise KubectlError(f"there is no kubectl {verb} here: {INSTEAD.get(verb, known)}")
    if verb not in VERBS:
        raise KubectlError(f'unknown command "{verb}" for "kubectl"\n{known}')
    parser = _parser(verb, VERBS[verb][1])
    # These two take a value only behind an equals sign.
    options = parser.parse_intermixed_args([BARE.get(word, word) for word in (*before, *rest)])
    if getattr(options, "dry_run", "none") not in DRY_RUN:
        raise KubectlError(DRY_RUN_MISSING if not options.dry_run else DRY_RUN_INVALID.format(options.dry_run))
    options.given_namespace, options.namespace = options.namespace, options.namespace or "default"
    return verb, options


BARE = {"--validate": "--validate=strict", "--dry-run": "--dry-run="}
DRY_RUN_MISSING = '--dry-run flag without a value was specified. A value must be set: "none", "server", or "client".'
DRY_RUN_INVALID = 'Invalid dry-run value ({}). Must be "none", "server", or "client".'


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        verb = self.prog
        unknown = re.fullmatch(r"unrecognized arguments: (\S+).*", message, re.DOTALL)
        number = re.fullmatch(r'argument (\S+): (strconv.*parsing "(.*)": .*)', message, re.DOTALL)
        needs = re.fullmatch(r"argument (?:-\w/)?(\S+): expected .*argument.*", message)
        if unknown and unknown[1].startswith("--"):
            message = f"unknown flag: {unknown[1].partition('=')[0]}"
        elif unknown:
            message = f"unknown shorthand flag: '{unknown[1][1:2]}' in {unknown[1]}"
        elif number:
            message = f'invalid argument "{number[3]}" for "{number[1]}" flag: {number[2]}'
        elif needs:
            message = f"flag needs an argument: {needs[1]}"
        raise KubectlError(f"{message}\nSee 'kubectl {verb} --help' for usage.")


def _parser(verb: str, flags: str) -> _Parser:
    """Make the parser of one verb: it takes words in any order, and the flags that are named."""
    parser = _Parser(prog=verb, add_help=False, allow_abbrev=False)
    parser.add_argument("args", nargs="*")
    parser.add_argument("-n", "--namespace", default="")
    for name in flags.split():
        FLAGS[name](parser)
    return parser


def _text(*names: str, default: str = "") -> Callable[[_Parser], object]:
    return lambda parser: parser.add_argument(*names, default=default)


def _switch(*names: str) -> Callable[[_Parser], object]:
    return lambda parser: parser.add_argument(*names, action="store_true")


def _number(name: str, default: int | None) -> Callable[[_Parser], object]:
    return lambda parser: parser.add_argument(name, type=_integer, default=default)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


FLAGS: dict[str, Callable[[_Parser], object]] = {
    "output": _text("-o", "--output"),
    "all-namespaces": _switch("-A", "--all-namespaces"),
    "selector": _text("-l", "--selector"),
    "show-labels": _switch("--show-labels"),
    "no-headers": _switch("--no-headers"),
    "watch": _switch("-w", "--watch"),
    "filename": lambda parser: parser.add_argument("-f", "--filename", action="append", default=[]),
    "dry-run": _text("--dry-run", default="none"),
    "validate": _text("--validate", default="true"),
    "tcp": lambda parser: parser.add_argument("--tcp", action="append", default=[]),
    "node-port": _number("--node-port", 0),
    "clusterip": _text("--clusterip"),
    "external-name": _text("--external-name"),
    "image": _text("--image"),
    "replicas": _number("--replicas", None),
    "replicas-1": _number("--replicas", 1),
    "port-number": _number("--port", 0),
    "port": _text("--port"),
    "target-port": _text("--target-port"),
    "protocol": _text("--protocol"),
    "type": _text("--type"),
    "patch-type": _text("--type", default="strategic"),
    "patch": _text("-p", "--patch"),
    "name": _text("--name"),
    "expose-selector": _text("--selector"),
    "labels": _text("-l", "--labels"),
    "session-affinity": _text("--session-affinity"),
    "cluster-ip": _text("--cluster-ip"),
    "external-ip": _text("--external-ip"),
    "load-balancer-ip": _text("--load-balancer-ip"),
    "all": _switch("--all"),
    "ignore-not-found": _switch("--ignore-not-found"),
}
VERBS: dict[str, tuple[Verb, str]] = {
    "get": (get, "output all-namespaces selector show-labels no-headers watch"),
    "describe": (describe, "all-namespaces selector"),
    "create": (
        create,
        "filename output dry-run validate tcp node-port clusterip external-name image replicas-1 port-number",
    ),
    "apply": (apply, "filename output dry-run validate"),
    "replace": (replace, "filename output dry-run validate"),
    "patch": (patch, "patch patch-type output dry-run"),
    "expose": (
        expose,
        "port target-port protocol type name expose-selector labels session-affinity cluster-ip external-ip "
        "load-balancer-ip output dry-run",
    ),
    "delete": (delete, "filename output dry-run all selector ignore-not-found"),
    "scale": (scale, "replicas output dry-run"),
}
