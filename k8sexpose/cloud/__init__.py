"""The cloud: who makes a load balancer, when, and to which targets it sends.

In reading order: `providers` has a profile for each cloud, with its kinds of load balancer, and `probes` says what
they ask. `controller` sees a Service, calls the cloud and writes the address into the status, by steps on the
cluster's clock; `events` are what it reports. `load_balancer` is what the cloud then holds: an address, targets, a
quota. `health_checks` decides which targets get new connections, and when that changes. `spread` divides connections
over targets, with exact fractions. `internal` tells the internet from the private network. `front_door` is the load
balancer as a packet meets it, now or settled. `provisioning` lists the steps of one Service from ``<pending>`` to its
address. `kind_ports` is what kind publishes on the machine that it runs on, `shared_entries`
who serves Ingresses and Gateways.

Sources: ``controllers/service/controller.go`` (kubernetes/cloud-provider v0.36.2), and the documentation that
``data/providers.toml`` names beside each number.
"""
