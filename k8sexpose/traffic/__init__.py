"""Many connections: how long requests take, and how the load is shared.

In reading order: `queueing` has the formulas of queueing theory. `policies` is one Service under one traffic policy,
as lessons, figures and the report see it; `policy_comparison` sets Cluster beside Local and finds the load at which
they change places. The simulation: `workload` is what is sent, `path_table` lists the ways of a connection with their
probabilities, `ways` those to each Pod by length, `thinning` draws the requests of each Pod, `scan` serves them,
written into `columns`, `tally` counts, `histogram` keeps the latencies, `precision` says how sure they are. `scene` is
the Service before any request, `simulation` sends them, and `result` makes tables of what was counted. Where requests
remember something, or something happens to them, `connections` assigns them to ways, by the choices of
`random_streams`, and `engine` serves them window by window. `timeline` lets things fail meanwhile, and `crash` watches
a load balancer notice. `arrays` names the types of arrays.

The engine on a page
--------------------
*Thinning.* A million requests to twenty Pods are twenty independent Poisson streams, as long as each request is a
connection of its own and what decides where it goes is chance or its client's hash. So no request chooses a Pod. How
many requests each Pod gets is drawn once (multinomial), and their arrivals are that many points on the time of the
run: exponential gaps, scaled to fill it. Nothing is sorted. Each Pod has its own part of the random stream, so that
two policies with one seed serve the same requests, Pod by Pod, and their difference is not noise. Which way a request
came (extra hop, zone) makes no queue longer; how many of each chunk of requests came by each way is drawn, and they
follow each other within the chunk: exact in number, and free, since the scan begins each column with it. How many came
in each row of the timeline is drawn too, given how many came in all.

*Windows.* Where a node crashes, the run is cut where something changes. In each such window of time the requests of
each Pod are a Poisson stream again; only the queues, and what is lost in them when a node dies, go on from one to the
next. Where clients keep their connections, it is drawn how many requests each sends in a window, how long it uses each
connection (a sum of exponential gaps), and where within that time its requests come: one sort by Pod and time is left.

*Scan.* A queue with one worker is a chain of dependent steps, W(n) = max(0, W(n−1) + S(n−1) − G(n)), which no
processor does quickly. Written down the columns of a table the chains are many: each column is done as if it began
without a queue, a row at a time, all columns at once. A column as a whole turns the response r of the last request
before it into that of its own last, max(A, B + r): only one number in sixteen needs a running sum and a running
maximum. Then the waits themselves follow, again a row at a time, in the place of the gaps: no number is moved. With
several workers the columns are served side by side too: how one begins is guessed from the end of the one before, and
where that was wrong it is served once more. Time is counted in whole ticks, a power of two small enough for the run.
Sums of whole numbers are exact, so that the result is the same to the last bit in whatever blocks, and on whatever
processor, it is computed.

*Histogram.* The highest bits of a float are a logarithmic bin number, 0.4 % wide: shift, count, done. Quantiles are
read from the counts, so that the memory does not grow with the run. A run ends there: tables, standard errors and the
timeline are made when somebody looks at them. So are the latencies of single requests, for which the same draws are
served once more.

*Precision.* The run of each Pod is cut into slices, long against the time for which its queue remembers. By how much
the slices differ says by how much the whole would move with another seed: a standard error beside each mean, share and
quantile, wider where few slices, or few long queues, stand behind it. Where the run is too short for that, nothing is
said, but how many requests would do.

Sources: `queueing` names each formula's own; Lindley 1952 and Kiefer, Wolfowitz 1955 for the queues.
"""
