"""kubectl, curl and ssh, word for word, acting on a `k8sexpose.Cluster`.

No process is started and no socket opened. `run` splits a command line and calls the command; notebook magics
(`magics`) and tests use only that. In reading order: `run`, then the commands: `get_describe`, `changes` (apply,
create, replace, patch, delete), `generators` (create service, expose), `manifest_files` (what ``-f`` reads), `curl`,
`ssh` (kube-proxy's rules on a node). What they print: `resources` knows the kinds and their columns, `printers` writes
tables and errors, `describe` the long form, `event_series` folds events, `serialization` writes YAML and JSON,
`tabwriter` aligns columns as Go does. `result` is what a command leaves: return code, output, errors.

Sources: ``staging/src/k8s.io/kubectl`` and ``pkg/printers`` (kubernetes/kubernetes, 1.36), and the recorded prints
in ``tests/conformance/kubectl-prints.json``.
"""

from __future__ import annotations

from .curl import curl
from .result import Completed
from .run import run
from .ssh import ssh

__all__ = ["Completed", "curl", "run", "ssh"]
