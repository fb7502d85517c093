"""Many connections: how long requests take, and how the load is shared.

In reading order: `queueing` has the formulas of queueing theory. `policies` is one Service under one traffic policy,
as lessons, figures and the report see it; `policy_comparison` sets Cluster beside Local and finds the load at which
they change places. The simulation: `path_table` lists the ways of a connection with their probabilities,
`random_streams` draws, `connections` assigns requests to ways, `queues` serves them, `engine` runs block by block,
`histogram` keeps the latencies, `simulation` puts the result together. `timeline` lets things fail meanwhile, and
`crash` watches a load balancer notice.

Sources: ``queueing`` names each formula's own.
"""
