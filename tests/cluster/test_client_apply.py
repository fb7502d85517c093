"""kubectl apply against the API server: what is created, what is patched, what is warned of."""

from __future__ import annotations

from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.api.service import LAST_APPLIED
from k8sexpose.cluster.client_apply import apply_service, live_object, updated_last_applied


def web(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


@pytest.fixture
def cluster() -> kx.Cluster:
    return kx.Cluster(nodes=1, provider=None)


def test_empty_values_are_not_sent_on_create(cluster: kx.Cluster) -> None:
    done = apply_service(cluster.api, web(selector={"app": None}, ports=[{"port": 80, "typo": None}]), "default")
    assert done.verb == "created" and not done.service.selector
    # The annotation keeps what was written.
    assert '"selector":{"app":null}' in done.service.annotations[LAST_APPLIED]


def test_the_missing_annotation_is_warned_of_also_beside_an_error(cluster: kx.Cluster) -> None:
    cluster.create(web(type="NodePort", ports=[{"port": 80}]))
    with pytest.raises(kx.ApiError) as caught:
        apply_service(cluster.api, web(type="NodePort", ports=[{"port": 80, "nodePort": 80}]), "default")
    assert caught.value.warnings[0].startswith("resource services/web is missing the kubectl.kubernetes.io/last-appl")
    assert LAST_APPLIED not in cluster.service("web").annotations
    done = apply_service(cluster.api, web(type="NodePort", ports=[{"port": 80}]), "default")
    assert (done.verb, len(done.warnings)) == ("configured", 1)
    assert apply_service(cluster.api, web(type="NodePort", ports=[{"port": 80}]), "default").verb == "unchanged"


@pytest.mark.parametrize("validation", ["Warn", "Ignore"])
def test_field_validation(cluster: kx.Cluster, validation: str) -> None:
    manifest = web(ports=[{"port": 80, "nodeport": 1}])
    with pytest.raises(kx.ApiError, match="unknown field"):
        apply_service(cluster.api, manifest, "default")
    done = apply_service(cluster.api, manifest, "default", field_validation=validation)
    assert done.warnings == (('unknown field "spec.ports[0].nodeport"',) if validation == "Warn" else ())


def test_a_dry_run_stores_nothing(cluster: kx.Cluster) -> None:
    assert apply_service(cluster.api, web(ports=[{"port": 80}]), "default", dry_run=True).verb == "created"
    assert "web" not in [service.name for service in cluster.services]


def test_an_object_that_is_being_deleted(cluster: kx.Cluster) -> None:
    manifest = web(ports=[{"port": 80}])
    manifest["metadata"]["finalizers"] = ["example.com/hold"]
    apply_service(cluster.api, manifest, "default")
    cluster.delete("web")
    done = apply_service(cluster.api, manifest, "default")
    assert done.warnings == ("Detected changes to resource web which is currently being deleted.",)


def test_replace_rewrites_the_annotation_only_where_it_is(cluster: kx.Cluster) -> None:
    made = apply_service(cluster.api, web(ports=[{"port": 80}]), "default").service
    exported = live_object(made)
    again = updated_last_applied(exported, "default")["metadata"]["annotations"][LAST_APPLIED]
    assert made.uid in again and LAST_APPLIED not in again
    bare = web(ports=[{"port": 80}])
    assert updated_last_applied(bare, "default") == bare
