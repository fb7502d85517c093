"""Objects that kubectl makes itself: ``create service``, ``create deployment``, ``expose``.

Sources: ``pkg/cmd/create/create_{service,deployment}.go``, ``pkg/cmd/expose/expose.go`` (kubectl).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..api.documents import Item
from ..api.errors import ApiError
from ..api.formats import dns_subdomain, port_name
from ..api.objects import ContainerPort
from ..api.service import Service
from ..cluster.client_apply import with_last_applied
from ..model import Cluster
from . import printers
from . import serialization as wire
from .flags import Options
from .outputs import whole
from .resources import NO_RESOURCES, Resource, find_resource, named
from .result import Completed, KubectlError

__all__ = ["create_deployment", "create_service", "expose"]

TYPES = {
    "clusterip": "ClusterIP", "nodeport": "NodePort", "loadbalancer": "LoadBalancer", "externalname": "ExternalName",
}  # fmt: skip
DRY_RUN = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
HELP = "\nSee 'kubectl {} -h' for help and examples"
LONGEST_NAME = 63

Json = dict[str, Any]


def create_service(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl create service TYPE NAME --tcp=PORT:TARGET``.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    options : Options
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
    kind = options.verb.rpartition(" ")[2]
    type_ = TYPES[kind]
    if type_ == "ExternalName" and "external-name" not in options.changed:
        raise KubectlError('required flag(s) "external-name" not set')
    name = _one_name(options.args, options.verb)
    cluster_ip = vars(options).get("clusterip", "")
    node_port = vars(options).get("node_port", 0)
    external_name = vars(options).get("external_name", "")
    if type_ == "ExternalName":
        if dns_subdomain(external_name):
            raise KubectlError(f"invalid service external name {external_name}")
    elif not options.tcp and cluster_ip != "None":
        raise KubectlError("at least one tcp port specifier must be provided")
    spec = wire.present(
        ports=[_tcp_port(pair, node_port) for pair in options.tcp], selector={"app": name}, type=type_,
        externalName=external_name, clusterIP=cluster_ip,
    )  # fmt: skip
    made = _service_object(name, {"app": name}, spec, options)
    try:
        return _created(cluster, made, options, "created")
    except ApiError as error:
        raise KubectlError(f"failed to create {type_} service: {error.message}") from None


def _tcp_port(pair: str, node_port: int) -> Json:
    """Read ``80:8080``; the port gets the name ``80-8080``."""
    port, *targets = pair.split(":")
    if not re.fullmatch(r"[0-9]{1,20}", port):
        raise KubectlError(f'strconv.ParseUint: parsing "{port}": invalid syntax')
    if int(port) > 65535:
        raise KubectlError(f'strconv.ParseUint: parsing "{port}": value out of range')
    target: int | str = targets[0] if targets else int(port)
    if targets and re.fullmatch(r"[-+]?[0-9]{1,18}", targets[0]):
        target = int(targets[0])
        if not 0 < target < 65536:
            raise KubectlError("must be between 1 and 65535, inclusive")
    elif isinstance(target, str):
        problems = port_name(target)
        if problems:
            raise KubectlError(",".join(problems))
    entry: Json = {"name": pair.replace(":", "-"), "protocol": "TCP", "port": int(port), "targetPort": target}
    return entry | wire.present(nodePort=node_port)


def create_deployment(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl create deployment NAME --image=IMAGE``; the model keeps no image.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    options : Options
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
    if "image" not in options.changed:
        raise KubectlError('required flag(s) "image" not set')
    name = _one_name(options.args, "create deployment")
    if len(options.image) > 1:
        raise KubectlError("k8sexpose runs one container in a Pod: give --image once")
    image = options.image[0]
    if options.dry_run != "client" and (options.port == 0 or options.port > 65535):
        field = "spec.template.spec.containers[0].ports[0].containerPort"
        problem = "Invalid value: 65536: must be between 1 and 65535, inclusive" if options.port else "Required value"
        raise KubectlError(
            f'failed to create deployment: Deployment.apps "{name}" is invalid: '
            f"{field}: {problem.replace('65536', str(options.port))}"
        )
    container_name = re.sub(r"[:@].*", "", image.rpartition("/")[2])
    ports = [{"containerPort": options.port}] if options.port >= 0 else []
    container = {"image": image, "name": container_name} | wire.present(ports=ports) | {"resources": {}}
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


def expose(cluster: Cluster, options: Options, stdin: str) -> Completed:
    """Run ``kubectl expose TYPE NAME``: a Service with the labels of what it exposes as its selector.

    Parameters
    ----------
    cluster : Cluster
        Where to create.
    options : Options
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
        raise KubectlError(NO_RESOURCES)
    stdout, warned = "", ""
    errors: list[ApiError | KubectlError] = []
    for resource, name in named(options.args):
        try:
            done = _exposed(cluster, resource, name, options)
        except (ApiError, KubectlError) as error:
            errors.append(error)
        else:
            stdout, warned = stdout + done.stdout, warned + done.stderr
    return Completed(1 if errors else 0, stdout, warned + printers.listed_errors(errors))


def _exposed(cluster: Cluster, resource: Resource, name: str, options: Options) -> Completed:
    found = resource.get(cluster, options.namespace, name)
    if resource.kind not in ("Deployment", "Pod", "Service"):
        raise KubectlError(f"cannot expose a {resource.kind}.{resource.group}".rstrip("."))
    selector = _labels(options.selector) or dict(found.selector if isinstance(found, Service) else found.labels)
    if not selector:
        what = {"Pod": "the pod has no labels and cannot be exposed", "Service": "the service has no pod selector set"}
        raise KubectlError(f"couldn't retrieve selectors via --selector flag or introspection: {what[resource.kind]}")
    ports = _exposed_ports(resource, found, options)
    if options.session_affinity not in ("", "None", "ClientIP"):
        raise KubectlError(f"unknown session affinity: {options.session_affinity}")
    spec = wire.present(
        ports=ports, selector=selector, type=options.type, sessionAffinity=options.session_affinity,
        clusterIP=options.cluster_ip, externalIPs=[options.external_ip] if options.external_ip else None,
        loadBalancerIP=options.load_balancer_ip if options.type == "LoadBalancer" else "",
    )  # fmt: skip
    labels = _labels(options.labels) or dict(found.labels)
    made = _service_object(options.name or found.name[:LONGEST_NAME], labels, spec, options)
    return _created(cluster, made, options, "exposed")


def _exposed_ports(resource: Resource, found: Any, options: Options) -> list[Json]:
    """List the ports: those that are asked for, else those that the object declares."""
    declared: list[tuple[int, str]] = [
        (port.port, (port.protocol or "TCP")) for port in found.ports if isinstance(port, ContainerPort) or port.port
    ]
    asked = [_number(text) for text in options.port.split(",")] if options.port else []
    numbers = asked or [number for number, _ in declared]
    if not numbers and options.cluster_ip != "None":
        raise KubectlError("couldn't find port via --port flag or introspection")
    protocols = dict(declared)
    target: int | str = options.target_port
    if re.fullmatch(r"[-+]?[0-9]{1,18}", options.target_port):
        target = int(options.target_port)
    return [
        wire.present(name=f"port-{place}" if len(numbers) > 1 else "")
        | {
            "protocol": options.protocol or protocols.get(number, "TCP"),
            "port": number,
            "targetPort": target if options.target_port else number,
        }
        for place, number in enumerate(numbers, 1)
    ]


def _number(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        raise KubectlError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


# -- what they share ---------------------------------------------------------------------------------------------------


def _service_object(name: str, labels: Mapping[str, str], spec: Json, options: Options) -> Json:
    metadata = {"name": name} | wire.present(namespace=options.given_namespace, labels=dict(labels))
    return {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}


def _created(cluster: Cluster, made: Json, options: Options, verb: str, prefix: str = "") -> Completed:
    """Send the object to the server, or do not, and print it as asked."""
    resource = find_resource(made["kind"])
    shown, name, stderr = made, made["metadata"]["name"], ""
    if options.dry_run != "client":
        bare = {key: value for key, value in made.items() if key != "status"}
        if options.save_config:
            bare = with_last_applied(bare, options.namespace)
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
        shown = as_struct(resource.to_dict(cluster, stored))
    return Completed(0, written(options, resource, name, verb, shown), stderr)


METADATA = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
)  # fmt: skip


def as_struct(shown: Json) -> Json:
    """Put an object into the order of the Go struct, in which kubectl prints what it made itself."""
    metadata = {name: shown["metadata"][name] for name in METADATA if name in shown["metadata"]}
    return {"kind": shown["kind"], "apiVersion": shown["apiVersion"], **shown, "metadata": metadata}


def written(
    options: Options, resource: Resource, name: str, verb: str, shown: Json, *, sort: bool = False, told: bool = True
) -> str:
    """Print what became of an object: a line, its name, or the whole of it; what came from a file is sorted."""
    if options.output.lower() == "name":
        return f"{resource.qualified}/{name}\n"
    if options.output:
        return whole(options.output, shown, sort=sort)
    return f"{resource.qualified}/{name} {verb}{DRY_RUN[options.dry_run] if told else ''}\n"


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
