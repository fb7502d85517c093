"""Build the course for JupyterLite: static files, and every reader's browser is the machine.

    python tools/lite.py [FOLDER]      (default: build/lite)

Run by `make lite` in an environment of its own (tools/lite-requirements.txt). In the site: the student notebooks, the
glossary, our wheel, and the wheels that Pyodide's distribution lacks. Not in it, because it cannot be fetched when
building: Python itself with numpy, pandas, matplotlib and PyYAML. The reader's browser loads these from Pyodide's own
host.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUDENTS = ROOT / "notebooks"
EXTRA = ("anywidget", "psygnal")
# The browser's kernel knows the packages of its own distribution by name; ours must be asked for.
INSTALL = {
    "cell_type": "code",
    "execution_count": None,
    "id": "jupyterlite-install",
    "metadata": {"tags": ["jupyterlite"]},
    "outputs": [],
    "source": "%pip install -q k8sexpose",
}


def notebooks_in(folder: Path) -> list[Path]:
    """The lessons, then the leaflets; tools/notebooks.py says it too, and needs nbgrader, which is not here."""
    return [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("leaflets/*.ipynb"))]


def pins() -> dict[str, str]:
    lines = (ROOT / "binder/requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def lesson(path: Path) -> str:
    """A lesson that first installs the package."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    nb["cells"].insert(1, INSTALL)
    return json.dumps(nb, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/lite").resolve()
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        wheels, contents = base / "pypi", base / "contents"
        contents.mkdir()
        pip = [sys.executable, "-m", "pip", "--quiet"]
        subprocess.run([*pip, "wheel", "--no-deps", "-w", wheels, ROOT], check=True)
        wanted = [f"{name}=={pins()[name]}" for name in EXTRA]
        pure = ["--only-binary=:all:", "--platform=any", "--python-version=3.14", "--implementation=py", "--abi=none"]
        subprocess.run([*pip, "download", "--no-deps", *pure, "-d", wheels, *wanted], check=True)
        impure = [path.name for path in wheels.iterdir() if not path.name.endswith("-none-any.whl")]
        if impure:
            print(f"not pure Python, so not for the browser: {', '.join(impure)}")
            return 1
        for path in notebooks_in(STUDENTS):
            copied = contents / path.relative_to(STUDENTS)
            copied.parent.mkdir(exist_ok=True)
            copied.write_text(lesson(path), encoding="utf-8", newline="\n")
        shutil.copy(STUDENTS / "GLOSSARY.md", contents)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(
            [sys.executable, "-m", "jupyter", "lite", "build", f"--contents={contents}", f"--output-dir={folder}"],
            cwd=base,
            check=True,
        )
        index = sorted(path.name for path in folder.rglob("*.whl"))
    print(f"{folder}: {sum(p.stat().st_size for p in folder.rglob('*') if p.is_file()) / 1e6:.0f} MB, wheels: {index}")
    return 0 if any(name.startswith("k8sexpose-") for name in index) else 1


if __name__ == "__main__":
    sys.exit(main())
