"""The review of a real cluster: what is wrong, which policy fits, what it costs.

In reading order: `environment` finds who makes load balancers, the data plane, and what a dump lacks. `assumptions`
guesses provider and region, and notes what is assumed of the load. `findings` looks for what fails or will fail,
`exposure_findings` for who reaches what, `dump_findings` for what a dump says and no cluster can say; each has the
reason, the field and the command that shows it, `finding_sources` the document that it rests on.
`policy_advice` compares Cluster and Local for each exposed Service, on the numbers of `k8sexpose.traffic`. `reviewed`
has the values that come of it, `review` puts findings, advice and bill together. `document` writes it as Markdown,
`html_page` as one HTML page with the `entrance_map` and other `pictures`, `machine_readable` as JSON; every value from
the dump is escaped there. `finding_cards` shows findings, of a report and of a difference. `writing` makes a file of
it, whole or not at all. `diff` compares two reviews. `anonymise` gives nodes, Pods and Services other names first.

Sources: each finding names the Kubernetes document or source file that it rests on.
"""
