"""Flags: read as kubectl reads them, and each with an answer."""

from __future__ import annotations

import pytest

import k8sexpose as kx
from k8sexpose.kubectl import run
from k8sexpose.kubectl.commands import COMMANDS
from k8sexpose.kubectl.flags import flags, read_flags
from k8sexpose.kubectl.result import KubectlError
from tests.kubectl.helpers import stdout

KNOWN = flags("output/o= all-namespaces/A? port#-1 tcp+ image* dry-run=none|unchanged namespace/n= wait?true")


@pytest.mark.parametrize(
    ("words", "attribute", "value"),
    [
        ("-o yaml", "output", "yaml"), ("-oyaml", "output", "yaml"), ("-o=yaml", "output", "yaml"),
        ("--output yaml", "output", "yaml"), ("--output=yaml", "output", "yaml"), ("-Aoyaml", "output", "yaml"),
        ("-Aoyaml", "all_namespaces", True), ("--wait=false", "wait", False), ("--wait", "wait", True),
        ("", "wait", True), ("--port=-3", "port", -3), ("--tcp=80,443 --tcp 8080", "tcp", ["80", "443", "8080"]),
        ("--image a,b --image c", "image", ["a,b", "c"]), ("--dry-run svc", "args", ["svc"]),
        ("a -n b c -- -x", "args", ["a", "c", "-x"]), ("-", "args", ["-"]), ("-o -", "output", "-"),
    ],
)  # fmt: skip
def test_flags_and_words_in_any_order(words: str, attribute: str, value: object) -> None:
    assert getattr(read_flags(words.split(), KNOWN), attribute) == value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--foo", "unknown flag: --foo"), ("-x", "unknown shorthand flag: 'x' in -x"),
        ("-Ax", "unknown shorthand flag: 'x' in -x"), ("-o", "flag needs an argument: 'o' in -o"),
        ("--output", "flag needs an argument: --output"), ("--=x", "bad flag syntax: --=x"),
        ("--port=x", 'invalid argument "x" for "--port" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        ("-A=x", 'invalid argument "x" for "-A, --all-namespaces" flag: strconv.ParseBool: parsing "x": invalid '),
    ],
)  # fmt: skip
def test_flags_that_cannot_be_read(words: str, message: str) -> None:
    with pytest.raises(KubectlError) as caught:
        read_flags(words.split(), KNOWN)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_of_kubectl_has_an_answer(cluster: kx.Cluster, name: str) -> None:
    """What kubectl has and the model has not is never answered as if kubectl had it not."""
    command = COMMANDS[name]
    for flag in command.flags.values():
        value = {"#": "1", "?": "true"}.get(flag.kind, "x")
        done = run(cluster, [*name.split(), f"--{flag.name}={value}"])
        if flag.name == "help":
            assert done.rc == 0 and done.stdout.startswith(command.about)
            continue
        assert "unknown flag" not in done.stderr
        refused = flag.name in command.refused
        assert (done.stderr == f"error: k8sexpose does not model --{flag.name}\n") == refused, done


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command(cluster: kx.Cluster, name: str) -> None:
    text = stdout(cluster, f"{name} --help")
    assert text == stdout(cluster, f"help {name}") == stdout(cluster, f"{name} -h")
    assert f"kubectl {name}" in text and all(f"--{flag}" in text for flag in flags(COMMANDS[name].modelled))


def test_help_lists_the_commands(cluster: kx.Cluster) -> None:
    text = stdout(cluster, "--help")
    assert all(f"  {name}  " in text for name in COMMANDS)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("apply -f - --server-side", "k8sexpose does not model --server-side"),
        ("get svc -k x", "k8sexpose does not model --kustomize"),
        ("get svc -o go-template={{.kind}}", "k8sexpose does not model -o go-template; it has -o custom-columns, "),
        ("get svc -o kyaml", "k8sexpose does not model -o kyaml; it has"),
        ("apply edit-last-applied svc/web", "k8sexpose does not model kubectl apply edit-last-applied"),
        ("rollout undo deploy/web", "k8sexpose does not model kubectl rollout undo"),
        ("delete svc web --cascade=orphan", "k8sexpose does not model --cascade=orphan"),
        ("create ingress x", 'k8sexpose cannot create "ingress" from words; it has service, deployment, and -f FILE'),
        ("create service foo x", "unknown command \"foo x\"\nSee 'kubectl create service -h' for help and examples"),
    ],
)
def test_what_is_not_modelled_says_so(cluster: kx.Cluster, command: str, message: str) -> None:
    done = run(cluster, command)
    assert done.rc == 1 and done.stderr.startswith(f"error: {message}"), done
