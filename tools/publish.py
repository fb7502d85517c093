"""Write the addresses of the published course into README, pyproject.toml and CITATION.cff, and copies for Colab.

    python tools/publish.py OWNER [--repository NAME] [--index pypi|none|URL]
    python tools/publish.py --nowhere    take them out again

OWNER is the account or organisation on GitHub. Until somebody runs this, the README names no address: a badge that
leads nowhere is worse than none. `tests/course/test_publish.py` fails where an address is a placeholder. The index
shows docs/PYPI.md: the README, whose links lead into the repository from anywhere.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from dataclasses import dataclass
from urllib.parse import quote

from colab import ROOT, VERSION, write

README, COPIES = ROOT / "README.md", ROOT / "colab"
PROJECT, LONG = ROOT / "pyproject.toml", ROOT / "docs" / "PYPI.md"
CITATION = ROOT / "CITATION.cff"
BEGIN, END = "<!-- addresses: tools/publish.py writes what follows -->", "<!-- end of addresses -->"
NOWHERE = (
    "This repository has no public home yet. `python tools/publish.py OWNER` writes the lines for an index, and the "
    "badges for Binder, Colab, Codespaces and JupyterLite, here."
)
TOML_BEGIN, TOML_END = "# addresses: tools/publish.py writes what follows\n", "# end of addresses"
TOML_NOWHERE = "# (This repository has no public home yet.)\n"
FIRST = "00_start_here.ipynb"


@dataclass(frozen=True)
class Home:
    """Where the course is published: owner and name of the repository, and the index of packages."""

    owner: str
    repository: str = "k8sexpose"
    index: str = "pypi"

    def __post_init__(self) -> None:
        for name in (self.owner, self.repository):
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
                raise ValueError(f"{name!r} is no name on GitHub")
        if self.index not in ("pypi", "none") and not re.fullmatch(r"https://[^\s\"'`]+", self.index):
            raise ValueError(f"{self.index!r} is no index: say pypi, none, or an address that begins with https://")

    @property
    def slug(self) -> str:
        return f"{self.owner}/{self.repository}"

    @property
    def requirement(self) -> str:
        """What pip is told: a release on PyPI, or this version of the repository."""
        return f"k8sexpose=={VERSION}" if self.index == "pypi" else f"git+https://github.com/{self.slug}@v{VERSION}"

    @property
    def url(self) -> str:
        """The repository."""
        return f"https://github.com/{self.slug}"

    @property
    def site(self) -> str:
        """The pages that the workflow publishes."""
        return f"https://{self.owner.lower()}.github.io/{quote(self.repository)}"

    def urls(self) -> str:
        """The table of addresses in pyproject.toml."""
        named = {
            "Homepage": self.site,
            "Documentation": f"{self.site}/api/k8sexpose.html",
            "Source": self.url,
            "Issues": f"{self.url}/issues",
            "Changelog": f"{self.url}/blob/v{VERSION}/CHANGELOG.md",
        }
        return "\n".join(["[project.urls]", *(f'{name} = "{address}"' for name, address in named.items())]) + "\n"

    def block(self) -> str:
        """The lines of the README."""
        lab = "k8sexpose[lab]" if self.index != "none" else f"k8sexpose[lab] @ git+https://github.com/{self.slug}"
        uv = f" --index {self.index}" if self.index.startswith("https:") else ""
        pip = f" --extra-index-url {self.index}" if self.index.startswith("https:") else ""
        badges = [
            ("launch", "Binder", "579ACA", f"https://mybinder.org/v2/gh/{self.slug}/v{VERSION}?urlpath=lab/tree/notebooks/{FIRST}"),
            ("open", "Colab", "F9AB00", f"https://colab.research.google.com/github/{self.slug}/blob/v{VERSION}/colab/{FIRST}"),
            ("open", "Codespaces", "24292F", f"https://codespaces.new/{self.slug}"),
            ("open", "JupyterLite", "F37726", f"{self.site}/lite/lab/index.html?path={FIRST}"),
        ]  # fmt: skip
        return "\n".join(
            (
                "Without a clone, on Linux, macOS and Windows:",
                "",
                "```sh",
                f'uvx{uv} --from "{lab}" k8sexpose lab',
                f'pip install{pip} "{lab}" && k8sexpose lab',
                "```",
                "",
                "With nothing installed:",
                "",
                *(
                    f"[![{name}](https://img.shields.io/badge/{verb}-{name}-{color})]({address})"
                    for verb, name, color, address in badges
                ),
                "",
                "Binder runs the lessons on a shared machine, some minutes after the click: for trying, not for a "
                "class of two hundred. JupyterLite runs them in the reader's own browser, any number of them.",
            )
        )


def readme(text: str, home: Home | None) -> str:
    """The README with the addresses of a home, or with none."""
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:start]}\n{home.block() if home else NOWHERE}\n{text[end:]}"


def project(text: str, home: Home | None) -> str:
    """pyproject.toml with the addresses of a home, or with none."""
    start, end = text.index(TOML_BEGIN) + len(TOML_BEGIN), text.index(TOML_END)
    shown = "docs/PYPI.md" if home else "README.md"
    written = f"{text[:start]}{home.urls() if home else TOML_NOWHERE}{text[end:]}"
    return re.sub(r'(?m)^readme = ".*"$', f'readme = "{shown}"', written)


def citation(text: str, home: Home | None) -> str:
    """CITATION.cff with the addresses of a home, or with none; its comments are those of pyproject.toml."""
    start, end = text.index(TOML_BEGIN) + len(TOML_BEGIN), text.index(TOML_END)
    written = f'url: "{home.site}"\nrepository-code: "{home.url}"\n' if home else TOML_NOWHERE
    return f"{text[:start]}{written}{text[end:]}"


def long_description(text: str, home: Home) -> str:
    """The README for an index: every link and picture by its whole address."""
    page, raw = f"{home.url}/blob/v{VERSION}/", f"https://raw.githubusercontent.com/{home.slug}/v{VERSION}/"
    text = re.sub(r"\]\((?!https?:|#|mailto:)([^)]+)\)", rf"]({page}\1)", text)
    return re.sub(r'src="(?!https?:|data:)([^"]+)"', rf'src="{raw}\1"', text)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("owner", nargs="?", metavar="OWNER")
    parser.add_argument("--repository", default="k8sexpose", metavar="NAME")
    parser.add_argument("--index", default="pypi", help="pypi, none, or the address of an index")
    parser.add_argument("--nowhere", action="store_true", help="take the addresses out")
    told = parser.parse_args(argv)
    if told.nowhere == bool(told.owner):
        parser.error("name the OWNER, or say --nowhere")
    try:
        home = None if told.nowhere else Home(told.owner, told.repository, told.index)
    except ValueError as error:
        parser.error(str(error))
    text = readme(README.read_text(encoding="utf-8"), home)
    README.write_text(text, encoding="utf-8", newline="\n")
    for path, changed in ((PROJECT, project), (CITATION, citation)):
        path.write_text(changed(path.read_text(encoding="utf-8"), home), encoding="utf-8", newline="\n")
    if home:
        LONG.write_text(long_description(text, home), encoding="utf-8", newline="\n")
    else:
        LONG.unlink(missing_ok=True)
    shutil.rmtree(COPIES, ignore_errors=True)
    written = write(COPIES, home.requirement) if home else []
    print(f"README.md: {home.slug if home else 'no addresses'}; colab/: {len(written)} notebooks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
