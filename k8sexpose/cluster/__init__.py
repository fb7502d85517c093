"""The state of a cluster: what is in it at one moment, and the verbs that an operator has.

In reading order: `store` keeps every object once and finds it by name, address, port and label. `state` is the whole
cluster without verbs, which is all that the router needs. `endpoint_slices` says which Pods stand behind a Service.
`apiserver` answers create, replace, patch and delete; `client_apply` asks it as ``kubectl apply`` does. `pod_update`
says what a second manifest may change in a Pod. `scheduling` makes nodes and places Pods; `controllers` does so for
StatefulSets, DaemonSets and ReplicaSets. `operations` has the verbs of an operator, and of bad luck: deploy, scale,
roll out, crash, recover. `clock` holds cluster time and what is due on it; `transaction` undoes what an error finds
half done; `latency` has the round trips between nodes.

Sources: ``pkg/controller/nodelifecycle``, ``staging/src/k8s.io/endpointslice`` and
``staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`` (kubernetes/kubernetes, 1.36).
"""
