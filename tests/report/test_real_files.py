"""Small inputs of real kinds: what is said of each is true. Their origin stands in real_files/PROVENANCE.md."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.report.entrance_map import entrance_map
from k8sexpose.report.findings import Finding

FILES = Path(__file__).parent / "real_files"


@cache
def reviewed(name: str) -> kx.Review:
    return kx.review(kx.Cluster.from_json(FILES / name, provider=None))


def found(name: str, kind: str) -> Finding:
    matching = [one for one in reviewed(name).findings if one.kind == kind]
    assert len(matching) == 1, [one.kind for one in reviewed(name).findings]
    return matching[0]


def changed(name: str, change: Any) -> kx.Review:
    """The review of a file after a change to its parsed objects."""
    dump = json.loads((FILES / name).read_text(encoding="utf-8"))
    change({(item["kind"], item["metadata"]["name"]): item for item in dump["items"]})
    return kx.review(kx.Cluster.from_json(dump, provider=None))


# -- absent is not empty ----------------------------------------------------------------------------------------------


def test_items_of_a_typed_list_need_no_kind() -> None:
    assert [one.name for one in reviewed("typed-list-items-without-kind.json").services] == ["default/web"]


def test_a_dump_in_yaml() -> None:
    assert reviewed("dump-as-yaml.yaml").size == "2 nodes, 3 Pods, 1 Service"


def test_services_alone_are_not_judged() -> None:
    made = reviewed("services-only.json")
    assert "No Nodes, no Pods, no EndpointSlices in the dump: endpoints not judged" in made.lacks[0]
    assert "kubectl get nodes,pods,endpointslices" in made.lacks[0]
    assert not made.findings
    assert json.loads(made.to_json())["services"][0]["ready"] is None
    assert "not known" in made.to_markdown() and "nan" not in made.to_markdown()
    assert made.to_markdown().index("Incomplete") < made.to_markdown().index("## Findings")


@pytest.mark.parametrize(
    ("name", "words"), [("no-nodes-with-slices.json", "no Nodes"), ("no-pods-but-slices.json", "no Pods")]
)
def test_policies_are_not_compared_without_nodes_or_pods(name: str, words: str) -> None:
    service = reviewed(name).service("web")
    assert service.comparison is None and words in service.why_not
    assert service.ready == 2
    assert not re.search(r"\bnan\b", reviewed(name).to_markdown())


def test_endpoints_stand_for_slices() -> None:
    made = reviewed("endpoints-instead-of-slices.json")
    ends = [end for part in made.cluster.endpoint_slices("ext-db") for end in part.endpoints]
    assert [(end.ip, end.ready) for end in ends] == [("10.9.9.9", True)]
    assert "no-endpoints" not in {one.kind for one in made.findings}
    assert made.service("ext-db").comparison is not None


def test_a_manifest_is_not_taken_for_what_is_stored() -> None:
    made = kx.review(kx.Cluster.from_json(FILES / "namespace-then-svc.yaml", provider=None))
    assert not made.findings
    assert any("as in a manifest" in one and "--apply FILE" in one for one in made.lacks)
    assert not any("as in a manifest" in one for one in reviewed("aks-two-lbs.json").lacks)


def test_a_hidden_address_is_no_finding() -> None:
    made = reviewed("redacted-pod-ip.json")
    assert made.cluster.pod("web-0").ip is None
    assert not made.findings
    assert "taken out of the dump" in made.lacks[-1]
    assert "taken out" in made.service("web").why_not


def test_kubectl_get_all_has_neither_nodes_nor_slices() -> None:
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "w", "labels": {"app": "web"}},
           "spec": {"nodeName": "n1"}, "status": {"podIP": "10.0.0.9", "conditions": [{"type": "Ready", "status": "True"}]}}  # fmt: skip
    service = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web"},
               "spec": {"type": "NodePort", "clusterIP": "10.96.0.9", "selector": {"app": "web"},
                        "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}]}}  # fmt: skip
    made = kx.review(kx.Cluster.from_json({"kind": "List", "apiVersion": "v1", "items": [pod, service]}))
    assert not made.findings
    pod["status"]["conditions"][0]["status"] = "False"  # type: ignore[index]
    made = kx.review(kx.Cluster.from_json({"kind": "List", "apiVersion": "v1", "items": [pod, service]}))
    assert [one.kind for one in made.findings] == ["no-endpoints"]


# -- who reaches it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_an_internal_load_balancer_is_not_on_the_internet(provider: str) -> None:
    cluster = kx.Cluster(nodes=3, provider=provider)
    cluster.deploy("web", per_node=[1, 1, 1])
    cluster.apply(FILES / "internal-load-balancers.yaml")
    outside = kx.send(cluster, "web", client="203.0.113.7")
    assert outside.outcome == "timeout" and "internal" in outside.reason
    assert kx.send(cluster, "web", client="10.200.0.9").outcome == "delivered"
    assert kx.reach(cluster, "web").who == ("private network", "cluster")
    cluster.advance(600)
    address = cluster.service("web").load_balancer_ingress[0].address
    assert kx.send(cluster, f"http://{address}", client="203.0.113.7").outcome == "timeout"


@pytest.mark.parametrize("provider", ["digitalocean", "generic", "metallb"])
def test_annotations_of_another_provider_are_not_read(provider: str) -> None:
    cluster = kx.Cluster(nodes=3, provider=provider)
    cluster.deploy("web", per_node=[1, 1, 1])
    cluster.apply(FILES / "internal-load-balancers.yaml")
    assert kx.send(cluster, "web", client="203.0.113.7").outcome == "delivered"


def test_internal_and_public_stand_apart_in_the_report() -> None:
    made = reviewed("aks-two-lbs.json")
    assert made.service("web").reached_by.startswith("internet, through a Standard")
    assert made.service("web2").reached_by.startswith("private network only, through an internal Standard")
    assert [(one.service, one.address) for one in made.internet] == [("default/web", "203.0.113.9:80")]
    assert "What the internet reaches" in made.to_markdown()


def test_the_in_tree_controller_does_not_read_the_scheme() -> None:
    one = found("eks-scheme-internal.json", "internal-unread")
    assert one.severity == "warning" and "aws-load-balancer-scheme" in one.what and "internet" in one.what
    assert reviewed("eks-scheme-internal.json").service("web").reached_by.startswith("internet, through")


def test_two_families_are_one_pod() -> None:
    cluster = kx.Cluster.from_json(FILES / "dual-stack.json")
    ways = kx.routes(cluster, "[2001:db8::2]:30080", client="2001:db8:ffff::9")
    assert [way.outcome for way in ways] == ["delivered"]
    made = reviewed("dual-stack.json").service("web")
    assert made.ready == 1
    assert made.comparison is not None and made.comparison.cluster.hottest == 1


def test_a_service_of_ipv6_alone() -> None:
    compared = reviewed("ipv6-service.json").service("web").comparison
    assert compared is not None and compared.cluster.lost == 0


# -- which controller, why pending ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words", "never"),
    [
        ("metallb-pending-real-pool.json", "pools of MetalLB are not in the dump; look at the events", "unknown pool"),
        ("eks-external-no-target-type.json", "nlb-target-type (ip or instance)", "sees no reason"),
        ("eks-auto-mode-nlb-pending.json", "EKS Auto Mode is the controller", "no controller here"),
        ("hetzner-pending.json", "load-balancer.hetzner.cloud/location", "sees no reason"),
        ("docker-desktop.json", "port 80 of localhost is taken by default/web", "sees no reason"),
    ],
)
def test_why_a_load_balancer_is_pending(name: str, words: str, never: str) -> None:
    one = found(name, "pending")
    assert words in one.why and never not in str(one)
    assert never not in reviewed(name).to_markdown()


def test_an_event_in_the_dump_is_the_reason() -> None:
    event = {"kind": "Event", "apiVersion": "v1", "metadata": {"name": "web.1"}, "type": "Warning",
             "involvedObject": {"kind": "Service", "name": "web", "namespace": "default"},
             "reason": "SyncLoadBalancerFailed", "message": "no subnets are left"}  # fmt: skip
    dump = json.loads((FILES / "hetzner-pending.json").read_text(encoding="utf-8"))
    dump["items"].append(event)
    made = kx.review(kx.Cluster.from_json(dump))
    assert any("SyncLoadBalancerFailed: no subnets are left" in one.why for one in made.findings)


def test_auto_mode_has_a_load_balancer_to_pay() -> None:
    made = reviewed("eks-auto-mode-nlb-pending.json")
    assert made.around is not None and "EKS Auto Mode" in made.around.controller
    assert made.bill.total_per_month != 0


def test_octavia_checks_no_health() -> None:
    one = found("openstack-local.json", "no-monitor")
    assert "2 of 3 connections are lost" in one.what
    service = reviewed("openstack-local.json").service("web")
    assert service.comparison is None and "no advice" in service.why_not
    monitored = changed(
        "openstack-local.json",
        lambda by: by["Service", "web"]["metadata"].update(
            annotations={"loadbalancer.openstack.org/enable-health-monitor": "true"}
        ),
    )
    assert "no-monitor" not in {one.kind for one in monitored.findings}


def test_one_node_has_no_hop_to_save() -> None:
    compared = reviewed("docker-desktop.json").service("web").comparison
    assert compared is not None and compared.advice.policy == "either (one node)"
    assert "extra hop that 0%" not in reviewed("docker-desktop.json").to_markdown()


def test_service_lb_of_k3s() -> None:
    made = reviewed("k3s-local.json")
    assert made.around is not None and "ServiceLB" in made.around.controller
    compared = made.service("web").comparison
    assert compared is not None and compared.local.source == "the client's address"


def test_the_cause_of_uneven_load_is_the_excluded_node() -> None:
    one = found("exclude-label-value-empty.json", "uneven-local")
    assert "n2 is excluded from load balancers by the label" in one.why and "its Pod gets nothing" in one.why
    assert "zones" not in one.why


def test_a_default_quota_that_is_passed_is_a_note() -> None:
    one = found("aks-12-addresses.json", "quota")
    assert one.severity == "note" and "your quota is higher" in one.why


def test_a_node_port_outside_the_default_range() -> None:
    made = reviewed("nodeport-range-custom.json")
    assert "nodePort 80" in found("nodeport-range-custom.json", "node-port-range").what
    assert "30000-30085" not in made.to_markdown()


def test_old_zone_labels_are_read() -> None:
    made = reviewed("beta-zone-labels.json")
    assert made.region == "us-east-1" and "no node in the dump says where" not in made.to_markdown()
    compared = made.service("web").comparison
    assert compared is not None and compared.cluster.cross_zone == 0.5
    assert found("beta-zone-labels.json", "old-zone-labels").severity == "note"


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("internal-local.json", "internal-local-holes", "unreachable from 2 of 3 nodes: n2, n3"),
        ("gke-notready-node.json", "node-not-ready", "n2 is NotReady"),
        ("nodeport-public-nodes.json", "public-node-port", "203.0.113.1:30432 and 1 more"),
    ],
)
def test_notes_on_what_was_silent(name: str, kind: str, words: str) -> None:
    one = found(name, kind)
    assert one.severity == "note" and words in one.what


def test_the_data_plane_is_named() -> None:
    around = reviewed("gke-notready-node.json").around
    assert around is not None and "Dataplane V2" in around.data_plane
    config = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
              "data": {"config.conf": "kind: KubeProxyConfiguration\nmode: nftables\n"}}  # fmt: skip
    dump = json.loads((FILES / "internal-local.json").read_text(encoding="utf-8"))
    dump["items"].append(config)
    made = kx.review(kx.Cluster.from_json(dump))
    assert made.around is not None and "mode nftables" in made.around.data_plane
    assert made.cluster.proxy.mode == "nftables"


AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
CLASSIC = {"loadBalancer": {"ingress": [{"hostname": "a1-1.us-east-1.elb.amazonaws.com"}]}}


def web_of(items: dict[tuple[str, str], Any], **annotations: str) -> Any:
    service = items["Service", "web"]
    service["metadata"]["annotations"] = annotations
    return service


def test_a_changed_type_of_load_balancer_is_refused() -> None:
    def change(items: dict[tuple[str, str], Any]) -> None:
        web_of(items, **{AWS_TYPE: "nlb"})["status"] = CLASSIC

    made = changed("eks-us-west-2-nlb.json", change)
    [one] = [one for one in made.findings if one.kind == "refused-update"]
    assert "cannot update Load Balancer Type annotation" in one.why and "after creation for NLB" in one.why
    assert "Classic" in made.bill.items["name"][0]
    assert "refused-update" not in {one.kind for one in reviewed("eks-us-west-2-nlb.json").findings}


def test_a_probe_of_azure_that_asks_for_a_path_is_named() -> None:
    def change(items: dict[tuple[str, str], Any]) -> None:
        items["Service", "web"]["spec"]["ports"][0]["appProtocol"] = "http"

    [one] = [one for one in changed("aks-two-lbs.json", change).findings if one.kind == "probe-path"]
    assert one.service == "default/web" and "HTTP GET / on the node port" in one.what
    assert "probe-path" not in {one.kind for one in reviewed("aks-two-lbs.json").findings}


def test_openshift_sdn_holds_a_kube_proxy() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "sdn-x", "namespace": "openshift-sdn"}, "status": {"podIP": "10.0.0.1"}}
    made = kx.review(kx.Cluster.from_json({"items": [pod]}))
    assert made.around is not None and made.around.data_plane.startswith("OpenShift SDN")


def test_every_finding_names_the_command_that_shows_it() -> None:
    kinds = set()
    for path in FILES.glob("*.json"):
        for one in reviewed(path.name).findings:
            kinds.add(one.kind)
            assert one.command and one.field and one.lesson, one.kind
    assert len(kinds) > 8


# -- manifests --------------------------------------------------------------------------------------------------------


def test_a_selector_that_misses_its_template_is_refused() -> None:
    said = run(kx.Cluster(nodes=3), f"apply -f {FILES / 'deployment-selector-mismatch.yaml'}")
    assert said.rc == 1
    assert "`selector` does not match template `labels`" in said.stderr
    assert "must be no more than 15 characters" in said.stderr


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FILES.glob("*.json")), ids=lambda path: path.stem)
def test_every_form_of_every_report_is_made(path: Path) -> None:
    made = reviewed(path.name)
    assert not re.search(r"\bnan\b|\binf\b|\\_|&lt;", made.to_markdown())
    assert made.to_html().endswith("</html>\n")
    assert json.loads(made.to_json())["schema"] == "k8sexpose.report/1"


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("eks-scheme-internal.json", "50.53 USD a month"), ("eks-us-west-2-nlb.json", "46.71 USD a month"),
        ("eks-auto-mode-nlb-pending.json", "35.76 USD a month"),
        ("hetzner-pending.json", "7.49 EUR a month"),
        ("k3s-local.json", "0.00 USD a month: nobody charges for what k3s does"),
        ("eks-external-no-target-type.json", "0.00 USD a month: nothing here is charged for"),
        ("openstack-local.json", "unknown: the price book has no price for Load balancer"),
    ],
)  # fmt: skip
def test_the_bills_of_real_kinds(name: str, headline: str) -> None:
    assert f"**Bill:** {headline}." in reviewed(name).to_markdown()


def test_what_nobody_charges_for_costs_nothing_alone_too() -> None:
    compared = reviewed("k3s-local.json").service("web").comparison
    assert compared is not None and compared.local.cost == 0


def test_of_a_controller_that_is_not_modelled_nobody_knows_what_it_loses() -> None:
    service = reviewed("openstack-local.json").service("web")
    assert {one.kind: one.lost is None for one in service.entrances}["load balancer"]
    assert "| 203.0.113.9:80 | load balancer | default/web | not known | not known |" in (
        reviewed("openstack-local.json").to_markdown()
    )
    assert reviewed("aks-two-lbs.json").service("web").entrances[0].lost == 0


@pytest.mark.parametrize("name", ["services-only.json", "no-nodes-with-slices.json", "no-pods-but-slices.json"])
def test_without_nodes_or_pods_nothing_is_known_to_be_lost(name: str) -> None:
    made = reviewed(name)
    assert {one.lost for one in made.service("web").entrances} == {None}
    assert {one.lost for one in made.internet} <= {None}
    assert "no connection came through" not in made.to_markdown()
    assert "as far as the dump holds what shows them" in made.to_markdown()


def test_a_service_without_address_is_not_reached_yet() -> None:
    pending = reviewed("eks-auto-mode-nlb-pending.json")
    assert "elb.us-east-1" not in pending.to_html() + pending.to_json(), "no address that nobody has given"
    assert "load balancer" not in {one.kind for one in pending.service("web").entrances}
    drawn = entrance_map(pending)
    assert 'stroke-dasharray="2 4"' in drawn and ">private network<" in drawn, "internal, and nothing arrives at it yet"
    assert "once it has an address" in reviewed("hetzner-pending.json").service("web").reached_by
    assert "nothing here makes one" in reviewed("eks-external-no-target-type.json").service("web").reached_by
