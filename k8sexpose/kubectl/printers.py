"""What kubectl prints: tables, ages, errors.

Sources: ``pkg/printers/internalversion/printers.go`` (kubernetes/kubernetes), ``pkg/printers/tabwriter.go``
(cli-runtime), ``pkg/util/duration/duration.go`` (apimachinery), ``pkg/cmd/util/helpers.go`` (kubectl).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import ApiError
from ..service import Service

__all__ = ["age", "error", "external_ip", "ports", "services", "table"]

MIN_WIDTH = 6
PADDING = 3
SHOWN_INGRESS = 16
NONE = "<none>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table as kubectl does: columns at least six wide, three spaces between, the last one not padded.

    Parameters
    ----------
    head : sequence of str
        Column names, in capitals.
    rows : iterable of sequence of str
        The cells.

    Returns
    -------
    str
        Lines that end in a newline.

    Examples
    --------
    >>> print(table(["NAME", "AGE"], [["web", "9s"]]), end="")
    NAME   AGE
    web    9s
    """
    lines = [list(head), *(list(map(_cell, row)) for row in rows)]
    widths = [max(MIN_WIDTH, *(len(line[column]) + PADDING for line in lines)) for column in range(len(head))]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)) + line[-1] + "\n"
        for line in lines
    )


def _cell(text: str) -> str:
    first, newline, _ = text.partition("\n")
    return f"{first}..." if newline else text


def services(found: Iterable[Service], now_s: float, *, wide: bool = False, all_namespaces: bool = False) -> str:
    """Print ``kubectl get services``.

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
    head = ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    rows = []
    for service in found:
        cluster_ip = service.cluster_ips[0] if service.cluster_ips else service.cluster_ip or NONE
        row = [
            service.name, service.type, cluster_ip, external_ip(service, wide=wide), ports(service),
            age(now_s - service.created_s),
        ]  # fmt: skip
        if wide:
            row.append(",".join(f"{key}={value}" for key, value in sorted(service.selector.items())) or NONE)
        rows.append([service.namespace, *row] if all_namespaces else row)
    head += ["SELECTOR"] if wide else []
    return table(["NAMESPACE", *head] if all_namespaces else head, rows)


def external_ip(service: Service, *, wide: bool = False) -> str:
    """Print the column EXTERNAL-IP; a load balancer's addresses are cut unless the table is wide."""
    if service.type == "ExternalName":
        return service.external_name
    addresses = ",".join(sorted({ingress.address for ingress in service.load_balancer_ingress if ingress.address}))
    if service.type == "LoadBalancer":
        if len(addresses) > SHOWN_INGRESS and not wide:
            addresses = addresses[: SHOWN_INGRESS - 3] + "..."
        return ",".join(text for text in (addresses, *service.external_ips) if text) or "<pending>"
    return ",".join(service.external_ips) or NONE


def ports(service: Service) -> str:
    """Print the column PORT(S): ``80:30080/TCP``."""
    return (
        ",".join(
            f"{port.port}:{port.node_port}/{port.protocol}" if port.node_port else f"{port.port}/{port.protocol}"
            for port in service.ports
        )
        or NONE
    )


def age(seconds: float) -> str:
    """Print a duration as kubectl does.

    Examples
    --------
    >>> [age(s) for s in (9, 130, 3 * 3600 + 120, 50 * 3600)]
    ['9s', '2m10s', '3h2m', '2d2h']
    """
    if seconds < -1:
        return "<invalid>"
    total = max(int(seconds), 0)
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    years = days // 365
    if years < 2:
        return f"{days}d"
    if years < 8:
        return f"{years}y{days % 365}d" if days % 365 else f"{years}y"
    return f"{years}y"


DOING = {"create": "creating", "apply": "creating", "replace": "replacing"}


def error(problem: ApiError, verb: str = "", source: str = "", *, one_of_many: bool = False) -> str:
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
        if len(causes) == 1:
            return f"{subject} is invalid: {causes[0]}\n"
        return f"{subject} is invalid: \n" + "".join(f"* {cause}\n" for cause in causes)
    reason = f" ({problem.reason})" if problem.reason else ""
    context = f'error when {DOING[verb]} "{source}": ' if source and verb in DOING else ""
    return f"Error from server{reason}: {context}{problem.message}\n"
