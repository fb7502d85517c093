"""Neighbours of the recorded sessions: the same kinds with another flag, another format, another order.

The answers are those of a real kubectl (1.33.1) that asked the model's own API server, each looked up again in the
sources of kubectl 0.36.3, which are named.
"""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from tests.kubectl.helpers import TW, stdout

HELP = "\nSee 'kubectl apply -h' for help and examples\n"
NOT_FOUND = 'Error from server (NotFound): services "nope" not found\n'
NO_FORMAT = (
    'error: unable to match a printer suitable for the output format "{}", allowed formats are: custom-columns,'
    "custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,"
    "templatefile,wide,yaml\n"
)


@pytest.fixture
def shop() -> kx.Cluster:
    made = kx.Cluster(nodes=1, provider=None, namespaces=("default",))
    run(made, "create -f -", f"{TW}\n---\n{TW.replace('name: tw', 'name: lb, labels: {app: x}')}")
    return made


ANSWERS: dict[str, tuple[int, str, str]] = {
    # pkg/genericclioptions/{json_yaml,name}_flags.go (cli-runtime): these take any case, and nothing behind a =.
    "get svc tw -o Name": (0, "service/tw\n", ""),
    "get svc tw -o name=x": (1, "", NO_FORMAT.format("name=x")),
    "get svc tw -o yaml=x": (1, "", NO_FORMAT.format("yaml=x")),
    # pkg/cmd/get/get.go, Validate
    "get svc -o name --show-labels": (1, "", "error: --show-labels option cannot be used with name printer\n"),
    # pkg/cmd/get/customcolumn.go: the header is printed before the paths are read; an empty path leads nowhere.
    "get svc tw -o custom-columns=A:": (0, "A\n<none>\n", ""),
    "get svc tw -o custom-columns=A:.metadata.name:.x": (0, "A\n<none>\n", ""),
    "get svc tw -o custom-columns=A:[": (1, "A\n", "error: unterminated array\n"),
    # pkg/printers/jsonpath.go (cli-runtime), util/jsonpath/jsonpath.go (client-go)
    "get svc tw -o jsonpath-as-json={.spec.type}": (0, '[\n    "ClusterIP"\n]\n', ""),
    "get svc tw -o jsonpath-as-json={range.spec.ports[*]}{.port}{end}": (0, "[\n    80\n]\n", ""),
    # pkg/resource/builder.go (cli-runtime): mappingFor names the resource alone; splitResourceTypeName
    "get svc.v9": (1, "", 'error: the server doesn\'t have a resource type "svc"\n'),
    "get services. tw -o name": (0, "service/tw\n", ""),
    "get svc, no": (1, "", "error: arguments in resource/name form must have a single resource and name\n"),
    "describe svc ''": (1, "", "error: resource name may not be empty\n"),
    # pkg/cmd/patch/patch.go: ToPrinter overwrites the words of the dry run; the objects are visited one by one.
    "patch svc tw -p 'spec: {type: NodePort}' --dry-run=server": (0, "service/tw patched\n", ""),
    "patch svc tw -p 'spec: {type: NodePort}' --dry-run=client": (0, "service/tw patched\n", ""),
    "patch svc nope tw -p '{}'": (1, "service/tw patched (no change)\n", NOT_FOUND),
    "patch svc tw -p '{' --dry-run=client": (1, "", "error: invalid JSON document\n"),
    "patch svc tw -p '[]' --dry-run=client": (1, "", "error: invalid JSON document\n"),
    """patch svc tw -p '{"spec":{"ports":[{"nodePort":1}]}}' --dry-run=client""": (
        1, "", "error: map: map[nodePort:1] does not contain declared merge key: port\n",
    ),
    "patch svc tw -p '{}' --type json --dry-run=client": (
        1, "", "error: json: cannot unmarshal object into Go value of type jsonpatch.Patch\n",
    ),
    # pkg/cmd/label/label.go, pkg/cmd/annotate/annotate.go
    "label svc nope tw a=b": (1, "service/tw labeled\n", NOT_FOUND),
    "label svc lb app- a=b": (0, "service/lb modified\n", ""),
    "label svc tw lb --list": (0, "Listing labels for Service./tw:\nListing labels for Service./lb:\n app=x\n", ""),
    "label svc lb --list app=y": (1, "", "error: 'app' already has a value (x), and --overwrite is false\n"),
    "label svc tw --all a=b": (0, "service/tw labeled\n", ""),
    "label svc --all --list -o name": (1, "", "error: --list and --output may not be specified together\n"),
    "annotate svc tw nope a=b": (1, "service/tw annotated\n", NOT_FOUND),
    "annotate svc --all -l a=b c=d": (1, "", "error: cannot set --all and --selector at the same time\n"),
    # pkg/cmd/util/helpers.go, GetDryRunStrategy: the flag alone, or with yes or no, is an old way to say it.
    "delete svc lb --dry-run": (0, 'service "lb" deleted from default namespace (dry run)\n', ""),
    "delete svc lb --dry-run=true": (0, 'service "lb" deleted from default namespace (dry run)\n', ""),
    # github.com/spf13/pflag, duration.go
    "delete svc lb --timeout=x": (
        1, "", 'error: invalid argument "x" for "--timeout" flag: time: invalid duration "x"\n'
        "See 'kubectl delete --help' for usage.\n",
    ),
    "delete svc lb --timeout=5": (
        1, "", 'error: invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"\n'
        "See 'kubectl delete --help' for usage.\n",
    ),
    "delete svc lb --timeout=1m5y": (
        1, "", 'error: invalid argument "1m5y" for "--timeout" flag: time: unknown unit "y" in duration "1m5y"\n'
        "See 'kubectl delete --help' for usage.\n",
    ),
    # pkg/resource/builder.go, visitBySelector
    "delete svc --all --field-selector a=b": (
        1, "", "error: setting 'all' parameter but found a non empty selector. \n",
    ),
    # pkg/cmd/replace/replace.go, Validate
    "replace -f - --grace-period=3": (1, "", "error: --grace-period must have --force specified\n"),
    "replace -f - --timeout=3s": (1, "", "error: --timeout must have --force specified\n"),
    "replace -f - --force --dry-run=client": (1, "", "error: --dry-run can not be used when --force is set\n"),
    "replace -f - --cascade=x": (
        1, "", 'error: invalid cascade value (x). Must be "background", "foreground", or "orphan"\n',
    ),
    "replace -f - --force --grace-period=0": (
        0, 'service "tw" deleted from default namespace\nservice/tw replaced\n', "",
    ),
    # pkg/cmd/apply
    "apply -f - tw": (1, "", f"error: Unexpected args: [tw]{HELP}"),
    "apply view-last-applied svc tw": (0, "", ""),
    "apply view-last-applied -f -": (
        1, "",
        'error: error when no last-applied-configuration annotation found on resource: tw\n "STDIN": <nil>\n',
    ),
    # pkg/cmd/rollout, pkg/cmd/scale
    "rollout status": (1, "", "error: required resource not specified\n"),
    "rollout status deploy": (0, "", "No resources found in default namespace.\n"),
    "scale svc tw --replicas=1 --dry-run=client": (0, "service/tw scaled (dry run)\n", ""),
    "scale svc tw --replicas=1 --current-replicas=-2": (
        1, "", "error: The --current-replicas must specify an integer of -1 or greater\n",
    ),
    "create service clusterip x --tcp=80 --validate=foo": (
        1, "", 'error: invalid - validate option "foo"; must be one of: strict (or true), warn, ignore (or false)\n',
    ),
    # github.com/spf13/cobra, command.go: flags that are required come first.
    "create deployment": (1, "", 'error: required flag(s) "image" not set\n'),
    "create service externalname": (1, "", 'error: required flag(s) "external-name" not set\n'),
    # tools/clientcmd/config.go (client-go), ParseTimeout
    "get svc tw -o name --request-timeout=5": (0, "service/tw\n", ""),
    "get svc tw -o name --request-timeout=5m": (0, "service/tw\n", ""),
    "get svc tw --request-timeout=x": (
        1, "", "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by "
        "a corresponding time unit (e.g. 1s | 2m | 3h)\n",
    ),
    "patch svc tw -p '{}' --record": (1, "", "error: k8sexpose does not model --record\n"),
}  # fmt: skip


@pytest.mark.parametrize("command", ANSWERS)
def test_the_words_of_kubectl(shop: kx.Cluster, command: str) -> None:
    done = run(shop, command, TW)
    assert (done.rc, done.stdout, done.stderr) == ANSWERS[command]


def test_conflicts_of_labels_are_told_in_lines(shop: kx.Cluster) -> None:
    """One object: a line for each label. Several: a line for each object, its labels in brackets (checkErr)."""
    run(shop, "label svc tw lb a=1 b=1")
    told = [f"'{key}' already has a value (1), and --overwrite is false" for key in "ab"]
    assert run(shop, "label svc tw a=2 b=2").stderr == f"{told[0]}\n{told[1]}\n"
    assert run(shop, "label svc tw lb a=2 b=2").stderr == f"[{', '.join(told)}]\n" * 2


def test_the_list_that_apply_makes(shop: kx.Cluster) -> None:
    """A typed List, with the fields in the order of the struct (printObjects in pkg/cmd/apply/apply.go)."""
    lines = stdout(shop, "apply -f - -o json", f"{TW.replace('tw', 'x')}\n---\n{TW.replace('tw', 'z')}").splitlines()
    assert [line.strip() for line in lines[1:5]] == [
        '"kind": "List",', '"apiVersion": "v1",', '"metadata": {},', '"items": [',
    ]  # fmt: skip


def test_kubectl_repeats_its_own_warning(shop: kx.Cluster) -> None:
    done = run(shop, "apply -f - --dry-run=server", f"{TW}\n---\n{TW}")
    assert done.stderr.count("is missing the kubectl.kubernetes.io/last-applied-configuration annotation") == 2


def test_an_object_without_labels_is_printed_with_an_empty_map(shop: kx.Cluster) -> None:
    """``SetLabels`` of an empty map (labelFunc in pkg/cmd/label/label.go)."""
    assert "\n  labels: {}\n" in stdout(shop, "label svc lb app- -o yaml")


def test_an_annotation_that_is_null_becomes_empty(shop: kx.Cluster) -> None:
    """apply reads the annotations to write its own, and null is read as an empty text (pkg/util/apply.go)."""
    stdout(shop, "apply -f -", TW.replace("name: tw", "name: web, annotations: {a: null, b: c}, labels: {d: null}"))
    web = shop.service("web")
    assert ({key: web.annotations[key] for key in "ab"}, dict(web.labels)) == ({"a": "", "b": "c"}, {})
    assert '"annotations":{"a":"","b":"c"}' in web.annotations["kubectl.kubernetes.io/last-applied-configuration"]


def test_scaling_tells_in_the_end_what_was_missing(shop: kx.Cluster) -> None:
    run(shop, "create deployment web --image=x")
    done = run(shop, "scale deploy nope web --replicas=2")
    assert (done.rc, done.stdout) == (1, "deployment.apps/web scaled\n")
    assert done.stderr == 'Error from server (NotFound): deployments.apps "nope" not found\n'


TWO = '{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "b"}, "spec": {"ports": [{"port": 80}]}}'
ONE = '{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}'
STREAMS = {
    '{"kind": "Service" "apiVersion": "v1"}': "json: offset 20: invalid character '\"' after object key:value pair",
    "{": "unexpected EOF",
    f"{ONE} x": "json: offset 103: invalid character 'x' looking for beginning of value",
    f'{ONE}\n{{"x" 1}}': "json: offset 108: invalid character '1' after object key",
    f"{ONE}\n---\na: [": "json: offset 104: invalid character '-' in numeric literal",
    f'{ONE}{TWO}{{"x"': "unexpected EOF",
}


@pytest.mark.parametrize("text", STREAMS)
def test_json_that_is_followed_by_something_else(shop: kx.Cluster, text: str) -> None:
    """Where both readers fail kubectl tells what the one for JSON says (pkg/util/yaml/decoder.go, apimachinery)."""
    done = run(shop, "create -f -", text)
    assert done.rc == 1
    assert done.stderr.splitlines()[-1] == f"error: error parsing STDIN: {STREAMS[text]}"
    assert ("service/a created" in done.stdout) is text.startswith(ONE)


def test_an_integer_beyond_64_bits_is_no_integer_to_kubectl(shop: kx.Cluster) -> None:
    """pkg/apis/meta/v1/unstructured decodes it to a float64."""
    done = run(shop, "create -f -", TW.replace("80", "9223372036854775808"))
    assert "cannot unmarshal number 9223372036854776000 into Go struct field" in done.stderr


@pytest.mark.parametrize("verb", ["create", "apply", "replace --force"])
def test_an_exported_manifest_can_be_created(shop: kx.Cluster, verb: str) -> None:
    """What kubectl creates it sends without a resourceVersion (pkg/resource/helper.go, cli-runtime)."""
    exported = stdout(shop, "get svc tw -o yaml")
    stdout(shop, "delete svc tw")
    assert stdout(shop, f"{verb} -f -", exported).startswith("service/tw ")


def test_a_manifest_with_an_old_version_is_a_conflict(shop: kx.Cluster) -> None:
    """Only an empty patch is not sent (pkg/cmd/apply/patcher.go), and this one holds the resourceVersion."""
    run(shop, "apply -f -", TW.replace("tw", "web"))
    exported = stdout(shop, "get svc web -o yaml")
    assert stdout(shop, "apply -f -", exported) == "service/web configured\n"
    done = run(shop, "apply -f -", exported)
    assert (done.rc, done.stdout) == (1, "")
    assert done.stderr.startswith('Error from server (Conflict): error when applying patch:\n{"metadata":{"resourceV')
    assert done.stderr.endswith("please apply your changes to the latest version and try again\n")
    assert stdout(shop, "apply -f -", stdout(shop, "get svc web -o yaml")) == "service/web configured\n"
