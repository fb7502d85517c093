"""One kubectl command line, from its words to what it prints.

Sources: the commands below ``pkg/cmd`` of kubectl (kubernetes/kubernetes); ``github.com/spf13/cobra``.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from ..api.errors import ApiError, ManifestError, cut
from ..model import Cluster
from . import printers
from .commands import COMMANDS
from .flags import FALSE, TRUE, VALIDATE, Options, duration_problem, read_flags
from .generators import DRY_RUN
from .help import help_of, overview
from .result import Completed, KubectlError

__all__ = ["run"]


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
    done = _completed(cluster, command, stdin)
    return replace(
        done, stderr=done.stderr if len(done.stderr) <= MOST_STDERR else cut(done.stderr, MOST_STDERR) + "\n"
    )


MOST_STDERR = 200_000
MOST_WORDS = 1_000_000  # characters of a command line


def _completed(cluster: Cluster, command: str | Sequence[str], stdin: str) -> Completed:
    """Run a command, and say as kubectl what went wrong."""
    try:
        if sum(map(len, [command] if isinstance(command, str) else map(str, command))) > MOST_WORDS:
            raise KubectlError(f"a command line of more than {MOST_WORDS:,} characters is not read")
        words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
        return _run(cluster, words, stdin)
    except ApiError as error:
        return Completed(1, "", printers.error(error))
    except ManifestError as error:
        return Completed(1, "", f"error: {error.message}\n")
    except (KubectlError, OSError, ValueError) as error:  # no such file; an unclosed quote; no Pod address left
        return Completed(1, "", f"error: {error}\n")
    except Exception as error:  # a fault of the model: a lesson goes on, and the sentence can be reported
        return Completed(1, "", f"error: k8sexpose cannot do this: {type(error).__name__}: {error}\n")


# Verbs of kubectl that act on what this model does not have.
OTHER_VERBS = frozenset(
    (
        "alpha", "api-resources", "api-versions", "attach", "auth", "autoscale", "certificate", "cluster-info",
        "completion", "config", "cordon", "cp", "debug", "diff", "drain", "edit", "events", "exec", "explain", "kuberc",
        "kustomize", "logs", "options", "plugin", "port-forward", "proxy", "run", "set", "taint", "top", "uncordon",
        "version", "wait",
    )
)  # fmt: skip
INSTEAD = {
    "edit": "use kubectl patch, or kubectl apply with the changed manifest",
    "port-forward": "use %curl --client pod/NAME",
    "exec": "use %curl --client pod/NAME",
    "events": "use kubectl get events",
    "wait": "use cluster.advance(SECONDS): time stands still",
    "run": "use kubectl create deployment NAME --image=IMAGE, or cluster.deploy(NAME)",
    "drain": "use cluster.fail(NODE), or kubectl delete node NODE",
}
# Subcommands of kubectl that the model does not have; other words are none of kubectl's, either.
OTHER_OBJECTS = frozenset(
    (
        "clusterrole", "clusterrolebinding", "configmap", "cm", "cronjob", "cj", "ingress", "ing", "job", "namespace",
        "ns", "poddisruptionbudget", "pdb", "priorityclass", "pc", "quota", "resourcequota", "role", "rolebinding",
        "secret", "serviceaccount", "sa", "token",
    )
)  # fmt: skip
OTHER_SUBCOMMANDS = {"apply": ("edit-last-applied",), "rollout": ("history", "pause", "resume", "undo")}
ALIASES = {"create svc": "create service", "create deploy": "create deployment", "create dep": "create deployment"}
VERBS = sorted({name.partition(" ")[0] for name in COMMANDS})


def _run(cluster: Cluster, words: Sequence[str], stdin: str) -> Completed:
    """Find the command, read its flags and do it."""
    name, rest = _command(words)
    if not name:
        if any(word in ("--help", "-h", "help") for word in rest):
            return Completed(0, overview(), "")
        raise KubectlError(f"kubectl what? k8sexpose has {', '.join(VERBS)}")
    command = COMMANDS[name]
    try:
        options = read_flags(rest, command.flags)
    except KubectlError as error:
        raise KubectlError(f"{error}\nSee 'kubectl {name} --help' for usage.") from None
    if options.help:
        return Completed(0, help_of(name), "")
    for refused in sorted(options.changed & command.refused):
        raise KubectlError(f"k8sexpose does not model --{refused}")
    if command.run is None:
        return _without_subcommand(name, options)
    _check_values(options)
    options.verb = name
    options.given_namespace, options.namespace = options.namespace, options.namespace or "default"
    return command.run(cluster, options, stdin)


def _command(words: Sequence[str]) -> tuple[str, list[str]]:
    """Find the longest name of a command in the words, which flags may interrupt; return it and the other words."""
    rest = list(words)
    if "help" in rest[:1]:
        rest = [*rest[1:], "--help"]
    name = ""
    place = 0
    while place < len(rest):
        word = rest[place]
        if word.startswith("-") and word != "-":
            place += 2 if word in ("-n", "--namespace") else 1
            continue
        longer = f"{name} {word}".strip()
        longer = ALIASES.get(longer, longer)
        if longer not in COMMANDS:
            _check_other(name, word)
            break
        name = longer
        del rest[place]
    return name, rest


def _check_other(name: str, word: str) -> None:
    """Refuse commands that kubectl has and the model has not, and those that nobody has."""
    known = f"k8sexpose has {', '.join(VERBS)}"
    if not name and word in OTHER_VERBS:
        raise KubectlError(f"there is no kubectl {word} here: {INSTEAD.get(word, known)}")
    if not name:
        raise KubectlError(f'unknown command "{word}" for "kubectl"\n{known}')
    if name == "create" and word in OTHER_OBJECTS:
        raise KubectlError(f'k8sexpose cannot create "{word}" from words; it has service, deployment, and -f FILE')
    if word in OTHER_SUBCOMMANDS.get(name, ()):
        raise KubectlError(f"k8sexpose does not model kubectl {name} {word}")


def _without_subcommand(name: str, options: Options) -> Completed:
    if options.args:
        given = " ".join(options.args)
        raise KubectlError(f"unknown command \"{given}\"\nSee 'kubectl {name} -h' for help and examples")
    text = help_of(name)
    return Completed(1, text, "") if name == "rollout" else Completed(1, "", text)


INVALID = 'Invalid dry-run value ({}). Must be "none", "server", or "client".'
NO_TIMEOUT = (
    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
    "time unit (e.g. 1s | 2m | 3h)"
)
NO_VALIDATE = 'invalid - validate option "{}"; must be one of: strict (or true), warn, ignore (or false)'


def _check_values(options: Options) -> None:
    """Check the flags that many commands have; ``--dry-run`` alone, or with yes or no, is an old way to say it.

    kubectl warns of the old way in a line of its log, which this leaves out.
    """
    value = vars(options).setdefault("dry_run", "none")
    if value in ("unchanged", *TRUE):
        options.dry_run = "client"
    elif value in FALSE:
        options.dry_run = "none"
    elif value not in DRY_RUN:
        raise KubectlError(INVALID.format(value))
    if not vars(options).get("allow_missing_template_keys", True):
        raise KubectlError("k8sexpose does not model --allow-missing-template-keys=false")
    timeout = options.request_timeout
    if timeout and not timeout.isdigit() and duration_problem(timeout):
        raise KubectlError(NO_TIMEOUT)
    validate = vars(options).get("validate", "true")
    if validate not in VALIDATE:
        raise KubectlError(NO_VALIDATE.format(validate))
