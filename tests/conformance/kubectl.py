"""Compare the model with recorded sessions of a real kubectl against a real kube-apiserver.

Usage: ``python tests/conformance/kubectl.py FILE`` prints every disagreement, then ``agree N of M, K left out``, and
exits with 1 unless N = M. The file has the form of kubectl-sessions.json beside this script. The runner reads the
commands of a row, runs them by `k8sexpose.kubectl.run`, and compares what is printed; it knows no answer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import json

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.conformance.report import Report, main

Row = dict[str, Any]

UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
# A quote may be escaped, once for each text that it is quoted in.
QUOTE = r"\\*\""
SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]{5}"
AGE = r"(?:\d+[smhdy]){1,2}"


@dataclass
class Masks:
    """Replaces random values by names in the order of their appearance, across the steps of one session.

    A value is random if no question holds it and it lies where automatic picks come from: node ports from 30086
    (dry runs: 32768) on, cluster IPs from 10.96.1.1 on, the five letters behind a generateName. What the server notes
    about an object (uid, resourceVersion, managedFields) is taken out of printed objects. Times become one word.
    """

    questions: str = ""
    names: dict[str, str] = field(default_factory=dict)

    def ask(self, step: Row) -> None:
        """Take up what a step says itself."""
        given = step["stdin"]
        texts = given["sub"] if isinstance(given, dict) else [given]
        self.questions += f"\n{json.dumps(step['args'])}\n" + "\n".join(map(str, texts))

    def text(self, text: str) -> str:
        """Mask a printed text."""
        text = re.sub(rf"{QUOTE}managedFields{QUOTE}:\[.*?\](?:,|(?=\}}))", "", text)
        for pattern in (
            rf"{QUOTE}uid{QUOTE}:{QUOTE}({UUID}){QUOTE},?",
            rf"{QUOTE}resourceVersion{QUOTE}:{QUOTE}(\d+){QUOTE},?",
            rf"(?m)^ *\"?uid\"?: \"?({UUID})\"?,?\n",
            r"(?m)^ *\"?resourceVersion\"?: \"(\d+)\",?\n",
        ):
            text = re.sub(pattern, lambda match: match[0] if self._asked(match[1]) else "", text)
        text = re.sub(r",(\s*})", r"\1", text)
        text = re.sub(UUID, lambda match: match[0] if self._asked(match[0]) else self._name("uid", match[0]), text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>", text)
        text = re.sub(r"10\.96\.\d+\.\d+", lambda match: self._ip(match[0]), text)
        text = re.sub(r"(?<![\d.-])3[0-2]\d{3}(?![\d.])", lambda match: self._port(match[0]), text)
        for prefix in set(re.findall(r"generateName\W+([\w.-]+)", self.questions)):
            text = re.sub(rf"{re.escape(prefix)}{SUFFIX}\b", lambda match: self._name("name", match[0]), text)
        return text

    def _asked(self, text: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", self.questions) is not None

    def _ip(self, text: str) -> str:
        first_of_all = int(text.split(".")[2]) == 0
        return text if self._asked(text) or first_of_all else self._name("ip", text)

    def _port(self, text: str) -> str:
        return text if self._asked(text) or not 30086 <= int(text) <= 32800 else self._name("port", text)

    def _name(self, kind: str, text: str) -> str:
        known = sum(name.startswith(f"<{kind}") for name in self.names.values())
        return self.names.setdefault(text, f"<{kind}-{known + 1}>")


def layout(text: str, verb: str) -> str:
    """Take out what depends on the clock and the random values: ages and widths; no controller fills Endpoints."""
    if verb == "describe":
        return re.sub(r"(?m)^(Endpoints:) .*$", r"\1", text)
    if verb != "get" or not re.match(r"\S+ {3}", text):
        return text
    lines = [re.split(r" {3,}", line) for line in text.split("\n")]
    return "\n".join(" | ".join("<age>" if re.fullmatch(AGE, cell) else cell for cell in line) for line in lines)


def lines_up(text: str) -> bool:
    """Return True if every column of a table begins at the same place in all of its lines."""
    starts = {tuple(match.start() for match in re.finditer(r"(?<= {3})\S", line)) for line in text.splitlines()}
    return len(starts) <= 1


def session(row: Row) -> Iterator[str]:
    """Run the commands of a row on one cluster, and yield every difference."""
    cluster = kx.Cluster(nodes=[], provider=None, namespaces={"default", row.get("namespace", "default")})
    model, real = Masks(), Masks()
    where = ["-n", row["namespace"]] if "namespace" in row else []
    printed: list[str] = []
    for number, step in enumerate(row["steps"]):
        args, given = step["args"], step["stdin"]
        if isinstance(given, dict):
            stdin = printed[given["from"]]
            for pattern, new in given["sub"]:
                stdin = re.sub(pattern, new, stdin)
        else:
            stdin = given
        done = run(cluster, [*where, *args], stdin)
        printed.append(done.stdout)
        model.ask(step)
        real.ask(step)
        got = {"rc": done.rc, "stdout": done.stdout, "stderr": done.stderr}
        for part in ("rc", "stdout", "stderr"):
            ours, theirs = got[part], step["real"][part]
            if part != "rc":
                ours, theirs = (layout(masks.text(text), args[0]) for masks, text in ((model, ours), (real, theirs)))
            if ours != theirs:
                yield f"step {number}, {' '.join(args)}: {part}\n      model {ours!r}\n      real  {theirs!r}"
        if args[0] == "get" and layout(done.stdout, "get") != done.stdout and not lines_up(done.stdout):
            yield f"step {number}, {' '.join(args)}: columns do not line up:\n{done.stdout}"


def left_out(row: Row) -> str | None:
    """Return why the model does not try to answer a row: see KNOWN_DIFFERENCES.md, section kubectl."""
    return None


def check_file(path: Path) -> Report:
    """Check every session of a file."""
    report = Report()
    for row in json.loads(path.read_text())["rows"]:
        if reason := left_out(row):
            report.left_out.append(f"{row['id']}: {reason}")
        else:
            report.add(row["id"], "\n    ".join(session(row)))
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv, check_file))
