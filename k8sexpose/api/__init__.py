"""The service model: what a Service is, and what the API server makes of a text.

Pure functions on values; nothing here holds a cluster. In reading order:

`service`, `objects` and `addresses` are the values. `manifest` parses YAML and JSON as kubectl does, `documents` finds
the objects in a file, `dump` those in the output of ``kubectl get -o json``. `schemas` lists the fields of each kind,
`decode` reads an object by them, `request_body` does so for one request. `formats` checks names, labels and numbers,
`validation` the whole Service, `service_warnings` what is only discouraged. `allocation` hands out cluster IPs and
nodePorts. `registry` puts all of it in the server's order: defaults, allocation, validation. `strategic_patch` and
`json_patch` apply the patches that `patch_body` reads; `three_way_patch` computes the one that ``kubectl apply``
sends. `errors` holds the server's words, `hints` our help beside them.

Sources: ``pkg/apis/core/{validation,v1}``, ``pkg/registry/core/service`` and ``staging/src/k8s.io/apimachinery``
(kubernetes/kubernetes, 1.36).
"""
