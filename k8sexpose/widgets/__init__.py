"""Widgets: pictures that answer to a click, each with a still form for a page without a kernel.

`flow` is the visualizer: a packet on its way through the cluster it was given, and buttons that change the cluster.
`explorers` are pages with a few labelled controls each, drawn anew by a pure function whenever one is moved: node
ports, policies, cost, latency, failover, the life of a load balancer, a doctor for manifests.

`notebook_keys` gives Shift+Enter and Escape back to the notebook, from the controls of both.

Nothing is computed here: a widget asks the router, the simulation or the cost model, and draws the answer with
`k8sexpose._svg`. Both folders load their names when they are first used, so that a scene can be drawn where
ipywidgets is not installed.
"""
