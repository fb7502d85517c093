"""Build the course for JupyterLite: static files, and every reader's browser is the machine.

    python tools/lite.py [FOLDER]      (default: build/lite)
    python tools/lite.py --pyodide DISTRIBUTION [FOLDER]

Run by `make lite` in an environment of its own (tools/lite-requirements.txt). In the site: a page with the lessons, the
student notebooks, the glossary, our wheel, and the wheels that Pyodide's distribution lacks. The reader's browser loads
Python itself with numpy, pandas, matplotlib and PyYAML from Pyodide's own host; what a folder DISTRIBUTION has of
Pyodide goes into the site and is loaded from there instead, for a class without the internet.

Into a folder `lite` of the site that `make site` builds, links lead both ways.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import string
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import lite_links
import lite_lock
from lite_lock import EARLY, PYODIDE

ROOT = Path(__file__).resolve().parent.parent
STUDENTS = ROOT / "notebooks"
PAGES = ROOT / "tools/lite_pages"
# What ipywidgets and anywidget need and Pyodide lacks.
EXTRA = ("anywidget", "psygnal", "ipywidgets", "comm")
# JupyterLab, Notebook 7 for narrow screens, and where the links of the latter lead.
APPS = ("lab", "notebooks", "tree", "edit")
KERNEL = "@jupyterlite/pyodide-kernel-extension"
CORE = ("pyodide.mjs", "pyodide.asm.*js", "pyodide.asm.wasm", "python_stdlib.zip")
RUNTIME = Path("static/pyodide")
# As light or dark as the reader's browser, like the pages of the site.
LOOKS = {"@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}}


def notebooks_in(folder: Path) -> list[Path]:
    """The lessons, then the leaflets; tools/notebooks.py says it too, and needs nbgrader, which is not here."""
    return [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("leaflets/*.ipynb"))]


def pins() -> dict[str, str]:
    names = ("constraints.txt", "binder/requirements.txt")
    lines = [line for name in names for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return dict(line.split("==") for line in lines if re.fullmatch(r"[\w.-]+==[\w.]+", line))


# --- what goes in ---------------------------------------------------------------------------------------------------


def version(path: Path) -> str:
    """What a published lesson is told by from earlier ones."""
    return sha256(path.read_bytes()).hexdigest()[:12]


def lesson(path: Path) -> str:
    """A lesson that says which version it is: a reader's copy says so too, however it was changed."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    nb["metadata"]["k8sexpose"] = {"version": version(path)}
    return json.dumps(nb, ensure_ascii=False, indent=1) + "\n"


def write_contents(folder: Path) -> None:
    """The files that a reader finds in JupyterLite."""
    for path in notebooks_in(STUDENTS):
        copied = folder / path.relative_to(STUDENTS)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_text(lesson(path), encoding="utf-8", newline="\n")
    shutil.copy(STUDENTS / "GLOSSARY.md", folder)


def fetch_wheels(folder: Path) -> None:
    """Our wheel, and those that Pyodide lacks."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, ROOT], check=True)
    pinned = pins()
    wanted = [f"{name}=={pinned[name]}" for name in EXTRA]
    subprocess.run([*pip, "download", "--no-deps", *lite_lock.PURE, "-d", folder, *wanted], check=True)
    impure = [path.name for path in folder.iterdir() if not path.name.endswith("-none-any.whl")]
    if impure:
        raise ValueError(f"not pure Python, so not for the browser: {', '.join(impure)}")


def configuration(own_runtime: bool) -> dict[str, Any]:
    """What JupyterLite is told: which Python, what to load early, and to let our sign see how far it is."""
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "k8sexpose",
            "exposeAppInBrowser": True,
            "litePluginSettings": {
                f"{KERNEL}:kernel": {
                    "pyodideUrl": f"./{RUNTIME}/pyodide.mjs" if own_runtime else f"{lite_lock.HOST}pyodide.mjs",
                    "loadPyodideOptions": {
                        "lockFileURL": f"./{RUNTIME}/pyodide-lock.json",
                        "packages": list(EARLY),
                    },
                }
            },
        },
    }


# --- what the site gets after JupyterLite has been built ------------------------------------------------------------


def add_packages(site: Path, wheels: Path, distribution: Path | None) -> None:
    """The lock file, and every wheel that it names as ours."""
    runtime = site / RUNTIME
    runtime.mkdir(parents=True)
    kernel = sorted((site / "extensions" / KERNEL / "static/pypi").glob("*.whl"))  # the newest of a name comes last
    places = {wheel: f"../../{wheel.relative_to(site).as_posix()}" for wheel in kernel}
    for wheel in sorted(wheels.glob("*.whl")):
        places[Path(shutil.copy(wheel, runtime))] = wheel.name
    theirs = lite_lock.part(json.loads((distribution / "pyodide-lock.json").read_text())) if distribution else None
    lock = lite_lock.made(places, theirs)
    if distribution:
        for pattern in CORE:
            (path,) = distribution.glob(pattern)
            shutil.copy(path, runtime)
        for one in lock["packages"].values():
            name = one["file_name"].removeprefix(lite_lock.HOST)
            if (distribution / name).is_file():
                copied = Path(shutil.copy(distribution / name, runtime))
                one |= {"file_name": name, "sha256": sha256(copied.read_bytes()).hexdigest()}
    (runtime / "pyodide-lock.json").write_text(lite_lock.text(lock), encoding="utf-8", newline="\n")


def template(name: str) -> string.Template:
    return string.Template((PAGES / name).read_text(encoding="utf-8"))


def first_words(path: Path) -> tuple[str, str]:
    """The title of a lesson, and the question that it asks."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    first = "".join(nb["cells"][0]["source"]).partition("\n## ")[0]
    title, _, rest = first.partition("\n")
    asked = re.findall(r"\*\*([^*]+\?)\*\*", rest) or re.findall(r"[^.?!]+\?", rest)
    return title.lstrip("# "), " ".join(asked[-1].replace("*", "").split()) if asked else ""


def item(path: Path) -> str:
    """A lesson in the list; lessons.js adds what it finds of the reader's own."""
    name = path.relative_to(STUDENTS).as_posix()
    title, asked = map(html.escape, first_words(path))
    number = re.match(r"\d+", path.name)
    title = f"{int(number[0])}. {title}" if number else title
    link = f'<b><a href="lab/index.html?path={name}">{title}</a></b>'
    return f'<li data-path="{name}" data-version="{version(path)}">{link}{asked}<div class="mine"></div></li>'


# Where Python comes from, for readers whose browser cannot load it.
BLOCKED = "your network may block <code>cdn.jsdelivr.net</code>, from which Python comes; try another network."
NOT_SERVED = "tell whoever runs this site: Python comes from there too."


def add_pages(site: Path, own_runtime: bool) -> None:
    """The page with the lessons, and the sign that JupyterLite's own pages show while they load."""
    shutil.copytree(PAGES, site / "kx", ignore=shutil.ignore_patterns("*.html"))
    lists = {}
    for key, paths in (("lessons", STUDENTS.glob("*.ipynb")), ("leaflets", STUDENTS.glob("leaflets/*.ipynb"))):
        items = "\n".join(item(path) for path in sorted(paths))
        lists[key] = f'<ul class="lessons">\n{items}\n</ul>'
    blocked = NOT_SERVED if own_runtime else BLOCKED
    beside = (site.parent / "index.html").is_file()
    header = '<header><nav aria-label="Pages"><a href="../index.html">The course as pages</a></nav></header>'
    style = (ROOT / "tools/pages.css").read_text(encoding="utf-8")
    words = {"style": style, "header": header if beside else "", "blocked": blocked}
    page = template("lessons.html").substitute(lists | words)
    (site / "index.html").write_text(page, encoding="utf-8", newline="\n")
    sign = template("waiting.html").substitute(blocked=blocked)
    for app in APPS:
        place = site / app / "index.html"
        page, count = re.subn(r"<body[^>]*>", lambda body: f"{body[0]}\n{sign}", place.read_text(encoding="utf-8"))
        if count != 1:
            raise ValueError(f"{place}: no place for the sign that Python is starting")
        place.write_text(page, encoding="utf-8", newline="\n")


def problems(site: Path) -> list[str]:
    """What makes the site unfit to publish: another Pyodide than we test with, links and packages that are nowhere."""
    found = lite_links.dead(site)
    lock = json.loads((site / RUNTIME / "pyodide-lock.json").read_text(encoding="utf-8"))
    found += [
        f"{name} is to be loaded early, and the lock file lacks it" for name in EARLY if name not in lock["packages"]
    ]
    scripts = (site / "extensions" / KERNEL / "static").glob("*.js")
    texts = [path.read_text(encoding="utf-8") for path in scripts]
    built_for = {name for text in texts for name in re.findall(r"/pyodide/v([\w.]+)/full", text)}
    if built_for != {PYODIDE}:
        names = ", ".join(sorted(built_for)) or "none"
        found.append(
            f"JupyterLite's kernel was made for Pyodide {names}, and we test with {PYODIDE}: "
            "change PYODIDE in tools/lite_lock.py, then run it"
        )
    return found


def build(site: Path, distribution: Path | None = None) -> list[str]:
    """Build the site; return what makes it unfit to publish."""
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        write_contents(base / "contents")
        fetch_wheels(base / "wheels")
        settings = json.dumps(configuration(distribution is not None))
        (base / "jupyter-lite.json").write_text(settings, encoding="utf-8")
        (base / "overrides.json").write_text(json.dumps(LOOKS), encoding="utf-8")
        shutil.rmtree(site, ignore_errors=True)
        options = [f"--contents={base / 'contents'}", f"--output-dir={site}", "--no-sourcemaps"]
        apps = [f"--apps={app}" for app in APPS]
        subprocess.run([sys.executable, "-m", "jupyter", "lite", "build", *options, *apps], cwd=base, check=True)
        add_packages(site, base / "wheels", distribution)
    add_pages(site, distribution is not None)
    return problems(site)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pyodide", type=Path, help="a folder with Pyodide's distribution, or a part of it")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build/lite")
    options = parser.parse_args(argv)
    found = build(options.folder.resolve(), options.pyodide)
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    print("\n".join(found) or f"{options.folder}: {size / 1e6:.0f} MB, Pyodide {PYODIDE}, no dead link")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
