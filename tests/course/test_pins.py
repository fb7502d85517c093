"""binder/, constraints.txt, Makefile, CITATION.cff and pyproject.toml say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Binder's image brings these, with what belongs to them.
BROUGHT = {"jupyterlab", "notebook", "ipywidgets"}


def pins(name: str) -> dict[str, str]:
    """Package to version, of those that this Python gets."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    lines = [line.split("#")[0].strip() for line in lines]
    found: dict[str, str] = {}
    for line in filter(None, lines):
        pin = Requirement(line)
        assert re.fullmatch(r"==[A-Za-z0-9_.+!-]+", str(pin.specifier)), f"{name}: not an exact pin: {line}"
        if pin.marker is None or pin.marker.evaluate():
            assert canonicalize_name(pin.name) not in found, f"{name}: two pins for {pin.name}"
            found[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    return found


BINDER, REST = pins("binder/requirements.txt"), pins("constraints.txt")


def requirements(*extras: str) -> list[Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("requirement", requirements("lab", "test"), ids=str)
def test_a_pin_fits_what_the_project_asks_for(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    version = {**REST, **BINDER}.get(name)
    assert version, f"{name} is not pinned"
    assert requirement.specifier.contains(version)


def test_binder_pins_every_dependency_but_what_it_brings() -> None:
    direct = {canonicalize_name(requirement.name) for requirement in requirements()}
    assert direct - BROUGHT <= set(BINDER)
    assert not BROUGHT & set(BINDER)
    assert not set(BINDER) & set(REST), "one place for one pin"


def test_the_site_for_the_browser_has_the_same_widgets() -> None:
    lite = pins("tools/lite-requirements.txt")
    assert {name: lite[name] for name in ("anywidget", "ipywidgets")} == {
        "anywidget": BINDER["anywidget"],
        "ipywidgets": REST["ipywidgets"],
    }


def test_binder_python_is_supported() -> None:
    runtime = (ROOT / "binder/runtime.txt").read_text(encoding="utf-8").strip()
    version = re.fullmatch(r"python-(\d+\.\d+)", runtime)
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]


def test_binder_build_stops_at_an_error() -> None:
    script = ROOT / "binder/postBuild"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "set -euo pipefail" in lines
    assert any("pip install" in line and line.endswith("--no-deps .") for line in lines)


def test_make_asks_for_the_same_python() -> None:
    floor = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["requires-python"])
    assert floor
    assert f"FLOOR = ({floor[1]}, {floor[2]})" in (ROOT / "tools/environment.py").read_text(encoding="utf-8")


def test_one_version() -> None:
    import k8sexpose

    assert k8sexpose.__version__ == PROJECT["version"]
    assert f"\nversion: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
