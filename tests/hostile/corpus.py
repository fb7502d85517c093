"""What fuzzed inputs are made of: tokens, values, real texts and objects, and ways to damage them."""

from __future__ import annotations

import contextlib
import copy
import datetime
import json
import math
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from k8sexpose.data import EXAMPLES

CASES = Path(__file__).parents[1] / "conformance" / "apiserver-cases.json"
TOKENS = [
    "---\n", "...\n", "&a ", "*a", "<<: *a", "<<", "!!binary ", "!!python/object/apply:os.system ", "!!float ", "!x ",
    "!<tag:yaml.org,2002:int> ", "%YAML 1.3\n", "\t", "\0", "\r", "\r\n", "\ufeff", "\ud800", "\udfff", "\u2028", "\x85",
    "\x1b[31m", "\u202e", "{", "}", "[", "]", ",", ": ", "? ", "- ", "|\n", ">-\n", "'", '"', "\\u0000", "\\ud800", "#",
    "@", "`", "null", "~", "yes", ".inf", "-.inf", ".nan", "NaN", "Infinity", "1e999", "-0", "0x7fffffffffffffff", "0o17",
    "1_000", "99999999999999999999", "-2147483649", "4294967296", "1e-7", "2026-01-01", "12:30:45", "=", "\U0001f600",
    "٣", "²", "\n", " ", "  ", "../../etc/passwd", "x.yaml", "$patch: delete", "$setElementOrder/ports", "List", "items",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 80, 65535, 65536, 2**31, -(2**31) - 1, 2**63, 2**64, 10**30, 1.5, -0.0, 1e21, 1e308,
    math.inf, -math.inf, math.nan, "", " ", "None", "x", "X", "a" * 300, "\0", "\ud800", "\ufeff", "\x1b]0;x\x07", "<b>x",
    "10.0.0.1", "10.96.0.1", "::1", "::ffff:10.0.0.1", "10.0.0.0/8", "300.1.1.1", "010.0.0.1", "fe80::1%eth0", "80", "٣",
    "http", "TCP", "tcp", "Local", "Cluster", "ClientIP", "ExternalName", "LoadBalancer", "NodePort", "ClusterIP",
    "2026-01-01T00:00:00Z", "aws:///eu-west-1a/i-1", "gce://p/europe-west1-b/n", [], {}, [None], [[]], [{}], {"": ""},
    {"a": {"b": {"c": None}}}, {"$patch": "delete"}, {"$patch": "replace"}, [{"$patch": "delete", "port": 80}],
    {"apiVersion": "v1", "kind": "List", "items": []}, {"$retainKeys": ["x"]}, ["10.96.0.5", "fd00::1"],
]  # fmt: skip
# What only Python can put into a mapping: yaml.safe_load makes dates, a slip makes the others.
STRANGE: list[Any] = [datetime.date(2026, 1, 1), b"x", (1, 2), {1: 2}, {None: None}, {True: "x"}, {1, 2}, 1j, object]
FIELDS = """apiVersion kind metadata name namespace labels annotations generateName finalizers ownerReferences spec type
    ports port targetPort nodePort protocol appProtocol selector clusterIP clusterIPs externalIPs sessionAffinity
    sessionAffinityConfig clientIP timeoutSeconds loadBalancerIP loadBalancerSourceRanges externalName ipFamilies
    externalTrafficPolicy internalTrafficPolicy healthCheckNodePort publishNotReadyAddresses ipFamilyPolicy status
    allocateLoadBalancerNodePorts loadBalancerClass trafficDistribution loadBalancer ingress ip hostname addresses
    endpoints conditions nodeName zone podCIDR providerID taints items replicas template containers""".split()
WORDS = """get describe create apply replace patch expose delete scale svc services pods po nodes no deploy deployment ep
    endpointslices events all -o wide yaml json name -n default kube-system -A -l app=web app!=x --show-labels -f - x.yaml
    --dry-run --dry-run=server --dry-run=client --validate=false --tcp 80:8080 80 --node-port 30010 --clusterip None
    --external-name x.y --image nginx --replicas 2 -1 --port --target-port http --protocol UDP --type LoadBalancer
    --type=json --type=merge -p --name --selector --labels a=b --session-affinity ClientIP --cluster-ip --external-ip
    10.0.0.9 --load-balancer-ip --all --ignore-not-found --cluster mine -w --watch web api-backend public-api-lb nope
    svc/web deployment/api-backend {cluster} $cluster {} ' " \\ ; | `id` $(id) && > < # -- = loadbalancer nodeport
    -m 5 -s -i -S --client pod/api-backend-1 node/node-1 --from http://10.0.0.1:30080 http://web http://10.96.0.1
    10.0.0.1:30080 [::1]:80 http://[::1] http://a:b http://x@y:1/ http://10.0.0.1:99999 http://0x7f.1 //// :80""".split()
PRICES = """[aws.nlb]
nlb_hour = 0.02
[gcp.passthrough_network_lb]
[[prices.aws.nlb.nlcu_hour]]
price = 0.006
currency = "USD"
unit = "NLCU-hour"
region = "us-east-1"
tier = [0, 10]
source = "mine"
as_of = "2026-01-01"
[book]
hours_per_month = 730
every_region = ["all"]
as_of = "2026"
[providers.aws]
currency = "USD"
default_region = "us-east-1"
regions = ["us-east-1"]
[quotas.aws.nlb]
value = 50
adjustable = true
source = "s"
as_of = "2026"
[capacity_units.nlcu_tcp]
new_connections_per_s = 800
[sources.s]
title = "mine"
"""


@dataclass
class Corpus:
    """The real texts and objects that are mutated."""

    texts: list[str] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)

    @classmethod
    def load(cls) -> Corpus:
        texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.yaml"))]
        cases = json.loads(CASES.read_text(encoding="utf-8"))
        for case in cases:
            texts += [step["manifest"] for step in (case, *case.get("steps", ())) if step.get("manifest")]
        texts = sorted(set(texts))
        objects = []
        for text in texts:
            with contextlib.suppress(yaml.YAMLError, ValueError):
                objects += [value for value in yaml.safe_load_all(text) if isinstance(value, dict)]
        dump = json.loads((EXAMPLES / "sample-cluster.json").read_text(encoding="utf-8"))
        return cls([text for text in texts if len(text) < 20_000], objects, dump["items"])


def mangled(rng: random.Random, text: str, others: list[str]) -> str:
    """Change a text in a few places, like a slip, a bad copy, or somebody who means harm."""
    for _ in range(1 + int(rng.expovariate(0.5))):
        at, until = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        until = min(until, at + int(rng.expovariate(0.05)))
        match rng.randrange(8):
            case 0:
                text = text[:at] + text[until:]
            case 1 | 2:
                text = text[:at] + rng.choice(TOKENS) + text[at:]
            case 3:
                text = text[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x110000)))) + text[at + 1 :]
            case 4:
                text = text[:at] + text[at:until] * rng.randrange(2, 5) + text[until:]
            case 5:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                text = text[:at] + other[start : start + rng.randrange(200)] + text[until:]
            case 6:
                lines = text.split("\n")
                number = rng.randrange(len(lines))
                lines[number] = rng.choice((lines[number].lstrip(), "  " + lines[number], rng.choice(lines), ""))
                text = "\n".join(lines)
            case 7:
                words = re.split(r"(\W+)", text)
                number = rng.randrange(len(words))
                words[number] = str(rng.choice(VALUES))
                text = "".join(words)
    return text


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """List every (container, key) of an object."""
    if isinstance(value, dict):
        for key, item in value.items():
            found.append((value, key))
            places(item, found)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found.append((value, number))
            places(item, found)
    return found


def twisted(rng: random.Random, value: Any, donors: list[Any], strange: bool = False) -> Any:
    """Change an object in a few places: another value, another key, one more, one less."""
    value = copy.deepcopy(value)
    for _ in range(1 + int(rng.expovariate(0.6))):
        there = places(value, [])
        if not there:
            return rng.choice(VALUES)
        owner, key = rng.choice(there)
        match rng.randrange(7):
            case 0 | 1:
                owner[key] = copy.deepcopy(rng.choice(STRANGE if strange and rng.random() < 0.2 else VALUES))
            case 2:
                del owner[key]
            case 3 if isinstance(owner, dict):
                owner[rng.choice(FIELDS)] = copy.deepcopy(rng.choice(VALUES))
            case 3:
                owner.insert(key, copy.deepcopy(rng.choice(owner)))
            case 4:
                other, place = rng.choice(places(rng.choice(donors), []) or [(VALUES, 0)])
                owner[key] = copy.deepcopy(other[place])
            case 5 if isinstance(owner, dict):
                owner[rng.choice((str(rng.choice(VALUES)), rng.choice(FIELDS)))] = owner.pop(key)
            case 5:
                owner.extend(copy.deepcopy(owner[:50]))
            case 6 if isinstance(owner[key], str) and owner[key]:
                owner[key] = mangled(rng, owner[key], TOKENS)
            case 6:
                owner[key] = [owner[key]] if rng.random() < 0.5 else {"x": owner[key]}
    return value


def large(rng: random.Random) -> str:
    """Write about 100 KB to 1 MB that is small trouble multiplied."""
    size = rng.choice((100_000, 300_000, 1_000_000))
    port = "{name: p%d, port: %d, nodePort: %d}, "
    head = "apiVersion: v1\nkind: Service\nmetadata: {name: big%s}\nspec:\n  type: NodePort\n  ports: [%s]\n"
    few = "{port: 80}"
    match rng.randrange(10):
        case 0:
            many = (port % (n, n % 65535 + 1, rng.randrange(30000, 32767)) for n in range(size // 40))
            return head % ("", "".join(many))
        case 1:
            return rng.choice("[{") * size
        case 2:
            return "a: " + "[" * rng.randrange(200) + "x" * size
        case 3:
            lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, size // 120))
            return "a0: &a0 [x, x]\n" + lists
        case 4:
            return "---\n".join([head % (rng.randrange(9), few)] * (size // 90))
        case 5:
            return head % (f", labels: {{{', '.join(f'k{n}: v' for n in range(size // 9))}}}", few)
        case 6:
            return head % (f", annotations: {{a: '{'y' * size}'}}", few)
        case 7:
            return json.dumps({"items": [{"kind": "Pod", "metadata": {"name": f"p{n}"}} for n in range(size // 50)]})
        case 8:
            return "- " * (size // 2)
        case _:
            return head % ("", few) + f"  x{'1' * rng.choice((10, 5000))}: {'9' * size}\n"
