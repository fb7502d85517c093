"""Run pdoc on the package, with the options and modules that it is given.

A public class that is put together from classes that nobody uses by themselves (`Cluster` from its operations) shows
their methods as its own: pdoc would only name them, and link to a page that is not there.
"""

from __future__ import annotations

import runpy

import k8sexpose

public = [value for name in k8sexpose.__all__ if isinstance(value := getattr(k8sexpose, name), type)]
for cls in public:
    parts = [part for part in cls.__mro__[1:] if part.__module__.startswith("k8sexpose.") and part not in public]
    for part in reversed(parts):
        for name, member in vars(part).items():
            if not name.startswith("_") and getattr(cls, name, None) is getattr(part, name) and name not in vars(cls):
                setattr(cls, name, member)

runpy.run_module("pdoc", run_name="__main__", alter_sys=True)
