"""The router: the path of one connection from its client to a Pod.

In reading order: `addressing` reads who asks, and what is asked for; `cluster_dns` knows what the names of Services
mean to a Pod. `query` puts the two together, and provisions the load balancer that the target names. `entry` says by
which nodes the packet can enter, and what happens to it before. `path` follows it from node to node: each hop asks
kube-proxy for its verdict, so no policy's rule is written here. `node_classes` follows the paths through nodes that
decide alike only once, so that 5,000 nodes cost little, and `answers` keeps what was followed while the cluster stays
as it is. `route` is the answer, hop by hop. `router` has the four questions: `send`, `routes`, `entries` and `shares`.
`reach` tells who reaches a Service. `rule_trace` lists the rules of kube-proxy that look at one connection.

Sources: the recorded packets in ``tests/conformance/kube-proxy-live.json``; the rules themselves are in
`k8sexpose.kubeproxy`.
"""
