"""The cost model: what exposing Services costs a month.

In reading order: `prices` is the price book: every number with its unit, region, source and date, and your own file
on top of it; `nearest` finds the region whose price is the best guess. `usage` finds what a cluster needs: load
balancers, addresses, traffic that crosses zones. `charges` says what each provider counts of it. `billing` multiplies
the two, line by line; a price that the book lacks makes the total None, never zero. `alternatives` compares the methods
to expose many Services: node ports, a load balancer for each, one shared entry; and the curves and break-even points
between them.

Sources: ``data/prices.toml``, beside each price.
"""
