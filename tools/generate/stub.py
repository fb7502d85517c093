"""Write k8sexpose/__init__.pyi, by which editors and type checkers know the public names.

    python tools/generate/stub.py            write it from the table of names in k8sexpose/__init__.py
    python tools/generate/stub.py --check    write nothing; fail where it is out of date

Names are loaded when they are first used; a type checker does not run Python, and would take every one for `Any`.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import k8sexpose  # noqa: E402

STUB = ROOT / "k8sexpose/__init__.pyi"
HEAD = """# Written by tools/generate/stub.py from the table of names in __init__.py: change that, and run it again.
"""
TAIL = """
__version__: str

def load_ipython_extension(ipython: object) -> None: ...
"""


def home(name: str) -> str:
    """The module that defines a public name: behind packages that load their names when used, too."""
    value = getattr(k8sexpose, name)
    module = str(value.__module__)
    if not module.startswith("k8sexpose.") or getattr(sys.modules[module], name, None) is not value:
        raise ValueError(f"{name} says that it comes from {module}, which does not define it")
    return module.removeprefix("k8sexpose")


def text() -> str:
    """The stub, as ruff formats it."""
    homes = defaultdict(list)
    for name in k8sexpose.__all__:
        homes[home(name)].append(name)
    lines = [
        f"from {module} import {name} as {name}" for module, names in sorted(homes.items()) for name in sorted(names)
    ]
    listed = [
        "",
        "__all__ = [  # noqa: RUF022, the order of the table",
        *(f'    "{name}",' for name in k8sexpose.__all__),
        "]",
    ]
    return "\n".join([HEAD, *lines, *listed]) + "\n" + TAIL


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail where the file is not up to date")
    wanted = text()
    if parser.parse_args(argv).check:
        if STUB.is_file() and STUB.read_text(encoding="utf-8") == wanted:
            return 0
        print("k8sexpose/__init__.pyi does not agree with __init__.py. To mend: python tools/generate/stub.py")
        return 1
    STUB.write_text(wanted, encoding="utf-8", newline="\n")
    print(f"{STUB.relative_to(ROOT)}: {len(k8sexpose.__all__)} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
