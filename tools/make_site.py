"""Make the course a site whose widgets live without a kernel: python tools/make_site.py [FOLDER] (build/site)."""

import os
import sys
from pathlib import Path

# The answers that a solution gives stay in memory: they are nobody's.
os.environ["K8SEXPOSE_ANSWERS"] = ""
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from website.build import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
