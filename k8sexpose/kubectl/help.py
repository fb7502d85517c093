"""``kubectl --help`` and ``kubectl COMMAND --help``: what the model has of a command, in our own words."""

from __future__ import annotations

from collections.abc import Iterator

from .commands import COMMANDS, Command
from .flags import flags

__all__ = ["help_of", "overview"]

# What a flag does; a number of commands share it.
MEANING = {
    "all": "all objects of the type",
    "all-namespaces": "in all namespaces",
    "cascade": "only background: dependents are deleted, too",
    "cluster-ip": "the clusterIP, or None for a headless Service",
    "clusterip": "the clusterIP, or None for a headless Service",
    "create-annotation": "also where there is no annotation yet",
    "current-replicas": "only if there are as many now",
    "dry-run": "none, server (the server checks, and stores nothing) or client (nobody is asked)",
    "external-ip": "an external IP",
    "external-name": "the DNS name that it stands for",
    "field-selector": "only objects with this field: metadata.name=web, spec.type=NodePort",
    "filename": "a file, a folder, or - for standard input",
    "force": "delete first, at once; then create",
    "grace-period": "seconds that a Pod has to end",
    "ignore-not-found": "what is not there is no error",
    "image": "the image",
    "label-columns": "show these labels as columns",
    "labels": "labels of the new Service",
    "list": "print what there is",
    "load-balancer-ip": "the address to ask for, if the type is LoadBalancer",
    "name": "name of the new Service",
    "namespace": "the namespace",
    "no-headers": "no line of column names",
    "node-port": "the nodePort",
    "now": "a grace period of one second",
    "output": "wide, name, json, yaml, jsonpath=TEMPLATE, custom-columns=HEAD:PATH,...",
    "overwrite": "also what has another value",
    "patch": "the patch, in JSON or YAML",
    "patch-file": "a file that holds the patch",
    "port": "the port",
    "protocol": "TCP, UDP or SCTP",
    "recursive": "the folders in a folder, too",
    "replicas": "how many Pods",
    "save-config": "keep the configuration in the annotation that apply reads",
    "selector": "only objects with these labels: app=web,tier!=back",
    "session-affinity": "None or ClientIP",
    "show-events": "events, too",
    "show-kind": "the type before each name",
    "show-labels": "all labels as a last column",
    "sort-by": "sort by a field: .metadata.name",
    "target-port": "number or name of the port of the Pods",
    "tcp": "PORT or PORT:TARGET; several with commas",
    "type": "the type of the Service, or of the patch: strategic, merge, json",
    "validate": "what is done about unknown fields: strict (they are refused), warn, ignore",
    "watch": "not modelled for get; status says how far it is",
}


def overview() -> str:
    """Return the help of kubectl itself: its commands.

    Examples
    --------
    >>> print(overview().splitlines()[0])
    kubectl, as k8sexpose models it: no process runs, no server is asked.
    """
    listed = _columns([(name, command.about) for name, command in COMMANDS.items()])
    return (
        "kubectl, as k8sexpose models it: no process runs, no server is asked.\n\n"
        f"Commands:\n{listed}\nkubectl COMMAND --help tells which flags a command has here.\n"
    )


def help_of(name: str) -> str:
    """Return the help of one command.

    Parameters
    ----------
    name : str
        One of `COMMANDS`.

    Returns
    -------
    str
        Lines that end in a newline.

    Examples
    --------
    >>> print(help_of("scale").splitlines()[2])
    Usage: kubectl scale deployment NAME --replicas=COUNT [flags]
    """
    command = COMMANDS[name]
    return "\n".join(
        [command.about, "", f"Usage: kubectl {name} {command.usage} [flags]", *_flags(command), *_below(name)]
    )


def _flags(command: Command) -> Iterator[str]:
    modelled = flags(f"{command.modelled} namespace/n=") if command.run else {}
    if modelled:
        rows = [(flag.shown, MEANING.get(flag.name, "")) for flag in modelled.values()]
        yield from ("", "Flags:", _columns(sorted(rows, key=lambda row: row[0].lstrip("-"))).rstrip("\n"))
    for title, text in (("Without effect here", command.without_effect), ("Not modelled", command.not_modelled)):
        if text:
            yield f"{title}: {', '.join(f'--{other}' for other in sorted(flags(text)))}"
    yield ""


def _below(name: str) -> Iterator[str]:
    below = [(other, command.about) for other, command in COMMANDS.items() if other.startswith(f"{name} ")]
    if below:
        yield from ("Commands:", _columns(below))


def _columns(rows: list[tuple[str, str]]) -> str:
    width = max(len(head) for head, _ in rows) + 2
    return "".join(f"  {head.ljust(width)}{text}".rstrip() + "\n" for head, text in rows)
