"""Objects that kubectl makes itself: ``create service``, ``create deployment``, ``expose``.

Sources: ``pkg/cmd/create/create_{service,deployment}.go``, ``pkg/cmd/expose/expose.go`` (kubectl).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any

from ..api.documents import Item
from ..api.errors import ApiError
from ..api.objects import ContainerPort
from ..api.service import Service
from ..model import Cluster
from . import serialization as wire
from .resources import Resource, find_resource, requests
from .result import Completed, KubectlError

__all__ = ["create_deployment", "create_service", "expose"]

TYPES = {
    "clusterip": "ClusterIP", "nodeport": "NodePort", "loadbalancer": "LoadBalancer", "externalname": "ExternalName",
}  # fmt: skip
DRY_RUN = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
HELP = "\nSee 'kubectl {} -h' for help and examples"
LONGEST_NAME = 63

Json = dict[str, Any]


def create_service(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl create service TYPE NAME --tcp=PORT:TARGET``.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    options : argparse.Namespace
        ``args`` (type and name), ``tcp``, ``node_port``, ``clusterip``, ``external_name``, ``dry_run``, ``output``.
    stdin : str
        Not used.

    Returns
    -------
    Completed
        What kubectl prints.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> print(run(Cluster(), "create service nodeport web --tcp=80:8080").stdout, end="")
    service/web created
    """
    kind = options.args[0].lower() if options.args else ""
    if kind not in TYPES:
        raise KubectlError(f"create service takes one of {', '.join(TYPES)} and a name")
    type_, name = TYPES[kind], _one_name(options.args[1:], f"create service {kind}")
    headless = options.clusterip == "None"
    if headless and type_ != "ClusterIP":
        raise KubectlError("ClusterIP=None can only be used with ClusterIP service type")
    if type_ == "ExternalName":
        if not options.external_name:
            raise KubectlError('required flag(s) "external-name" not set')
    elif not options.tcp and not headless:
        raise KubectlError("at least one tcp port specifier must be provided")
    pairs = [pair for listed in options.tcp for pair in listed.split(",")]
    spec = wire.present(
        ports=[_tcp_port(pair, options.node_port if type_ == "NodePort" else 0) for pair in pairs],
        selector={"app": name}, type=type_, externalName=options.external_name, clusterIP=options.clusterip,
    )  # fmt: skip
    made = _service_object(name, {"app": name}, spec, options)
    try:
        return _created(cluster, made, options, "created")
    except ApiError as error:
        raise KubectlError(f"failed to create {type_} service: {error.message}") from None


def _tcp_port(pair: str, node_port: int) -> Json:
    """Read ``80:8080``; the port gets the name ``80-8080``."""
    port, _, target = pair.partition(":")
    if not re.fullmatch(r"[0-9]+", port):
        raise KubectlError(f'strconv.ParseUint: parsing "{port}": invalid syntax')
    if int(port) > 65535:
        raise KubectlError(f'strconv.ParseUint: parsing "{port}": value out of range')
    number = int(target) if re.fullmatch(r"[0-9]+", target) else target or int(port)
    if isinstance(number, int) and not 0 < number < 65536:
        raise KubectlError("must be between 1 and 65535, inclusive")
    return wire.present(
        name=pair.replace(":", "-"), protocol="TCP", port=int(port), targetPort=number, nodePort=node_port
    )  # fmt: skip


def create_deployment(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl create deployment NAME --image=IMAGE``; the model keeps no image.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    options : argparse.Namespace
        ``args`` (the name), ``image``, ``replicas``, ``port``, ``dry_run``, ``output``.
    stdin : str
        Not used.

    Returns
    -------
    Completed
        What kubectl prints.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> print(run(Cluster(), "create deployment web --image=nginx --replicas=2").stdout, end="")
    deployment.apps/web created
    """
    name = _one_name(options.args, "create deployment")
    if not options.image:
        raise KubectlError('required flag(s) "image" not set')
    container_name = re.sub(r"[:@].*", "", options.image.rpartition("/")[2])
    ports = [{"containerPort": options.port}] if options.port else []
    container = {"image": options.image, "name": container_name} | wire.present(ports=ports) | {"resources": {}}
    labels = {"app": name}
    made: Json = {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": name, "labels": labels} | wire.present(namespace=options.given_namespace),
        "spec": {
            "replicas": options.replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            "strategy": {},
        },
        "status": {},
    }
    return _created(cluster, made, options, "created", prefix="failed to create deployment: ")


def expose(cluster: Cluster, options: argparse.Namespace, stdin: str) -> Completed:
    """Run ``kubectl expose TYPE NAME``: a Service with the labels of what it exposes as its selector.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    options : argparse.Namespace
        ``args``, ``port``, ``target_port``, ``protocol``, ``type``, ``name``, ``selector``, ``labels``,
        ``session_affinity``, ``cluster_ip``, ``external_ip``, ``load_balancer_ip``, ``dry_run``, ``output``.
    stdin : str
        Not used.

    Returns
    -------
    Completed
        What kubectl prints.

    Examples
    --------
    >>> from k8sexpose.kubectl import run
    >>> cluster = Cluster()
    >>> _ = cluster.deploy("web")
    >>> print(run(cluster, "expose deployment web --port=80 --target-port=8080").stdout, end="")
    service/web exposed
    """
    if not options.args:
        raise KubectlError("You must provide one or more resources by argument or filename." + HELP.format("expose"))
    resource, names = requests(options.args)[0]
    found = resource.get(cluster, options.namespace, _one_name(names, "expose"))
    if resource.kind not in ("Deployment", "Pod", "Service"):
        raise KubectlError(f"cannot expose a {resource.kind}.{resource.group}".rstrip("."))
    selector = _labels(options.selector) or dict(found.selector if isinstance(found, Service) else found.labels)
    if not selector:
        what = {"Pod": "the pod has no labels", "Service": "the service has no pod selector set"}[resource.kind]
        why = f"couldn't retrieve selectors via --selector flag or introspection: {what} and cannot be exposed"
        raise KubectlError(why.replace("set and cannot be exposed", "set") + HELP.format("expose"))
    spec = wire.present(
        ports=_exposed_ports(resource, found, options), selector=selector, type=options.type,
        sessionAffinity=options.session_affinity, clusterIP=options.cluster_ip,
        externalIPs=[options.external_ip] if options.external_ip else None, loadBalancerIP=options.load_balancer_ip,
    )  # fmt: skip
    labels = _labels(options.labels) or dict(found.labels)
    made = _service_object(options.name or found.name[:LONGEST_NAME], labels, spec, options)
    return _created(cluster, made, options, "exposed")


def _exposed_ports(resource: Resource, found: Any, options: argparse.Namespace) -> list[Json]:
    """List the ports: those that are asked for, else those that the object declares."""
    declared: list[tuple[int, str]] = [
        (port.port, (port.protocol or "TCP")) for port in found.ports if isinstance(port, ContainerPort) or port.port
    ]
    asked = [int(text) for text in options.port.split(",") if text.isdigit()] if options.port else []
    if options.port and not asked:
        raise KubectlError(f'strconv.Atoi: parsing "{options.port}": invalid syntax')
    numbers = asked or [number for number, _ in declared]
    if not numbers and options.cluster_ip != "None":
        raise KubectlError("couldn't find port via --port flag or introspection" + HELP.format("expose"))
    protocols = dict(declared)
    target: int | str = int(options.target_port) if options.target_port.isdigit() else options.target_port
    return [
        wire.present(
            name=f"port-{place}" if len(numbers) > 1 else "",
            protocol=options.protocol or protocols.get(number, "TCP"), port=number, targetPort=target or number,
        )
        for place, number in enumerate(numbers, 1)
    ]  # fmt: skip


# -- what they share ---------------------------------------------------------------------------------------------------


def _service_object(name: str, labels: Mapping[str, str], spec: Json, options: argparse.Namespace) -> Json:
    metadata = {"name": name} | wire.present(namespace=options.given_namespace, labels=dict(labels))
    return {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}


def _created(cluster: Cluster, made: Json, options: argparse.Namespace, verb: str, prefix: str = "") -> Completed:
    """Send the object to the server, or do not, and print it as asked."""
    resource = find_resource(made["kind"])
    shown, name, stderr = made, made["metadata"]["name"], ""
    if options.dry_run != "client":
        bare = {key: value for key, value in made.items() if key != "status"}
        namespace, dry_run = options.namespace, options.dry_run == "server"
        if made["kind"] == "Service":
            stored: Any = cluster.create(bare, namespace=namespace, dry_run=dry_run)
            stderr = "".join(f"Warning: {warning}\n" for warning in cluster.warnings)
        else:
            target = cluster.copy() if dry_run else cluster
            try:
                stored = target.create_item(Item(made["kind"], bare), namespace).object
            except ApiError as error:
                raise KubectlError(f"{prefix}{error.message}") from None
        shown = resource.to_dict(cluster, stored)
    return Completed(0, written(options, resource, name, verb, shown), stderr)


def written(options: argparse.Namespace, resource: Resource, name: str, verb: str, shown: Json) -> str:
    """Print what became of an object: a line, its name, or the whole of it."""
    if options.output == "yaml":
        return wire.to_yaml(shown)
    if options.output == "json":
        return wire.to_json(shown, sort=False)
    if options.output == "name":
        return f"{resource.qualified}/{name}\n"
    if options.output:
        raise KubectlError(
            f'unable to match a printer suitable for the output format "{options.output}", '
            "allowed formats are: json,name,yaml"
        )
    return f"{resource.qualified}/{name} {verb}{DRY_RUN[options.dry_run]}\n"


def _one_name(words: list[str], command: str) -> str:
    if len(words) != 1:
        raise KubectlError(f"exactly one NAME is required, got {len(words)}" + HELP.format(command))
    return words[0]


def _labels(text: str) -> dict[str, str]:
    """Read ``app=web,tier=front``."""
    labels = {}
    for pair in filter(None, text.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise KubectlError(f"unexpected label spec: {pair}")
        labels[key] = value
    return labels
