"""``python -m k8sexpose``: the command ``k8sexpose``, where no script of that name is on the PATH."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
