"""kubectl, curl and ssh, word for word, acting on a `k8sexpose.Cluster`.

No process is started and no socket opened. `run` splits a command line and calls the command; notebook magics
(`magics`) and tests use only that. In reading order: `run`; `commands`, the table of all commands and flags; `flags`,
which reads them; `help`. The commands: `get_describe`, `changes` (apply, create, replace, patch, scale), `deleting`,
`labelling` (label, annotate), `rollout`, `last_applied`, `generators` (create service, expose), `curl`, `ssh` (kube-
proxy's rules on a node). What they read: `inputs` finds the files behind ``-f``, `manifest_files` the objects in
them, `selectors` reads ``-l``, `go_json` says what is wrong with a JSON text. What they print: `resources` knows the
kinds and their columns, `printers` writes tables and errors, `kept_printers` those of workloads and routes, `outputs`
all that stands behind ``-o``, `jsonpath` its templates, `describe` the long form, `summary` what became of several
documents; `event_series` folds events, `serialization` writes YAML and JSON, `tabwriter` aligns columns as Go does.
`result` is what a command leaves: return code, output, errors.

Sources: ``staging/src/k8s.io/kubectl`` and ``pkg/printers`` (kubernetes/kubernetes, 1.36), and the recorded prints
in ``tests/conformance/kubectl-prints.json`` and ``kubectl-sessions.json``.
"""

from __future__ import annotations

from .curl import curl
from .result import Completed
from .run import run
from .ssh import ssh

__all__ = ["Completed", "curl", "run", "ssh"]
