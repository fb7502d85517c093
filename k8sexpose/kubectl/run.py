"""One kubectl command line, from its words to what it prints.

Sources: the commands below ``pkg/cmd`` of kubectl (kubernetes/kubernetes).
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Sequence
from typing import NoReturn

from ..cluster import Cluster
from ..errors import ApiError, ManifestError
from ..files import read_text
from . import printers
from .completed import Completed
from .manifests import KubectlError, Outcome, apply_documents, create_documents

__all__ = ["Completed", "run"]


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
        options = _parser().parse_args(words)
        completed: Completed = options.act(cluster, options, stdin)
        return completed
    except _Usage as error:
        return Completed(1, "", f"error: {error}\n")
    except (KubectlError, ManifestError, FileNotFoundError) as error:
        return Completed(1, "", f"error: {error}\n")
    except ApiError as error:
        return Completed(1, "", printers.error(error))
    except ValueError as error:  # an unclosed quote
        return Completed(1, "", f"error: {error}\n")


# -- the commands ------------------------------------------------------------------------------------------------------


def _create(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    text, source = _input(options, stdin)
    validate = VALIDATE[options.validate]
    dry_run = options.dry_run == "server"
    outcomes = create_documents(cluster, text, source, options.namespace, field_validation=validate, dry_run=dry_run)
    return _summary(outcomes, "create", source)


def _apply(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    text, source = _input(options, stdin)
    return _summary(apply_documents(cluster, text, source, options.namespace), "apply", source)


def _get(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    if RESOURCE_NAMES.get(options.resource) != "services":
        raise KubectlError(f'the server doesn\'t have a resource type "{options.resource}"')
    names, scope = options.names, options.namespace
    if names:
        found = [cluster.service(f"{scope}/{name}") for name in names]
    else:
        found = [s for s in cluster.services if options.all_namespaces or s.namespace == scope]
    if not found:
        where = "" if options.all_namespaces else f" in {scope} namespace"
        return Completed(0, "", f"No resources found{where}{'.' if where else ''}\n")
    wide = options.output == "wide"
    text = printers.services(found, cluster.now_s, wide=wide, all_namespaces=options.all_namespaces)
    return Completed(0, text, "")


def _delete(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    if RESOURCE_NAMES.get(options.resource) != "services":
        raise KubectlError(f'the server doesn\'t have a resource type "{options.resource}"')
    lines = []
    for name in options.names:
        cluster.delete(name, namespace=options.namespace)
        lines.append(f'service "{name}" deleted from {options.namespace} namespace\n')
    return Completed(0, "".join(lines), "")


def _input(options: argparse.Namespace, stdin: str) -> tuple[str | bytes, str]:
    """Return the text of ``-f`` and the name by which kubectl speaks of it."""
    if options.filename == "-":
        return stdin, "STDIN"
    if not options.filename:
        raise KubectlError("must specify one of -f and -k")
    return read_text(options.filename), options.filename


def _summary(outcomes: Iterable[Outcome], verb: str, source: str) -> Completed:
    stdout, stderr, errors = "", "", []
    for outcome in outcomes:
        stdout += "".join(f"{line}\n" for line in outcome.lines)
        stderr += "".join(f"Warning: {warning}\n" for warning in outcome.warnings)
        if outcome.error is not None:
            errors.append(outcome)
    stderr += "".join(_error(outcome, verb, source, len(errors) > 1) for outcome in errors)
    return Completed(1 if errors else 0, stdout, stderr)


def _error(outcome: Outcome, verb: str, source: str, one_of_many: bool) -> str:
    problem = outcome.error
    if not isinstance(problem, ApiError):
        return f"{problem}\n" if one_of_many else f"error: {problem}\n"
    if outcome.patch and (problem.reason != "Invalid" or one_of_many):
        reason = f" ({problem.reason})" if problem.reason else ""
        return (
            f"Error from server{reason}: error when applying patch:\n{outcome.patch}\n"
            f'for: "{source}": error when patching "{source}": {problem.message}\n'
        )
    return printers.error(problem, verb, source, one_of_many=one_of_many)


# -- the words ---------------------------------------------------------------------------------------------------------

VALIDATE = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}
RESOURCE_NAMES = dict.fromkeys(("services", "service", "svc"), "services")


class _Usage(Exception):
    """The command line makes no sense."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="kubectl", add_help=False, exit_on_error=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    common = _Parser(add_help=False)
    common.add_argument("-n", "--namespace", default="default")
    reading = _Parser(add_help=False)
    reading.add_argument("-f", "--filename")
    create = commands.add_parser("create", parents=[common, reading], add_help=False)
    create.add_argument("--validate", choices=VALIDATE, default="true", nargs="?", const="true")
    create.add_argument("--dry-run", choices=("none", "server"), default="none")
    create.set_defaults(act=_create)
    commands.add_parser("apply", parents=[common, reading], add_help=False).set_defaults(act=_apply)
    get = commands.add_parser("get", parents=[common], add_help=False)
    get.add_argument("resource")
    get.add_argument("names", nargs="*")
    get.add_argument("-o", "--output", choices=("wide",))
    get.add_argument("-A", "--all-namespaces", action="store_true")
    get.set_defaults(act=_get)
    delete = commands.add_parser("delete", parents=[common], add_help=False)
    delete.add_argument("resource")
    delete.add_argument("names", nargs="+")
    delete.set_defaults(act=_delete)
    return parser
