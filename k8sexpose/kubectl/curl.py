r"""``curl`` against a cluster: one connection of the model, told in curl's own words.

The server behind it is the course's echo server: it says which Pod answers, and which client address it sees.
The health check ports of kube-proxy answer as kube-proxy does. No socket is opened.

Sources: ``lib/connect.c``, ``lib/hostip.c``, ``lib/urlapi.c``, ``lib/strerror.c`` of curl 8.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from ..api.addresses import address, ip_version
from ..kubeproxy.health import HEALTHZ_PORT, HealthResponse, health_check, healthz
from ..kubeproxy.service_ports import is_watched
from ..router.addressing import LOCALHOST, LOOPBACK
from ..router.cluster_dns import resolve
from ..router.router import send
from .result import Completed

if TYPE_CHECKING:
    from ..model import Cluster
    from ..router.route import Route

__all__ = ["curl"]

# How long Linux repeats a SYN that nobody answers (tcp_syn_retries = 6): 1 + 2 + 4 + … + 64 seconds.
SYN_TIMEOUT_MS = 127_000
KNOWN = "-s, -S, -i, -m SECONDS, --connect-timeout SECONDS, --client (or --from) CLIENT"


def curl(cluster: Cluster, command: str | Sequence[str]) -> Completed:
    r"""Ask a URL once, as a client outside, a Pod or a node.

    Parameters
    ----------
    cluster : Cluster
        The cluster; the connection is its next `send`.
    command : str or sequence of str
        The words behind ``curl``: the URL, ``-m SECONDS``, ``-s``, ``-i``, and ``--client`` (or ``--from``) with
        an outside address, ``pod/NAME`` or ``node/NAME``. A Pod also knows the names of Services.

    Returns
    -------
    Completed
        Exit code and output, as the real curl gives them; nothing is raised. Cluster time does not move.

    Examples
    --------
    >>> from k8sexpose import Cluster
    >>> cluster = Cluster()
    >>> print(curl(cluster, "-m 3 http://10.0.0.1:30007").stderr, end="")
    curl: (7) Failed to connect to 10.0.0.1 port 30007 after 0 ms: Could not connect to server
    >>> _ = cluster.deploy("web", per_node=[1, 1, 0], port=80)
    >>> print(curl(cluster, "http://10.244.2.2 --client pod/web-1").stdout, end="")
    pod:    web-2
    node:   node-2
    client: 10.244.1.2
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
        options = _parser().parse_args(words)
        url = _Url.read(options.url)
        dialled = _resolve(cluster, url, options.client)
        route = send(cluster, f"http://{address(dialled, url.port)}", options.client)
        patience_s = options.max_time if options.connect_timeout is None else options.connect_timeout
        if problem := _problem(route, url, patience_s):
            raise problem
    except _Failure as failure:
        silent = failure.from_network and options.silent and not options.show_error
        return Completed(failure.rc, "", "" if silent else f"curl: {failure}\n")
    except (LookupError, ValueError) as error:  # no such Pod or node, or an unclosed quote
        return Completed(2, "", f"curl: {error}\n")
    answer = _answer(cluster, route, url)
    head = ""
    if options.include:
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        head = "\n".join([*lines, *(f"{name}: {value}" for name, value in answer.headers.items())]) + "\n\n"
    return Completed(0, head + answer.body, "")


# -- the words ---------------------------------------------------------------------------------------------------------


class _Failure(Exception):
    """curl gives up; the text is what it prints behind ``curl:``."""

    def __init__(self, rc: int, text: str, *, from_network: bool = False) -> None:
        super().__init__(f"({rc}) {text}" if from_network or rc != 2 else text)
        self.rc = rc
        self.from_network = from_network


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        unknown = re.fullmatch(r"unrecognized arguments: (\S+).*", message)
        if unknown:
            raise _Failure(2, f"option {unknown[1]}: is unknown\n%curl knows {KNOWN}")
        if "required: url" in message:
            raise _Failure(2, "(2) no URL specified")
        raise _Failure(2, f"{message}\n%curl knows {KNOWN}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-S", "--show-error", action="store_true")
    parser.add_argument("-i", "--include", action="store_true")
    parser.add_argument("-m", "--max-time", type=_seconds)
    parser.add_argument("--connect-timeout", type=_seconds)
    parser.add_argument("--client", "--from", dest="client")
    return parser


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d*)?|\.\d+", text):
        raise argparse.ArgumentTypeError("expected a proper numerical parameter")
    return float(text)


@dataclass(frozen=True, slots=True)
class _Url:
    """A URL, taken apart."""

    host: str
    port: int
    path: str

    @classmethod
    def read(cls, text: str) -> _Url:
        """Read a URL; without a scheme it is HTTP."""
        scheme, separator, rest = text.partition("://")
        if not separator:
            scheme, rest = "http", text
        if scheme.lower() != "http":
            known = 'Protocol "https" not supported' if scheme.lower() == "https" else f'Protocol "{scheme}" disabled'
            raise _Failure(1, known, from_network=True)
        netloc, path = re.fullmatch(r"([^/?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        parts = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(.*))?", netloc)
        if parts is None:
            raise _Failure(3, "URL rejected: Port number was not a decimal number between 0 and 65535")
        host, port = parts[1].strip("[]"), parts[2] or "80"
        if not host:
            raise _Failure(3, "URL rejected: No host part in the URL")
        if re.search(r"[\x00-\x20\x7f\\]", rest):
            raise _Failure(3, "URL rejected: Malformed input to a URL function")
        if not re.fullmatch(r"[0-9]{1,9}", port) or int(port) > 65535:
            raise _Failure(3, "URL rejected: Port number was not a decimal number between 0 and 65535")
        return cls(host, int(port), path.split("#")[0] or "/")


# -- names -------------------------------------------------------------------------------------------------------------


def _resolve(cluster: Cluster, url: _Url, client: str | None) -> str:
    """Ask the DNS: outside, only load balancers have names; a Pod asks the cluster's own DNS first."""
    if ip_version(url.host) or cluster.store.services_named(url.host):
        return url.host
    if url.host == LOCALHOST:
        return LOOPBACK
    found: tuple[str, ...] = ()
    if client and client.startswith("pod/"):
        namespace, _, _ = client.removeprefix("pod/").rpartition("/")
        found = resolve(cluster, url.host, namespace or "default")
    if not found:
        raise _Failure(6, f"Could not resolve host: {url.host}", from_network=True)
    return found[cluster.sends % len(found)]


# -- what comes back ---------------------------------------------------------------------------------------------------


def _problem(route: Route, url: _Url, patience_s: float | None) -> _Failure | None:
    """Word a connection that brings no answer."""
    if route.outcome == "delivered":
        return None
    if route.outcome == "unresolved":
        return _Failure(6, f"Could not resolve host: {url.host}", from_network=True)
    if route.outcome == "reset":
        return _Failure(56, "Recv failure: Connection reset by peer", from_network=True)
    if route.outcome == "timeout" and patience_s and patience_s * 1000 < SYN_TIMEOUT_MS:
        return _Failure(28, f"Connection timed out after {int(patience_s * 1000)} milliseconds", from_network=True)
    timeout = route.outcome == "timeout"
    waited_ms = SYN_TIMEOUT_MS if timeout else round(route.latency_ms)
    text = f"Failed to connect to {url.host} port {url.port} after {waited_ms} ms: Could not connect to server"
    return _Failure(28 if timeout else 7, text, from_network=True)


def _answer(cluster: Cluster, route: Route, url: _Url) -> HealthResponse:
    """Answer as whoever sits at the end of the way."""
    if route.pod is not None:
        body = f"pod:    {route.pod}\nnode:   {route.node or 'unknown'}\nclient: {route.client_seen}\n"
        return HealthResponse(200, {"Content-Type": "text/plain"}, body)
    node, path = route.hops[-1].at, url.path.split("?")[0]
    if url.port == HEALTHZ_PORT:
        if path not in ("/healthz", "/livez"):
            return HealthResponse(404, {"Content-Type": "text/plain; charset=utf-8"}, "404 page not found\n")
        return healthz(cluster, node=node, path=path)
    service = next(filter(is_watched, cluster.store.health_checks_on(url.port)))
    return health_check(cluster, service.key, node=node)
