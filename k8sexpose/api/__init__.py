"""The service model: what a Service is, and what the API server makes of a text. Nothing here holds a cluster.

In reading order: `service`, `objects`, `workloads`, `kinds` and `addresses` are the values. `manifest` parses YAML and
JSON as kubectl does, `documents` finds the objects in a file; `bundles` finds them in dumps of every form,
`json_lists` in long lists, `damage` finds out whether their file is whole, `dump` reads them while `collector` pauses
the garbage collector, `endpoints` makes slices of the old Endpoints, `live` asks the reader's own kubectl. `schemas`
lists the fields of each kind, `decode` reads an object by them, `wrong_types` says what has the wrong type in plain
words, `request_body` reads one request. `formats` checks names, labels and numbers, `validation` a Service,
`object_validation` other kinds, `service_warnings` what is only discouraged, `checks` the arguments of functions.
`allocation` hands out cluster IPs and nodePorts; `registry` puts all of it in the server's order. `strategic_patch`
and `json_patch` apply the patches that `patch_body` reads; `three_way_patch` computes the one that ``kubectl apply``
sends. `results` is what a verb did, `errors` the server's words, `hints` our help.

Sources: ``pkg/apis/core/{validation,v1}``, ``pkg/registry/core/service`` and ``staging/src/k8s.io/apimachinery``
(kubernetes/kubernetes, 1.36).
"""
