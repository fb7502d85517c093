"""What leaves the clone: addresses in the README, copies for Colab, the wheel, the dev container, the workflow."""

from __future__ import annotations

import fnmatch
import io
import json
import re
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # as when the tool is run

import colab  # noqa: E402
import publish  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(r"YOUR[-_]|your[-_]org|<owner>|\bOWNER/|//example\.|\.example\b|\bTODO\b|localhost")


def addresses(text: str) -> list[str]:
    return re.findall(r"https?://[^\s)\"'`>]+", text)


def test_the_readme_names_no_placeholder() -> None:
    assert not [address for address in addresses(README) if PLACEHOLDER.search(address)]
    assert PLACEHOLDER.search("https://mybinder.org/v2/gh/YOUR-ORG/k8sexpose/v0.1.0")


def test_one_command_writes_the_addresses() -> None:
    text = publish.readme(README, publish.Home("acme", "course"))
    for part in (
        "mybinder.org/v2/gh/acme/course/v", "colab.research.google.com/github/acme/course/blob/v",
        "codespaces.new/acme/course", "acme.github.io/course/lite/lab/index.html", 'uvx --from "k8sexpose[lab]" k8sexpose lab',
    ):  # fmt: skip
        assert part in text
    assert not [address for address in addresses(text) if PLACEHOLDER.search(address)]
    other = publish.readme(text, publish.Home("other", index="https://pypi.acme.org/simple"))
    assert "acme/course" not in other and "--index https://pypi.acme.org/simple" in other
    assert "git+https://github.com/other/k8sexpose" in publish.readme(other, publish.Home("other", index="none"))
    assert publish.readme(other, None) == publish.readme(README, None)


def test_it_writes_the_addresses_of_the_package_too() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "urls" not in PROJECT["project"], "the repository has no home yet, and names none"
    home = publish.Home("acme", "course")
    there = tomllib.loads(publish.project(text, home))["project"]
    assert there["urls"]["Source"] == "https://github.com/acme/course" and there["readme"] == "docs/PYPI.md"
    assert there["urls"]["Homepage"] == "https://acme.github.io/course"
    assert not [address for address in there["urls"].values() if PLACEHOLDER.search(address)]
    other = publish.project(publish.project(text, home), publish.Home("other"))
    assert "acme" not in other and publish.project(other, None) == text


def test_who_cites_is_led_home() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["version"] == PROJECT["project"]["version"]
    there = yaml.safe_load(publish.citation(text, publish.Home("acme", "course")))
    assert there["repository-code"] == "https://github.com/acme/course"
    assert there["url"] == "https://acme.github.io/course"
    assert publish.citation(publish.citation(text, publish.Home("acme")), None) == text


def test_a_release_is_refused_without_its_own_addresses_and_version() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    said = "\n".join(step.get("run", "") for step in workflow["jobs"]["build"]["steps"])
    assert said.index("tools/publish.py") < said.index("git status --porcelain") < said.index("python -m build")
    assert 'test "v$version" = "$GITHUB_REF_NAME"' in said


def test_the_index_gets_links_that_lead_somewhere_from_anywhere() -> None:
    text = publish.long_description(README, publish.Home("acme", "course"))
    assert not re.findall(r"\]\((?!https?:|#|mailto:)", text) and 'src="docs' not in text
    assert f"https://github.com/acme/course/blob/v{publish.VERSION}/CONTRIBUTING.md" in text


def test_the_issue_forms_ask_for_lesson_and_cell() -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/unclear.yml").read_text(encoding="utf-8"))
    asked = {field["id"]: field for field in form["body"]}
    assert asked["lesson"]["validations"]["required"] and asked["cell"]["validations"]["required"]


@pytest.mark.parametrize("words", [("a/b",), ("a b",), ("a", "b'c"), ("a", "b", "ftp://x"), ("a", "b", "https://x y")])
def test_a_wrong_address_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="is no"):
        publish.Home(*words)


def test_the_start_fits_one_screen() -> None:
    """Forty lines from the title to the command that opens the first lesson, and it comes first."""
    assert README.splitlines().index("make lab     # sets everything up and opens the lessons in JupyterLab") < 10


def test_copies_for_colab(tmp_path: Path) -> None:
    written = colab.write(tmp_path, "k8sexpose==9.9")
    assert [path.name for path in written] == [path.name for path in colab.lessons()]
    for path, lesson in zip(written, colab.lessons(), strict=True):
        copy, original = (nbformat.read(name, as_version=4) for name in (path, lesson))
        nbformat.validate(copy)
        assert '%pip install --quiet "k8sexpose==9.9"' in copy.cells[1].source
        assert [cell.source for cell in copy.cells[:1] + copy.cells[2:]] == [cell.source for cell in original.cells]


def test_the_installing_cell_does_nothing_where_the_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    asked: list[str] = []
    shell.register_magic_function(asked.append, "line", "pip")
    cell = colab.INSTALL.format(requirement="k8sexpose==9.9")
    assert shell.run_cell(cell).success and asked == []
    monkeypatch.setitem(sys.modules, "k8sexpose", None)
    with monkeypatch.context() as patch:
        patch.setattr("builtins.__import__", _without_ours(__import__))
        assert shell.run_cell(cell).success
    assert asked == ['install --quiet "k8sexpose==9.9"']


def _without_ours(real: object) -> object:
    def imported(name: str, *rest: object) -> object:
        if name == "k8sexpose":
            raise ModuleNotFoundError(name, name=name)
        return real(name, *rest)  # type: ignore[operator]

    return imported


def test_the_wheel_is_small_and_holds_no_answers() -> None:
    target = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    packed = io.BytesIO()
    names = []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for pattern in target["include"]:
            wanted = pattern.lstrip("/") + ("/*" if (ROOT / pattern.lstrip("/")).is_dir() else "")
            for path in (ROOT / wanted.split("/")[0]).rglob("*"):
                name = path.relative_to(ROOT).as_posix()
                if path.is_file() and fnmatch.fnmatch(name, wanted) and "__pycache__" not in name:
                    archive.write(path, name)
                    names.append(name)
    assert len(packed.getvalue()) <= 2_000_000
    assert {path.relative_to(ROOT).as_posix() for path in colab.lessons()} <= set(names)
    assert "k8sexpose/__init__.pyi" in names and "notebooks/GLOSSARY.md" in names
    facts = ROOT.glob("k8sexpose/data/facts/*.toml")
    assert {path.relative_to(ROOT).as_posix() for path in facts} <= set(names)
    assert not [name for name in names if re.search(r"instructor|solutions|ANSWERS|answers\.json", name)]


def test_the_dev_container_uses_the_same_script() -> None:
    settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert settings["postCreateCommand"].startswith("python3 tools/environment.py")


def test_the_workflow_tries_every_system() -> None:
    workflow = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    for word in ("windows-2025", "macos-15", "k8sexpose lab --check", "tools/colab-requirements.txt", '"3.15"'):
        assert word in workflow, word
