"""The command ``k8sexpose``: a report on a real cluster, from a terminal.

Exit codes: 0 the report is made; 1 the dump cannot be read or reviewed; 2 the command is wrong; 3 the report is made,
and holds what ``--fail-on`` names.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__
from .api.errors import ManifestError
from .model import Cluster
from .report.findings import SEVERITIES
from .report.review import Review, review

__all__ = ["main"]

HTML, MARKDOWN = (".html", ".htm"), (".md", ".markdown")
MADE, UNREADABLE, FOUND = 0, 1, 3
DUMP = "kubectl get nodes,pods,services,endpointslices -A -o json"


class Refused(Exception):
    """The command cannot be done; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind the command; None for that of the process.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> main(["report", "no-such-dump.json"])
    1
    """
    told = _parser().parse_args(arguments)
    try:
        made = _review(told)
        _write(made, told)
    except (Refused, ManifestError, ValueError) as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"{error.filename or told.dump}: {error.strerror or error}")
    except RecursionError:
        return _complain("the dump is nested too deeply")
    if told.fail_on is None:
        return MADE
    counted = SEVERITIES[: SEVERITIES.index(told.fail_on) + 1]
    return FOUND if any(finding.severity in counted for finding in made.findings) else MADE


def _complain(text: str) -> int:
    line = "".join(char if char.isprintable() else " " for char in text)
    print(f"k8sexpose: {line}", file=sys.stderr)
    return UNREADABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="k8sexpose", description="How Kubernetes puts a Service on the internet.")
    parser.add_argument("--version", action="version", version=f"k8sexpose {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report",
        help="review a dump of a cluster",
        description=f"Review a dump of a cluster, made by: {DUMP}. The dump is read on this machine, nothing is sent; "
        "only the fields that decide about routing are used, Secrets and other kinds are passed over.",
    )
    add = report.add_argument
    add("dump", help="the file, or - for standard input")
    add("--provider", help="whose load balancers (default: guessed from spec.providerID)")
    add("--region", help="whose prices (default: guessed from the nodes)")
    add("-o", "--output", help=f"{', '.join((*HTML, *MARKDOWN))} (default: Markdown on standard output)")
    add("--anonymise", "--anonymize", action="store_true", help="replace names and addresses, for sharing")
    add("--utilisation", type=float, default=0.5, help="how busy the average Pod is, 0 to 1 (default: %(default)s)")
    add("--service-ms", type=float, default=10.0, help="mean time for a request in ms (default: %(default)s)")
    add("--workers", type=int, default=1, help="requests that a Pod serves at once (default: %(default)s)")
    add("--gb-per-month", type=float, default=1000.0, help="traffic of all Services (default: %(default)s)")
    add("--prices", help="your own prices (TOML)")
    add("--fail-on", choices=SEVERITIES, help="exit with 3 if there is such a finding, or a graver one")
    return parser


def _review(told: argparse.Namespace) -> Review:
    if told.output is not None:
        _check_output(told.dump, Path(told.output))
    source: str | Path = sys.stdin.read() if told.dump == "-" else Path(told.dump)
    if told.dump == "-" and not str(source).lstrip().startswith(("{", "[")):
        raise Refused("standard input is not JSON")
    try:
        cluster = Cluster.from_json(source, provider=None)
    except FileNotFoundError:
        raise Refused(f"{told.dump}: no such file") from None
    return review(
        cluster, told.region, provider=told.provider, utilisation=told.utilisation, service_ms=told.service_ms,
        workers=told.workers, gb_per_month=told.gb_per_month,
        prices=Path(told.prices) if told.prices else None, anonymise=told.anonymise,
    )  # fmt: skip


def _check_output(dump: str, output: Path) -> None:
    if output.suffix.lower() not in (*HTML, *MARKDOWN):
        raise Refused(f"{output}: a report is written as {', '.join((*HTML, *MARKDOWN))}")
    if output.exists() and dump != "-" and Path(dump).exists() and output.samefile(dump):
        raise Refused(f"{output} is the dump itself")


def _write(made: Review, told: argparse.Namespace) -> None:
    if told.output is None:
        sys.stdout.reconfigure(encoding="utf-8") if hasattr(sys.stdout, "reconfigure") else None
        print(made.to_markdown())
        return
    page = made.to_html() if Path(told.output).suffix.lower() in HTML else made.to_markdown()
    Path(told.output).write_text(page, encoding="utf-8")
    print(f"{told.output}: {made.summary}")


if __name__ == "__main__":
    sys.exit(main())
