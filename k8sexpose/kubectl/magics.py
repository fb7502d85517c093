"""``%kubectl``, ``%%kubectl``, ``%curl`` and ``%ssh``: the commands of a terminal, in a notebook.

They act on the variable ``cluster`` of the notebook, or on ``--cluster NAME``; they print what the real programs print
and never raise, so that a lesson runs to its end also where the API server says no.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from .._display import visible
from ..model import Cluster
from .curl import curl
from .result import Completed
from .run import run
from .ssh import ssh

__all__ = ["ClusterMagics", "load"]

VARIABLE = "cluster"
# A name in braces, or behind a dollar sign. JSON has a quote or a blank behind its brace, and stays as it is.
INSERTED = re.compile(r"\{[A-Za-z_][^{}\"':]*\}|\$[A-Za-z_]\w*")
# What keeps the place of a value, or of a backslash, while the line is split: no command line holds a NUL.
KEPT = re.compile("\0([0-9]+)\0")


def load(shell: InteractiveShell) -> None:
    """Make the magics known to a notebook; ``%load_ext k8sexpose`` calls this.

    Parameters
    ----------
    shell : InteractiveShell
        The notebook's IPython.
    """
    shell.register_magics(ClusterMagics)


@magics_class
class ClusterMagics(Magics):
    """The magics, bound to one notebook."""

    @no_var_expand
    @line_cell_magic
    def kubectl(self, line: str, cell: str | None = None) -> None:
        """Run kubectl; the rest of the cell is what ``-f -`` reads."""
        self._act(line, lambda cluster, words: run(cluster, words, cell or ""))

    @no_var_expand
    @line_magic
    def curl(self, line: str) -> None:
        """Ask a URL, from outside or with ``--client pod/NAME``."""
        self._act(line, curl)

    @no_var_expand
    @line_magic
    def ssh(self, line: str) -> None:
        """Show kube-proxy's rules on a node: ``%ssh node-2 iptables-save -t nat``."""
        self._act(line, ssh)

    def _act(self, line: str, act: Callable[[Cluster, Sequence[str]], Completed]) -> None:
        shell = self.shell
        if shell is None:  # made by hand, outside IPython
            return
        try:
            name, words = variable(split(line, shell.ev))
        except ValueError as error:  # an unclosed quote
            show(Completed(2, "", f"error: {error}\n"))
            return
        found = choose(name, shell.user_ns)
        show(act(found, words) if isinstance(found, Cluster) else Completed(2, "", found))


def split(line: str, evaluate: Callable[[str], Any], windows: bool = os.name == "nt") -> list[str]:
    r"""Return the words of a line, with the values of ``{name}`` and ``$name`` in them.

    The line is split as a shell does, then the values are put in: a path with blanks, quotes or backslashes stays one
    word. JSON, and a name that Python does not know, stay as they are. On Windows a backslash separates folders, and
    quotes nothing but a double quote.

    Examples
    --------
    >>> values = {"file": r"C:\My Course\web.yaml", "port": 80}
    >>> split("apply -f {file} --port=$port {nope}", values.__getitem__)
    ['apply', '-f', 'C:\\My Course\\web.yaml', '--port=80', '{nope}']
    """
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\0{len(kept) - 1}\0"

    def value(match: re.Match[str]) -> str:
        try:
            return keep(str(evaluate(match[0].strip("{}$"))))
        except Exception:  # whatever Python has against it: then it is no name, and stays
            return match[0]

    line = INSERTED.sub(value, line.replace("\0", "\ufffd"))
    if windows:
        line = re.sub(r'\\(?!")', lambda match: keep(match[0]), line)
    return [KEPT.sub(lambda match: kept[int(match[1])], word) for word in shlex.split(line)]


def variable(words: Sequence[str]) -> tuple[str, list[str]]:
    """Take ``--cluster NAME`` out of the words.

    Examples
    --------
    >>> variable(["get", "svc", "--cluster", "mine"])
    ('mine', ['get', 'svc'])
    """
    name, rest, waiting = VARIABLE, [], iter(words)
    for word in waiting:
        if word == "--cluster":
            name = next(waiting, "")
        elif word.startswith("--cluster="):
            name = word.partition("=")[2]
        else:
            rest.append(word)
    return name, rest


def choose(name: str, namespace: Mapping[str, Any]) -> Cluster | str:
    r"""Return the cluster of this name, or a sentence that says what to do.

    Examples
    --------
    >>> choose("cluster", {"cluster": 3})
    'The variable cluster is no Cluster but of type int: say which one with --cluster NAME.\n'
    """
    if name not in namespace:
        there = [known for known, value in namespace.items() if isinstance(value, Cluster) and known[:1] != "_"]
        other = f", or say --cluster {there[0]}" if there else ""
        wanted = f"There is no variable {name or 'name'!r}: run the cell that makes it"
        return f"{wanted}, or make one with  cluster = kx.Cluster(){other}.\n"
    found = namespace[name]
    if not isinstance(found, Cluster):
        kind = type(found).__name__
        return f"The variable {name} is no Cluster but of type {kind}: say which one with --cluster NAME.\n"
    return found


def show(completed: Completed) -> None:
    """Print both outputs as plain text; a control character shows as its escape."""
    # One stream for both, as with ! in a notebook: an answer of the server is no fault of the page.
    for text in filter(None, (completed.stdout, completed.stderr)):
        print(visible(text), end="", flush=True)
