"""What ``kubectl get`` prints: the cells of each kind, and the words of an error.

Each function takes an object and the cluster time, and returns the cells that its columns (`COLUMNS`) name. What the
model does not know prints as kubectl prints a field that is empty: ``<unknown>`` for a node's operating system,
``<none>`` for the containers of a Deployment.

Sources: ``pkg/printers/internalversion/printers.go`` (kubernetes/kubernetes); ``pkg/cmd/util/helpers.go`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..api.addresses import address
from ..api.errors import ApiError
from ..api.objects import Deployment, EndpointSlice, Node, Pod
from ..api.service import Service
from .event_series import EventSeries
from .tabwriter import NONE, age, more, pairs, table

__all__ = [
    "COLUMNS", "WIDE_COLUMNS", "deployment", "ended", "endpoint_slice", "endpoints", "error", "event", "external_ip",
    "listed_errors", "node", "pod", "ports", "service", "services",
]  # fmt: skip

VERSION = "v1.36.2"
SHOWN_INGRESS = 16
ROLE_PREFIX, ROLE_LABEL = "node-role.kubernetes.io/", "kubernetes.io/role"

COLUMNS: dict[str, list[str]] = {
    "Service": ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
    "Node": ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
    "Pod": ["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
    "Deployment": ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
    "StatefulSet": ["NAME", "READY", "AGE"],
    "DaemonSet": [
        "NAME",
        "DESIRED",
        "CURRENT",
        "READY",
        "UP-TO-DATE",
        "AVAILABLE",
        "NODE SELECTOR",
        "AGE",
    ],
    "ReplicaSet": ["NAME", "DESIRED", "CURRENT", "READY", "AGE"],
    "Ingress": ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"],
    "Gateway": ["NAME", "CLASS", "ADDRESS", "PROGRAMMED", "AGE"],
    "HTTPRoute": ["NAME", "HOSTNAMES", "AGE"],
    "EndpointSlice": ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"],
    "Endpoints": ["NAME", "ENDPOINTS", "AGE"],
    "Namespace": ["NAME", "STATUS", "AGE"],
    "Event": ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
}
WIDE_COLUMNS: dict[str, list[str]] = {
    "Service": [*COLUMNS["Service"], "SELECTOR"],
    "Node": [*COLUMNS["Node"], "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
    "Pod": [*COLUMNS["Pod"], "IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
    "Deployment": [*COLUMNS["Deployment"], "CONTAINERS", "IMAGES", "SELECTOR"],
    "StatefulSet": ["NAME", "READY", "AGE", "CONTAINERS", "IMAGES"],
    "DaemonSet": [*COLUMNS["DaemonSet"], "CONTAINERS", "IMAGES", "SELECTOR"],
    "ReplicaSet": [*COLUMNS["ReplicaSet"], "CONTAINERS", "IMAGES", "SELECTOR"],
    "Event": ["LAST SEEN", "TYPE", "REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"],
}


def services(found: Iterable[Service], now_s: float, *, wide: bool = False, all_namespaces: bool = False) -> str:
    """Print the table of ``kubectl get services``.

    Parameters
    ----------
    found : iterable of Service
        The rows.
    now_s : float
        Cluster time, in seconds.
    wide, all_namespaces : bool
        As with ``-o wide`` and ``-A``.

    Returns
    -------
    str
        The table.

    Examples
    --------
    >>> web = Service("web", type="NodePort", cluster_ip="10.96.1.7", cluster_ips=("10.96.1.7",))
    >>> print(services([web], 5), end="")
    NAME   TYPE       CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
    web    NodePort   10.96.1.7    <none>        <none>    5s
    """
    head = (WIDE_COLUMNS if wide else COLUMNS)["Service"]
    rows = [service(row, now_s, wide=wide) for row in found]
    if all_namespaces:
        return table(["NAMESPACE", *head], [[row.namespace, *cells] for row, cells in zip(found, rows, strict=True)])
    return table(head, rows)


def service(shown: Service, now_s: float, *, wide: bool = False) -> list[str]:
    """Print the cells of a Service (``printService``).

    Examples
    --------
    >>> service(Service("hl", type="ClusterIP", cluster_ip="None", cluster_ips=("None",)), 130)
    ['hl', 'ClusterIP', 'None', '<none>', '<none>', '2m10s']
    """
    cluster_ip = shown.cluster_ips[0] if shown.cluster_ips else shown.cluster_ip or NONE
    cells = [
        shown.name, shown.type, cluster_ip, external_ip(shown, wide=wide), ports(shown), age(now_s - shown.created_s),
    ]  # fmt: skip
    return [*cells, pairs(shown.selector.items())] if wide else cells


def external_ip(shown: Service, *, wide: bool = False) -> str:
    """Print the cell EXTERNAL-IP; unless wide, long addresses are cut (``getServiceExternalIP``).

    Examples
    --------
    >>> external_ip(Service("web", type="LoadBalancer"))
    '<pending>'
    """
    if shown.type == "ExternalName":
        return shown.external_name
    addresses = ",".join(sorted({ingress.address for ingress in shown.load_balancer_ingress if ingress.address}))
    if shown.type == "LoadBalancer":
        if len(addresses) > SHOWN_INGRESS and not wide:
            addresses = addresses[: SHOWN_INGRESS - 3] + "..."
        return ",".join(text for text in (addresses, *shown.external_ips) if text) or "<pending>"
    return ",".join(shown.external_ips) or NONE


def ports(shown: Service) -> str:
    """Print the cell PORT(S) (``makePortString``).

    Examples
    --------
    >>> from k8sexpose import ServicePort
    >>> ports(Service("web", ports=(ServicePort(80, node_port=30080, protocol="TCP"),)))
    '80:30080/TCP'
    """
    return (
        ",".join(
            f"{port.port}:{port.node_port}/{port.protocol}" if port.node_port else f"{port.port}/{port.protocol}"
            for port in shown.ports
        )
        or NONE
    )


def node(shown: Node, now_s: float, *, ready: bool, wide: bool = False) -> list[str]:
    """Print the cells of a node (``printNode``).

    Examples
    --------
    >>> node(Node("node-1", labels={"node-role.kubernetes.io/control-plane": ""}, unschedulable=True), 9, ready=False)
    ['node-1', 'NotReady,SchedulingDisabled', 'control-plane', '9s', 'v1.36.2']
    """
    status = ("Ready" if ready else "NotReady") + (",SchedulingDisabled" if shown.unschedulable else "")
    roles = {
        key.removeprefix(ROLE_PREFIX) if key.startswith(ROLE_PREFIX) else value
        for key, value in shown.labels.items()
        if (key.startswith(ROLE_PREFIX) and key != ROLE_PREFIX) or (key == ROLE_LABEL and value)
    }
    cells = [shown.name, status, ",".join(sorted(roles)) or NONE, age(now_s - shown.created_s), VERSION]
    if wide:
        cells += [shown.internal_ip or NONE, shown.external_ip or NONE, "<unknown>", "<unknown>", "<unknown>"]
    return cells


def pod(shown: Pod, now_s: float, *, lost: bool = False, wide: bool = False) -> list[str]:
    """Print the cells of a Pod, which has one container here (``printPod``).

    Parameters
    ----------
    shown : Pod
        The Pod.
    now_s : float
        Cluster time, in seconds.
    lost : bool
        Its node no longer reports: the container counts as it was last reported, ready.
    wide : bool
        As with ``-o wide``.

    Returns
    -------
    list of str
        The cells.

    Examples
    --------
    >>> pod(Pod("web-1", ready=False), 130)
    ['web-1', '0/1', 'Running', '0', '2m10s']
    """
    ready = (shown.ready or lost) and shown.phase == "Running"
    finished = shown.phase in ("Succeeded", "Failed")
    status = {"Succeeded": "Completed", "Failed": "Error"}.get(shown.phase, shown.phase)
    if shown.terminating and not finished:
        status = "Terminating"
    cells = [shown.name, f"{ready:d}/1", status, "0", age(now_s - shown.created_s)]
    return [*cells, shown.ip or NONE, shown.node or NONE, NONE, NONE] if wide else cells


def deployment(shown: Deployment, now_s: float, pods: Sequence[Pod], *, wide: bool = False) -> list[str]:
    """Print the cells of a Deployment with its Pods (``printDeployment``).

    The model's Deployments do not tell old Pods from new ones: in a rollout UP-TO-DATE counts both.

    Examples
    --------
    >>> deployment(Deployment("web"), 5, [Pod("web-1"), Pod("web-2", ready=False)])
    ['web', '1/2', '2', '1', '5s']
    """
    wanted = [pod for pod in pods if not pod.terminating]
    ready = str(sum(pod.ready for pod in wanted))
    cells = [shown.name, f"{ready}/{len(wanted)}", str(len(wanted)), ready, age(now_s - shown.created_s)]
    return [*cells, NONE, NONE, pairs(shown.labels.items())] if wide else cells


def endpoint_slice(shown: EndpointSlice, now_s: float) -> list[str]:
    """Print the cells of an EndpointSlice; addresses that are not ready are shown, too (``printEndpointSlice``).

    Examples
    --------
    >>> endpoint_slice(EndpointSlice("web-abcde"), 5)
    ['web-abcde', 'IPv4', '<unset>', '<unset>', '5s']
    """
    numbers = [str(port.port) if port.port is not None else port.name or "*" for port in shown.ports]
    addresses = [endpoint.ip for endpoint in shown.endpoints]
    return [
        shown.name, shown.address_type, more(numbers, "<unset>"), more(addresses, "<unset>"),
        age(now_s - shown.created_s),
    ]  # fmt: skip


def endpoints(shown: Service, now_s: float, slices: Iterable[EndpointSlice]) -> list[str]:
    """Print the cells of the old Endpoints object of a Service: the ready addresses (``formatEndpoints``).

    Examples
    --------
    >>> endpoints(Service("web"), 5, [])
    ['web', '<none>', '5s']
    """
    found = [
        address(endpoint.ip, port.port)
        for part in slices
        for port in part.ports
        for endpoint in part.endpoints
        if endpoint.ready
    ]
    return [shown.name, more(found, NONE), age(now_s - shown.created_s)]


def event(shown: EventSeries, now_s: float, *, wide: bool = False) -> list[str]:
    """Print the cells of an event (``printEvent``).

    Examples
    --------
    >>> from k8sexpose.api.objects import Event
    >>> seen = Event(0, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "service/web")
    >>> event(EventSeries(seen, "web.1"), 5)
    ['5s', 'Normal', 'EnsuringLoadBalancer', 'service/web', 'Ensuring load balancer']
    """
    first = shown.event
    last_seen, message = age(now_s - shown.last_s), first.message.strip()
    if not wide:
        return [last_seen, first.type, first.reason, first.object, message]
    return [
        last_seen, first.type, first.reason, first.object, "", first.source, message, age(now_s - first.at_s),
        str(shown.count), shown.name,
    ]  # fmt: skip


DOING = {"create": "creating", "apply": "creating", "replace": "replacing"}


def error(problem: ApiError, verb: str = "", source: str = "", *, one_of_many: bool = False, context: str = "") -> str:
    """Print an error of the API server as kubectl does.

    Parameters
    ----------
    problem : ApiError
        The server's answer.
    verb : str
        ``create``, ``apply`` or ``replace`` (which say what they were doing), or another verb of kubectl.
    source : str
        The file, or ``STDIN``; empty where kubectl was given a name.
    one_of_many : bool
        Several documents failed: kubectl then prints each in the short form.
    context : str
        What kubectl was doing, in its words, where `verb` and `source` do not say it.

    Returns
    -------
    str
        One or more lines, each with a newline.

    Examples
    --------
    >>> print(error(ApiError(404, "NotFound", 'services "web" not found'), "get"), end="")
    Error from server (NotFound): services "web" not found
    """
    if problem.reason == "Invalid" and not one_of_many:
        subject = f'The {problem.details_kind} "{problem.details_name}"' if problem.details_kind else "The request"
        causes = list(dict.fromkeys(map(str, problem.causes)))
        if not causes:
            return f"{subject} is invalid: {problem.message}\n"
        if len(causes) == 1:
            return f"{subject} is invalid: {causes[0]}\n"
        return f"{subject} is invalid: \n" + "".join(f"* {cause}\n" for cause in causes)
    reason = f" ({problem.reason})" if problem.reason else ""
    if not context and source and verb in DOING:
        context = f'error when {DOING[verb]} "{source}": '
    return ended(f"Error from server{reason}: {context}{problem.message}", one_of_many=one_of_many)


def listed_errors(problems: Sequence[ApiError | Exception]) -> str:
    """Print what went wrong with several objects; of one alone in full, of more one line each.

    Examples
    --------
    >>> print(listed_errors([ApiError(404, "NotFound", 'services "web" not found')]), end="")
    Error from server (NotFound): services "web" not found
    """
    many = len(problems) > 1
    return "".join(
        error(problem, one_of_many=many)
        if isinstance(problem, ApiError)
        else ended(f"{'' if many else 'error: '}{problem}", one_of_many=many)
        for problem in problems
    )


def ended(line: str, *, one_of_many: bool = False) -> str:
    r"""End a message: kubectl adds a line break if there is none, and always where it lists several messages.

    Examples
    --------
    >>> ended("error: x\n"), ended("x\n", one_of_many=True)
    ('error: x\n', 'x\n\n')
    """
    return line if line.endswith("\n") and not one_of_many else f"{line}\n"
