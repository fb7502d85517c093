"""kube-proxy: what one node does with one packet.

In reading order: `service_ports` prepares the endpoints of one port of a Service, each with what hints and topology
say of it. `proxy` gives the verdict on a packet: to which endpoints its destination is rewritten, whether its source
is masqueraded, whether it is dropped or refused. That file is the one place where a traffic policy's rule is written;
every picture, number and bill comes from its verdict, and so do the rules as text: `node_view` collects what one node
knows, `rules` are packet rules as values, `iptables` and `nftables` build them, `iptables_text` and `nft_text` print
them, and `listing` is what the node's own tools list. `health` answers the healthCheckNodePort of a Service, which is
what load balancers ask under ``externalTrafficPolicy: Local``, and kube-proxy's own ``/healthz``.

Sources: ``pkg/proxy/topology.go``, ``pkg/proxy/iptables/proxier.go``, ``pkg/proxy/nftables/proxier.go`` and
``pkg/proxy/healthcheck`` (kubernetes/kubernetes, 1.36).
"""
