"""The command line: what is refused, hostile texts, and that nothing is raised."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import k8sexpose as kx
from k8sexpose.api.objects import Event
from k8sexpose.kubectl import Completed, run
from tests.kubectl.helpers import WEB, stdout

ERRORS = {
    "get svc web -A": "error: a resource cannot be retrieved by name across all namespaces\n",
    "get foo": 'error: the server doesn\'t have a resource type "foo"\n',
    "get ": "You must specify the type of resource to get.",
    "get svc -o foo": 'error: unable to match a printer suitable for the output format "foo", allowed formats are: ',
    "get svc --foo": "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n",
    "get svc -x": "error: unknown shorthand flag: 'x' in -x\n",
    "get svc -o": "error: flag needs an argument: 'o' in -o\n",
    "get svc --output": "error: flag needs an argument: --output\n",
    "get svc/": "error: arguments in resource/name form must have a single resource and name\n",
    "get svc svc/web": "error: there is no need to specify a resource type as a separate argument",
    "get svc 'web": "error: No closing quotation\n",
    "get svc -l a=b=c": (
        'Error from server (BadRequest): Unable to find "/v1, Resource=services" that match label selector "a=b=c", '
        "field selector \"\": found '=', expected: ',' or 'end of string'\n"
    ),
    "get secrets": 'error: k8sexpose does not model "secrets"; it has services,',
    "get svc -w": "error: nothing moves while kubectl waits: call cluster.advance(SECONDS), then ask again\n",
    "edit svc web": "error: there is no kubectl edit here: use kubectl patch",
    "frobnicate": 'error: unknown command "frobnicate" for "kubectl"\nk8sexpose has annotate, apply, create, delete,',
    "": "error: kubectl what? k8sexpose has annotate, apply,",
    "describe pod web-1": "error: k8sexpose describes Services only; use kubectl get pods -o yaml\n",
    "describe": "error: You must specify the type of resource to describe.",
    "create": "error: must specify one of -f and -k\n",
    "create role x": 'error: k8sexpose cannot create "role" from words; it has service, deployment, and -f FILE\n',
    "create service nodeport np": "error: at least one tcp port specifier must be provided\n",
    "create service nodeport": "error: exactly one NAME is required, got 0\n",
    "create service nodeport np --tcp=x": 'error: strconv.ParseUint: parsing "x": invalid syntax\n',
    "create service nodeport np --tcp=80 --clusterip=None": "error: unknown flag: --clusterip\nSee 'kubectl create service nodeport --help'",
    "create service externalname e": 'error: required flag(s) "external-name" not set\n',
    "create service nodeport web --tcp=80": 'error: failed to create NodePort service: services "web" already exists\n',
    "create deployment d": 'error: required flag(s) "image" not set\n',
    "delete --dry-run=x svc web": 'error: Invalid dry-run value (x). Must be "none", "server", or "client".\n',
    "apply -f - --validate=x": 'error: invalid - validate option "x"; must be one of: strict (or true), warn, ',
    "create -f - --validate=x": 'error: invalid - validate option "x"; must be one of: strict (or true), warn, ',
    "apply": "error: must specify one of -f and -k\n",
    "apply -f nope.yaml": 'error: the path "nope.yaml" does not exist\n',
    "apply -f -": "error: no objects passed to apply\n",
    "replace": "error: must specify one of -f and -k\n",
    "patch svc web": "error: must specify --patch or --patch-file containing the contents of the patch\n",
    "patch svc web -p '{'": "Error from server (BadRequest): unexpected end of JSON input\n",
    "patch svc web -p '[1'": 'error: unable to parse "[1": ',
    "patch svc web -p {} --type x": 'error: --type must be one of [json merge strategic], not "x"\n',
    "patch svc nope -p {}": 'Error from server (NotFound): services "nope" not found\n',
    "patch svc web -p []": "Error from server (BadRequest): json: cannot unmarshal array into Go value of type ",
    'patch svc web --type json -p \'[{"op":"remove","path":"/x"}]\'': (
        "The request is invalid: the server rejected our request due to an error in our request\n"
    ),
    "patch pod web-1 -p {}": "error: k8sexpose patches Services only, not pods\n",
    "expose deployment nope --port 80": 'Error from server (NotFound): deployments.apps "nope" not found\n',
    "expose deployment web --port 80": 'Error from server (AlreadyExists): services "web" already exists\n',
    "expose node node-1 --port 80": "error: cannot expose a Node\n",
    "expose svc kubernetes --port 80": "error: couldn't retrieve selectors via --selector flag or introspection: ",
    "delete": "error: You must provide one or more resources by argument or filename.\n",
    "delete svc": "error: resource(s) were provided, but no name was specified\n",
    "scale deploy web": 'error: required flag(s) "replicas" not set\n',
    "scale deploy web --replicas=-1": "error: The --replicas=COUNT flag is required, and COUNT must be greater than or ",
    "scale deploy web --replicas=x": (
        'error: invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax\n'
    ),
    "scale svc web --replicas=1": "Error from server (NotFound): the server could not find the requested resource\n",
}


@pytest.mark.parametrize("command", ERRORS)
def test_refusals(cluster: kx.Cluster, command: str) -> None:
    before = stdout(cluster, "get svc,pods,deploy,nodes -A -o json")
    done = run(cluster, command)
    assert (done.rc, done.stdout) == (1, "") and done.stderr.startswith(ERRORS[command]), done
    assert stdout(cluster, "get svc,pods,deploy,nodes -A -o json") == before


HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\r\nsecond\x08\x07\t\u202e"


def test_hostile_texts_stay_text(cluster: kx.Cluster) -> None:
    value = json.dumps({"metadata": {"annotations": {"note": HOSTILE}}})
    assert run(cluster, ["patch", "svc", "web", "-p", value]).rc == 0
    assert cluster.service("web").annotations["note"] == HOSTILE
    described = stdout(cluster, "describe svc web")
    assert "\x1b" not in described and "^[[31m" in described and "\r" not in described
    assert "\x1b" not in stdout(cluster, "get svc web -o yaml") + stdout(cluster, "get svc web -o json")
    cluster.report(Event(0, "Normal", "R", HOSTILE, "service/web"))
    assert "\x1b" not in stdout(cluster, "get events") and "\r" not in stdout(cluster, "get events")


WORDS = st.sampled_from(
    "get describe create apply patch delete scale expose replace svc svc/web pods all -o yaml json wide -A -n -l -f - "
    "--replicas 3 -p {} [] --type merge json app=web ( ! = '' a/b/c --dry-run=client service nodeport --tcp :: -- --all web".split()
)


@given(st.lists(WORDS | st.text(max_size=8), max_size=7), st.text(max_size=30))
def test_nothing_is_raised(words: list[str], stdin: str) -> None:
    made = kx.Cluster(nodes=1, provider=None)
    made.apply(WEB % "NodePort")
    done = run(made, words, stdin)
    assert isinstance(done, Completed) and (done.rc == 0 or done.stderr)
