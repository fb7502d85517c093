"""The service model: what a Service is, and what the API server makes of a text.

Pure functions on values; nothing here holds a cluster. In reading order:

`service`, `objects` and `addresses` are the values. `manifest` parses YAML and JSON as kubectl does, `documents` finds
the objects in a file, `dump` those in the output of ``kubectl get -o json``. `schemas` lists the fields of each kind,
`decode` reads an object by them, `request_body` does so for one request. `formats` checks names, labels and numbers,
`validation` the whole Service, `object_validation` the other kinds, `service_warnings` what is only discouraged.
`allocation` hands out cluster IPs and nodePorts. `registry` does all of it in the server's order: defaults (those of
`service`), allocation, validation. `patch_body`, `strategic_patch` and `json_patch` read and apply patches,
`three_way_patch` computes that of ``kubectl apply``; `results` says what a verb did. `errors` holds the server's
words, `hints` our help beside them; `checks` is for the arguments of our own functions.

Sources: ``pkg/apis/core/{validation,v1}``, ``pkg/registry/core/service`` and ``staging/src/k8s.io/apimachinery``
(kubernetes/kubernetes, 1.36).
"""
