"""What editors, type checkers, completion and `help` see of the public names."""

from __future__ import annotations

import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import k8sexpose

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_stub_agrees_with_the_table() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate/stub.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_type_checker_knows_the_names(tmp_path: Path) -> None:
    """Without the stub every name would be Any, and nothing here an error."""
    probe = tmp_path / "probe.py"
    lines = (
        "import k8sexpose as kx",
        "cluster: kx.Cluster = kx.Cluster(nodes=3)",
        "route: kx.Route = kx.send(cluster, 'web')",
        "kx.sned(cluster, 'web')",
        "kx.plot_bill(3)",
        "kx.flow(3, 'web')",
        "kx.wait_ms(0.5, 10)",
    )
    probe.write_text("\n".join(lines))
    # From the root, with the settings of the project: what `make types` has learnt is used again.
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(probe)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = [(int(line.split(":")[1]), line) for line in done.stdout.splitlines() if "error:" in line]
    assert [number for number, _ in found] == [4, 5, 6, 7], done.stdout
    assert '"sned"' in found[0][1] and '"Bill"' in found[1][1] and '"Cluster"' in found[2][1]


def test_completion_offers_the_public_names_and_nothing_else() -> None:
    assert [name for name in k8sexpose.__dir__() if not name.startswith("_")] == k8sexpose.__all__
    assert k8sexpose.__all__[0] == "Cluster"


def test_help_begins_with_first_steps() -> None:
    page = pydoc.plain(pydoc.render_doc(k8sexpose)).splitlines()[:30]
    text = "\n".join(page)
    steps = ("kx.Cluster(nodes=3)", "cluster.deploy(", "cluster.apply(", "kx.send(", "%load_ext k8sexpose")
    assert all(step in text for step in steps)
