"""The command ``k8sexpose``: the lessons opened, and a report on a real cluster, from a terminal.

Exit codes of the report: 0 it is made; 1 the dump cannot be read or reviewed; 2 the command is wrong; 3 it is made,
and holds what ``--fail-on`` names. Of ``lab`` and ``lessons``: 0 done; 1 something is missing, and is named. Of
``class``: 0 it is made; 1 no file can be read.

Each command imports what it needs when it is called, so that `lab` can say what is missing where hardly anything is
installed.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    from .model import Cluster
    from .report.diff import Diff
    from .report.findings import Finding
    from .report.review import Review

__all__ = ["main"]

HTML, MARKDOWN, JSON = (".html", ".htm"), (".md", ".markdown"), (".json",)
ENDINGS = (*HTML, *MARKDOWN, *JSON)
FORMATS = ("html", "markdown", "json")
MADE, UNREADABLE, WRONG, FOUND, INTERRUPTED = 0, 1, 2, 3, 130
MOST_SHOWN = 2_000
DUMP = "kubectl get nodes,pods,services,endpointslices -A -o json"


def _as_named(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return the bytes of a file name that the locale cannot read, as they are; a mark for all else."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return "?", getattr(error, "end", 0)


FILE_NAMES = "k8sexpose.file-names"
codecs.register_error(FILE_NAMES, _as_named)


class Refused(Exception):
    """The command cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what it is for, which words it takes, what it does; `run` returns the exit code."""

    help: str
    description: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


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
    words = list(sys.argv[1:] if arguments is None else arguments)
    own, options = words, list[str]()
    if words[:1] == ["lab"] and "--" in words:
        cut = words.index("--")
        own, options = words[:cut], words[cut + 1 :]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=FILE_NAMES)
    try:
        parser = _parser(own)
        told = parser.parse_args(own, argparse.Namespace(options=options))
        if told.command is None:
            parser.print_help()
            return MADE
        made = COMMANDS[told.command].run(told)
        sys.stdout.flush()
        return made
    except Refused as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was written") and INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone. Python would complain once more when it closes the stream.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREADABLE
    except ImportError as error:
        from .lab import explain_import

        return _complain(str(explain_import("This command", error)))
    except OSError as error:
        return _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except Exception as error:
        return _complain(
            f"this is a fault of k8sexpose, please report it: {type(error).__name__}: {error}"[:MOST_SHOWN]
        )


def _complain(text: str) -> int:
    readable = text.encode("utf-8", FILE_NAMES).decode("utf-8", "replace")
    line = "".join(char if char.isprintable() else " " for char in readable)
    print(f"k8sexpose: {line}", file=sys.stderr)
    return UNREADABLE


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="k8sexpose",
        description="How Kubernetes puts a Service on the internet: lessons, and a report on your cluster.",
        epilog="k8sexpose COMMAND --help says more. The lessons begin with: k8sexpose lab",
    )
    parser.add_argument("--version", action="version", version=f"k8sexpose {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        made = commands.add_parser(name, help=command.help, description=command.description)
        if name in words:  # the words of a report are read only for a report: they need the model
            command.add(made)
    return parser


# -- lessons and lab ---------------------------------------------------------------------------------------------------


def _add_lessons(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", nargs="?", type=Path, metavar="DIR", help="where to (default: here, or the folder k8sexpose-lessons)")
    add("--update", action="store_true", help="say which files have a newer version, and ask whether to replace them")
    add("--yes", action="store_true", help="with --update: replace them without asking")


def _lessons(told: argparse.Namespace) -> int:
    from . import lab

    folder = told.folder or lab.default_folder()
    try:
        if told.update and not _may_replace(folder, told.yes):
            return MADE
        _tell(folder, lab.copy(folder, update=told.update), told.update)
    except lab.LabError as error:
        raise Refused(str(error)) from error
    return MADE


def _may_replace(folder: Path, yes: bool) -> bool:
    """Say what an update would do, and ask; return True if it may go on."""
    from . import lab

    lessons = lab.compare(folder)
    older = [lesson.name for lesson in lessons if lesson.state == "older"]
    changed = [lesson.name for lesson in lessons if lesson.state == "changed"]
    if changed:
        print(f"Kept, because you have changed them: {', '.join(changed)}.")
    if not older:
        return True
    print(f"Would be replaced by their newer versions, because you have not changed them: {', '.join(older)}.")
    if yes:
        return True
    if sys.stdin.isatty() and input("Replace them? [y/N] ").strip().lower() in ("y", "yes"):
        return True
    print(f'Nothing was replaced. To do it: k8sexpose lessons "{folder}" --update --yes')
    return False


def _tell(folder: Path, lessons: Sequence[object], update: bool) -> None:
    """Print how many files were copied, and how many were not, with the reason."""
    from . import lab

    if folder.exists() and folder.samefile(lab.shipped()):
        print(f"{folder}: these are the lessons themselves.")
        return
    states = [lesson.state for lesson in lessons if isinstance(lesson, lab.Lesson)]
    does = {**lab.ACTIONS, **({"older": "replaced"} if update else {})}
    counted = [f"{states.count(state)} {text}" for state, text in does.items() if state in states]
    print(f"{folder}: {'; '.join(counted)}.")
    if "older" in states and not update:
        print(f'To get the newer versions: k8sexpose lessons "{folder}" --update')


def _add_lab(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", nargs="?", type=Path, metavar="DIR", help="the lessons (default: here, or k8sexpose-lessons)")
    add("--check", action="store_true", help="open nothing: say what is missing, and what mends it")
    add("--port", type=int, help="where to listen (default: the first free port from 8888 on)")
    add("--no-browser", action="store_true", help="print the address only")
    parser.epilog = "What stands behind -- goes to JupyterLab itself: k8sexpose lab -- --ServerApp.ip=0.0.0.0"


def _lab(told: argparse.Namespace) -> int:
    from . import lab

    folder = told.folder or lab.default_folder()
    problems = lab.check(folder, told.port, kernel=told.check)
    for problem in problems:
        _complain(str(problem))
    if problems:
        return UNREADABLE
    try:
        if told.check:
            print(_all_is_there(folder))
            return MADE
        _tell(folder, lab.copy(folder), update=False)
    except lab.LabError as error:
        raise Refused(str(error)) from error
    return lab.open_lab(folder, told.port, not told.no_browser, told.options)


def _all_is_there(folder: Path) -> str:
    """Return what a check found, in three sentences."""
    from . import lab

    there = sum(lesson.state != "missing" for lesson in lab.compare(folder))
    lessons = f"{there} files of the course are in {folder}" if there else f"The lessons will be copied to {folder}"
    return (
        f"Everything is there: Python {sys.version.split()[0]}, {len(lab.needs(extra='lab'))} packages, and a kernel "
        f'that finds k8sexpose {__version__}.\n{lessons}. To open them: k8sexpose lab "{folder}"'
    )


# -- report ------------------------------------------------------------------------------------------------------------


def _add_report(parser: argparse.ArgumentParser) -> None:
    from .report.findings import SEVERITIES

    add = parser.add_argument
    add(
        "dumps",
        nargs="*",
        metavar="DUMP",
        help="files (JSON, YAML, .tar.gz, .tar.xz, .zip), a folder, or - for standard input",
    )
    add("--context", metavar="NAME", help="ask the kubectl on the PATH instead, read only ('' for the current context)")
    add("--namespace", metavar="NS", help="with --context: one namespace only")
    add("--save-dump", metavar="FILE", help="with --context: keep what kubectl gave, as a dump")
    add("-o", "--output", help=f"{', '.join(ENDINGS)} (default: standard output)")
    add("--format", choices=FORMATS, help="of the report (default: by the ending of -o, else markdown)")
    add("--anonymise", "--anonymize", action="store_true", help="replace names and addresses, for sharing")
    _add_assumptions(parser)
    add("--force", action="store_true", help="replace the file of -o, whatever it is")
    add("--fail-on", choices=SEVERITIES, help="exit with 3 if there is such a finding, or a more severe one")


def _add_assumptions(parser: argparse.ArgumentParser) -> None:
    """Add what a report and a difference assume alike."""
    add = parser.add_argument
    add("--provider", help="whose load balancers (default: guessed from spec.providerID)")
    add("--region", help="whose prices (default: guessed from the nodes)")
    add("--utilisation", type=float, default=0.5, help="how busy the average Pod is, 0 to 1 (default: %(default)s)")
    add("--service-ms", type=float, default=10.0, help="mean time for a request in ms (default: %(default)s)")
    add("--workers", type=int, default=1, help="requests that a Pod serves at once (default: %(default)s)")
    add("--gb-per-month", type=float, default=1000.0, help="traffic of all Services (default: %(default)s)")
    add("--prices", help="your own prices (TOML)")


def _report(told: argparse.Namespace) -> int:
    with _refusals(" ".join(told.dumps)):
        made = _review(told)
        _write(made, told, made.summary)
    return _exit_code(made.findings, told.fail_on)


def _exit_code(findings: Sequence[Finding], fail_on: str | None) -> int:
    """Return 3 if there is a finding as severe as was asked for, or more so."""
    from .report.findings import SEVERITIES

    if fail_on is None:
        return MADE
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return FOUND if any(finding.severity in counted for finding in findings) else MADE


@contextlib.contextmanager
def _refusals(source: str) -> Iterator[None]:
    """Raise what reading a dump or writing a report can raise as `Refused`, with the reason."""
    from .api.errors import ApiError, ManifestError

    try:
        yield
    except BrokenPipeError:
        raise
    except (ApiError, ManifestError, ValueError) as error:
        raise Refused(str(error)) from error
    except FileNotFoundError as error:
        raise Refused(str(error) if error.filename is None else f"{error.filename}: {error.strerror}") from error
    except OSError as error:
        raise Refused(f"{error.filename or source}: {error.strerror or error}") from error
    except RecursionError:
        raise Refused("the dump is nested too deeply") from None


def _review(told: argparse.Namespace) -> Review:
    from .report.review import review

    if told.output is not None:
        for dump in told.dumps:
            _check_output(dump, Path(told.output), told.force)
    cluster = _live(told) if told.context is not None else _loaded(told)
    counts = ((len(cluster.nodes), "nodes"), (len(cluster.pods), "Pods"), (len(cluster.services), "Services"))
    with _working(f"reviewing {', '.join(f'{count:,} {noun}' for count, noun in counts)}"):
        return review(cluster, anonymise=told.anonymise, **_assumptions(told))


def _cluster(dump: str) -> Cluster:
    """Read a dump: a file, a folder, or standard input."""
    from .model import Cluster

    source = _standard_input() if dump == "-" else Path(dump)
    try:
        with _working(f"reading {'standard input' if dump == '-' else dump}"):
            return Cluster.from_json(source, provider=None)
    except FileNotFoundError:
        raise Refused(f"{dump}: no such file") from None


def _assumptions(told: argparse.Namespace) -> dict[str, Any]:
    """Return what `review` is told to assume."""
    return {
        "region": told.region, "provider": told.provider, "utilisation": told.utilisation,
        "service_ms": told.service_ms, "workers": told.workers, "gb_per_month": told.gb_per_month,
        "prices": Path(told.prices) if told.prices else None,
    }  # fmt: skip


def _loaded(told: argparse.Namespace) -> Cluster:
    """Read the dumps that are named."""
    from .model import Cluster

    if not told.dumps:
        _complain(f"name a dump, - for standard input, or --context NAME. A dump is made by: {DUMP}")
        raise SystemExit(WRONG)
    if told.namespace or told.save_dump:
        raise Refused("--namespace and --save-dump go with --context")
    if "-" in told.dumps and len(told.dumps) > 1:
        raise Refused("- is standard input, and goes alone")
    if told.dumps == ["-"]:
        given = _standard_input()
        with _working(f"reading {len(given) / 1e6:,.0f} MB"):
            return Cluster.from_json(given, provider=None)
    paths = [Path(dump) for dump in told.dumps]
    for path in paths:
        if not path.exists():
            raise Refused(f"{path}: no such file")
    size = sum(path.stat().st_size for path in paths if path.is_file())
    try:
        with _working(f"reading {size / 1e6:,.0f} MB" if size else "reading"):
            return Cluster.from_json(paths[0] if len(paths) == 1 else paths, provider=None)
    except FileNotFoundError as error:
        raise Refused(str(error)) from None


def _live(told: argparse.Namespace) -> Cluster:
    """Ask the reader's own kubectl; nothing is stored unless it is asked for."""
    from .api.live import ask_kubectl
    from .model import Cluster

    if told.dumps:
        raise Refused("give dumps or --context, not both")
    dump = ask_kubectl(told.context or None, told.namespace, _progress)
    for note in dump.notes:
        _complain(note)
    if told.save_dump:
        target = Path(told.save_dump)
        if target.exists():
            raise Refused(f"{target} exists already; what kubectl gave is not written over it")
        target.write_text(dump.text, encoding="utf-8")
        target.chmod(0o600)
    cluster = Cluster.from_json(list(dump.lists), provider=None)
    cluster.notes = dump.notes
    return cluster


def _progress(line: str) -> None:
    """Say on a terminal what is being done."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


@contextlib.contextmanager
def _working(what: str) -> Iterator[None]:
    """Say on a terminal, from one second on, what is being done and for how long; the line is wiped out at the end."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def tell() -> None:
        line = ""
        for seconds in itertools.count(1):
            if done.wait(1):
                break
            line = f"{what} … {seconds} s"
            print(f"\r{line}", end="", file=sys.stderr, flush=True)
        if line:
            print(f"\r{' ' * len(line)}\r", end="", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _standard_input() -> bytes:
    """Return what comes in: as bytes, so that a byte order mark and UTF-16 are read as in a file."""
    from .api.bundles import MAX_BYTES

    stream = getattr(sys.stdin, "buffer", None)
    data = stream.read(MAX_BYTES + 1) if stream is not None else sys.stdin.read(MAX_BYTES + 1).encode()
    if not data.strip():
        raise Refused("standard input is empty")
    return bytes(data)


def _check_output(dump: str, output: Path, force: bool) -> None:
    """Refuse an output that is the dump, or an existing file that is no report of ours."""
    from .report.writing import is_report

    if output.suffix.lower() not in ENDINGS:
        raise Refused(f"{output}: a report is written as {', '.join(ENDINGS)}")
    if output.exists() and dump != "-" and Path(dump).exists() and output.samefile(dump):
        raise Refused(f"{output} is read by this command: name another file")
    if output.is_dir():
        raise Refused(f"{output} is a folder; name a file in it")
    if not force and output.is_file() and output.stat().st_size and not is_report(output):
        raise Refused(
            f"{output} is there, and is no report of k8sexpose: name another file, or replace it with --force"
        )


def _write(made: Review | Diff, told: argparse.Namespace, summary: str) -> None:
    """Write a report or a difference in the form that was asked for, into a file or on standard output."""
    from datetime import date

    from .report.writing import write_whole

    ending = Path(told.output).suffix.lower() if told.output else ""
    form = told.format or ("html" if ending in HTML else "json" if ending in JSON else "markdown")
    page: str = getattr(made, f"to_{form}")(date.today().isoformat())
    if told.output is None:
        print(page)
        return
    write_whole(Path(told.output), page)
    print(f"{told.output}: {summary}")


# -- diff --------------------------------------------------------------------------------------------------------------


def _add_diff(parser: argparse.ArgumentParser) -> None:
    from .report.findings import SEVERITIES

    add = parser.add_argument
    add("before", help="the dump before the change, or - for standard input")
    add("after", nargs="?", help="the dump after it")
    add("--apply", action="append", default=[], metavar="FILE", help="instead: manifests applied to the first dump")
    add("--format", choices=FORMATS, help="(default: by the ending of -o, else markdown)")
    add("-o", "--output", help=f"{', '.join(ENDINGS)} (default: standard output)")
    add("--force", action="store_true", help="replace the file of -o, whatever it is")
    _add_assumptions(parser)
    add("--fail-on", choices=SEVERITIES, help="exit with 3 if there is a new finding like this, or a more severe one")


def _diff(told: argparse.Namespace) -> int:
    from .report.diff import diff

    if bool(told.after) == bool(told.apply):
        _complain("name two dumps, or one dump and the manifests that change it: --apply FILE")
        return WRONG
    with _refusals(told.before):
        if told.output is not None:
            for dump in filter(None, (told.before, told.after, *told.apply)):
                _check_output(dump, Path(told.output), told.force)
        before = _cluster(told.before)
        after = _cluster(told.after) if told.after else _changed(before, told.apply)
        with _working("comparing the two clusters"):
            made = diff(before, after, **_assumptions(told))
        _write(made, told, made.summary)
    return _exit_code(made.new_findings, told.fail_on)


def _changed(before: Cluster, files: Sequence[str]) -> Cluster:
    """Return a copy to which the manifests of files are applied; what is refused names its file."""
    from .api.errors import ApiError, ManifestError
    from .report.diff import applied

    after = before
    for name in files:
        try:
            after = applied(after, Path(name))
        except (ApiError, ManifestError) as error:
            raise Refused(f"{name}: {error}") from error
    return after


# -- class -------------------------------------------------------------------------------------------------------------


def _add_class(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="files of answers, or folders that hold them")
    add("--names", action="store_true", help="with --csv: the names of the files; without, learners are numbers")
    add("--csv", type=Path, help="write every answer, one a row, into this file")
    add("-o", "--output", type=Path, help=f"write the table and the figure as a page: {', '.join(HTML)}")


def _class(told: argparse.Namespace) -> int:
    from .lessons.class_report import class_report

    if told.output is not None and told.output.suffix.lower() not in HTML:
        raise Refused(f"{told.output}: a page is written as {', '.join(HTML)}")
    try:
        made = class_report(told.files, names=told.names)
        if told.csv is not None:
            made.answers.to_csv(told.csv, index=False)
        if told.output is not None:
            told.output.write_text(made.to_html(), encoding="utf-8")
    except OSError as error:
        raise Refused(str(error)) from error
    print(made)
    return MADE if made.learners else UNREADABLE


COMMANDS = {
    "diff": Command(
        "say what a change does",
        "Compare two dumps of a cluster, or a dump and manifests applied to a copy of it: Services exposed anew or no "
        "more, skew, latency, hops, zones, money, findings that are new or gone. Nothing is applied to a real cluster.",
        _add_diff,
        _diff,
    ),
    "class": Command(
        "say which beliefs a class holds",
        "Read the files k8sexpose-answers.json of a class, judge every answer with the model, and count which beliefs "
        "are behind the first and the last answers. Files that are damaged, foreign, over 1 MB or handed in twice are "
        "left out and named.",
        _add_class,
        _class,
    ),
    "lab": Command(
        "open the lessons in JupyterLab",
        "Copy the lessons where they are missing, check what they need, and open the first one in JupyterLab.",
        _add_lab,
        _lab,
    ),
    "lessons": Command(
        "copy the lessons into a folder",
        "Copy the lessons into a folder. A file that is there is never replaced, unless --update says so; one that "
        "you have changed is not replaced at all.",
        _add_lessons,
        _lessons,
    ),
    "report": Command(
        "review a dump of a cluster",
        f"Review a dump of a cluster, made by: {DUMP}. The dump is read on this machine, nothing is sent; "
        "only the fields that decide about routing are used, Secrets and other kinds are passed over.",
        _add_report,
        _report,
    ),
}

if __name__ == "__main__":
    sys.exit(main())
