"""Run the model in Pyodide, the Python of JupyterLite's kernel, in Chromium, with no network while it runs.

    python tools/lite_kernel.py      (needs npm, Chromium and Playwright)

Pyodide's core comes from npm. Its numpy, pandas and matplotlib are only on Pyodide's own host, so what needs them is
not run here (tools/lite_check.py tests their versions elsewhere). What needs the standard library and PyYAML is: the
API server's and kube-proxy's recorded answers, and the visualizer's still picture.
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.browser.run_lessons import browser, why_not  # noqa: E402

PYODIDE, PYYAML = "314.0.7", "6.0.3"
CONFORMANCE = {
    "apiserver": "apiserver-cases",
    "kube_proxy": "kube-proxy-cases",
    "live": "kube-proxy-variations",
}
PROGRAM = """
import io, runpy, sys, time, zipfile, base64
began = time.time()
zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))).extractall("/course")
sys.path.insert(0, "/course")
import k8sexpose as kx
loaded = [n for n in ("numpy", "pandas", "matplotlib", "ipywidgets", "anywidget") if n in sys.modules]
said = [f"Python {sys.version.split()[0]} on {sys.platform}, k8sexpose {kx.__version__}, heavy imports: {loaded}"]
for runner, cases in conformance.items():
    out, sys.stdout = sys.stdout, io.StringIO()
    sys.argv = [runner, f"/course/tests/conformance/{cases}.json"]
    try:
        runpy.run_path(f"/course/tests/conformance/{runner}.py", run_name="__main__")
    except SystemExit:
        pass
    finally:
        text, sys.stdout = sys.stdout.getvalue(), out
    said.append(f"{runner}: {text.strip().splitlines()[-1]}")
from k8sexpose.visualizer.scene import Question, make_scene
from k8sexpose.visualizer.static import Still
cluster = kx.Cluster(nodes=3)
cluster.deploy("api-backend", per_node=[3, 1, 0])
cluster.apply(kx.example("public-api-lb"))
said.append(Still(make_scene(cluster, Question("public-api-lb"))).description[:60])
said.append(f"{time.time() - began:.1f} s")
said
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the runtime, and says nothing."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
    }

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def pack(base: Path) -> str:
    """Our wheel, PyYAML's Python files and the conformance runners, as one archive."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", base, ROOT], check=True)
    source = ["--no-deps", "--no-binary=PyYAML", "-d", base, f"PyYAML=={PYYAML}"]
    subprocess.run([*pip, "download", *source], check=True)
    with zipfile.ZipFile(base / "course.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        (wheel,) = base.glob("k8sexpose-*-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as ours:
            for name in ours.namelist():
                archive.writestr(name, ours.read(name))
        with tarfile.open(next(base.glob("[Pp]y[Yy][Aa][Mm][Ll]-*.tar.gz"))) as theirs:
            for member in theirs.getmembers():
                inside = member.name.partition("/lib/")[2]
                if inside.startswith("yaml/") and member.isfile():
                    archive.writestr(inside, theirs.extractfile(member).read())  # type: ignore[union-attr]
        archive.writestr("tests/__init__.py", "")
        for path in sorted((ROOT / "tests/conformance").iterdir()):
            if path.is_file():
                archive.write(path, f"tests/conformance/{path.name}")
    return base64.b64encode((base / "course.zip").read_bytes()).decode()


def main() -> int:
    if reason := why_not():
        print(f"cannot run: {reason}")
        return 1
    with tempfile.TemporaryDirectory(prefix="k8sexpose-lite-", ignore_cleanup_errors=True) as temporary:
        base = Path(temporary)
        subprocess.run(
            ["npm", "pack", "--silent", f"pyodide@{PYODIDE}"], cwd=base, check=True, stdout=subprocess.DEVNULL
        )
        with tarfile.open(next(base.glob("pyodide-*.tgz"))) as archive:
            archive.extractall(base / "npm", filter="data")
        runtime = base / "npm/package"
        (runtime / "index.html").write_text("<!doctype html><title>kernel</title>")
        packed = pack(base)
        served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(runtime)))
        threading.Thread(target=served.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{served.server_port}/"
        foreign: list[str] = []
        with browser() as context:
            context.on("request", lambda request: request.url.startswith(home) or foreign.append(request.url))
            page = context.new_page()
            page.set_default_timeout(300_000)
            page.goto(home)
            said = page.evaluate(
                """async ([packed, conformance, program]) => {
                    const { loadPyodide } = await import('./pyodide.mjs');
                    const py = await loadPyodide();
                    py.globals.set('packed', packed);
                    py.globals.set('conformance', py.toPy(JSON.parse(conformance)));
                    return (await py.runPythonAsync(program)).toJs();
                }""",
                [packed, json.dumps(CONFORMANCE), PROGRAM],
            )
        served.shutdown()
    print("\n".join([*said, f"requests to other hosts: {foreign}"]))
    agreed = [line.split()[2] == line.split()[4].rstrip(",") for line in said if " agree " in line]
    return 0 if len(agreed) == len(CONFORMANCE) and all(agreed) and not foreign else 1


if __name__ == "__main__":
    sys.exit(main())
