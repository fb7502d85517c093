"""kubectl, acting on a `k8sexpose.Cluster`: the same words in, the same words out.

No process is started and no socket opened. `run` is the whole interface; the notebook magics use it, too.
"""

from __future__ import annotations

from .curl import curl
from .result import Completed
from .run import run

__all__ = ["Completed", "curl", "run"]
