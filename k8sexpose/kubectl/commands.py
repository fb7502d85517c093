"""The commands of kubectl and their flags: what the model does with each of them.

A flag is modelled, changes nothing here (how long to wait, how many objects a page has), or is not modelled; the last
kind is refused by its name, so that nobody learns that kubectl lacks it.

Source: ``kubectl COMMAND --help`` of kubectl 1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ..model import Cluster
from .changes import apply, create, patch, replace, scale
from .deleting import delete
from .flags import Flag, Options, flags
from .generators import create_deployment, create_service, expose
from .get_describe import describe, get
from .labelling import annotate, label
from .last_applied import set_last_applied, view_last_applied
from .result import Completed
from .rollout import restart, status

__all__ = ["COMMANDS", "GLOBAL", "Command"]

Run = Callable[[Cluster, Options, str], Completed]


@dataclass(frozen=True)
class Command:
    """One command.

    Parameters
    ----------
    run : callable, optional
        Does it; None for one that has only subcommands.
    usage : str
        The words behind its name.
    about : str
        What it does, for ``--help``.
    modelled, without_effect, not_modelled : str
        Its flags, as `k8sexpose.kubectl.flags.flags` reads them.

    Examples
    --------
    >>> COMMANDS["get"].flags["output"].short
    'o'
    """

    run: Run | None
    usage: str
    about: str
    modelled: str = ""
    without_effect: str = ""
    not_modelled: str = ""

    @cached_property
    def flags(self) -> dict[str, Flag]:
        """All of its flags, and those that every command has."""
        texts = (self.modelled, self.without_effect, self.not_modelled, *GLOBAL)
        return flags(" ".join(texts))

    @cached_property
    def refused(self) -> frozenset[str]:
        """Names of the flags that are not modelled."""
        return frozenset(flags(self.not_modelled)) | frozenset(flags(GLOBAL[2]))


# Flags of every command: modelled, without effect, not modelled.
GLOBAL = (
    "namespace/n= help/h?",
    "request-timeout=0 v/v# log-flush-frequency= match-server-version? disable-compression? cache-dir=",
    "as= as-group+ as-uid= as-user-extra+ certificate-authority= client-certificate= client-key= cluster= context= "
    "insecure-skip-tls-verify? kubeconfig= kuberc= password= profile= profile-output= server/s= tls-server-name= "
    "token= user= username= vmodule= warnings-as-errors?",
)
FORMAT = "allow-missing-template-keys?true show-managed-fields? "
FILES = "filename/f+ recursive/R? "
DRY = "dry-run=none|unchanged "
CHANGES = "output/o= " + DRY + "validate=true|strict "
MADE = FORMAT + "field-manager= validate=true|strict "
DELETED = "cascade=background|background timeout~ wait?true "

COMMANDS: dict[str, Command] = {
    "get": Command(
        get, "TYPE[,TYPE] [NAME ...] | TYPE/NAME ...", "Print objects: a table, or their text.",
        "output/o= all-namespaces/A? selector/l= field-selector= sort-by= show-labels? show-kind? no-headers? "
        "label-columns/L+ ignore-not-found? watch/w? watch-only?",
        FORMAT + "chunk-size#500 server-print?true", "filename/f+ kustomize/k= output-watch-events? raw= recursive/R? "
        "subresource= template=",
    ),
    "describe": Command(
        describe, "services [NAME | PREFIX ...]", "Describe Services, with their endpoints and events.",
        "all-namespaces/A? selector/l= show-events?true", "chunk-size#500", "filename/f+ kustomize/k= recursive/R?",
    ),
    "create": Command(
        create, "-f FILE | service TYPE NAME | deployment NAME", "Create objects from a file.",
        FILES + CHANGES + "save-config?", FORMAT + "field-manager= windows-line-endings?",
        "edit? kustomize/k= raw= selector/l= template= record?",
    ),
    "create service": Command(None, "clusterip|externalname|loadbalancer|nodeport NAME", "Create a Service."),
    "create deployment": Command(
        create_deployment, "NAME --image=IMAGE", "Create a Deployment; the model keeps no image.",
        "output/o= " + DRY + "image*  replicas/r#1 port#-1 save-config?", MADE, "template=",
    ),
    "apply": Command(
        apply, "-f FILE", "Create the objects of a file, or change what is different.",
        FILES + CHANGES, FORMAT + DELETED + "field-manager= grace-period#-1 openapi-patch?true overwrite?true",
        "all? applyset= force? force-conflicts? kustomize/k= prune? prune-allowlist+ selector/l= server-side? "
        "subresource= template= record?",
    ),
    "apply set-last-applied": Command(
        set_last_applied, "-f FILE", "Write the annotation in which apply keeps what was applied last.",
        "filename/f+ output/o= " + DRY + "create-annotation?", FORMAT, "template=",
    ),
    "apply view-last-applied": Command(
        view_last_applied, "TYPE/NAME | -f FILE", "Print what was applied last.", "output/o=yaml filename/f+", "",
        "all? kustomize/k= recursive/R? selector/l=",
    ),
    "replace": Command(
        replace, "-f FILE", "Put the objects of a file in place of those that are there.",
        FILES + CHANGES + "force? save-config?", FORMAT + DELETED + "field-manager= grace-period#-1",
        "kustomize/k= raw= subresource= template= record?",
    ),
    "patch": Command(
        patch, "service NAME -p PATCH [--type=strategic|merge|json]", "Change fields of a Service.",
        "patch/p= patch-file= type=strategic output/o= " + DRY, FORMAT + "field-manager=",
        "filename/f+ kustomize/k= local? recursive/R? subresource= template= record?",
    ),
    "expose": Command(
        expose, "deployment|pod|service NAME --port=PORT", "Create a Service for what is there already.",
        "port= target-port= protocol= type= name= selector= labels/l= session-affinity= cluster-ip= external-ip= "
        "load-balancer-ip= output/o= " + DRY + "save-config?", FORMAT + "field-manager=",
        "filename/f+ kustomize/k= override-type= overrides= recursive/R? template= record?",
    ),
    "delete": Command(
        delete, "TYPE NAME ... | TYPE -l SELECTOR | TYPE --all | -f FILE",
        "Delete objects. It never waits: time stands still until cluster.advance() is called.",
        FILES + "output/o= " + DRY + "all? all-namespaces/A? selector/l= field-selector= ignore-not-found? now? force? "
        "grace-period#-1 cascade=background|background", "timeout~ wait?true", "interactive/i? kustomize/k= raw=",
    ),
    "scale": Command(
        scale, "deployment NAME --replicas=COUNT", "Set how many Pods a Deployment has.",
        "replicas#0 current-replicas#-1 output/o= " + DRY, FORMAT + "timeout~",
        "all? filename/f+ kustomize/k= recursive/R? resource-version= selector/l= template= record?",
    ),
    "label": Command(
        label, "TYPE NAME ... KEY=VALUE ... KEY- ...", "Set or take away labels of Services, Pods and nodes.",
        "overwrite? all? selector/l= list? output/o= " + DRY, FORMAT + "field-manager=",
        "all-namespaces/A? field-selector= filename/f+ kustomize/k= local? record? recursive/R? resource-version= "
        "template=",
    ),
    "annotate": Command(
        annotate, "service NAME ... KEY=VALUE ... KEY- ...", "Set or take away annotations of Services.",
        "overwrite? all? selector/l= list? output/o= " + DRY, FORMAT + "field-manager=",
        "all-namespaces/A? field-selector= filename/f+ kustomize/k= local? record? recursive/R? resource-version= "
        "template=",
    ),
    "rollout": Command(None, "status|restart deployment NAME", "Follow or start the rollout of a Deployment."),
    "rollout status": Command(
        status, "deployment NAME", "Say whether all Pods of a Deployment are new and ready.", "watch/w?true",
        "timeout~", "filename/f+ kustomize/k= recursive/R? revision# selector/l=",
    ),
    "rollout restart": Command(
        restart, "deployment NAME", "Replace the Pods of a Deployment, one after the other.", "output/o=",
        FORMAT + "field-manager=", "filename/f+ kustomize/k= recursive/R? selector/l= template=",
    ),
}  # fmt: skip
for kind, about, extra in (
    ("clusterip", "Create a ClusterIP Service.", "clusterip="),
    ("nodeport", "Create a NodePort Service.", "node-port#0"),
    ("loadbalancer", "Create a LoadBalancer Service.", ""),
    ("externalname", "Create an ExternalName Service.", "external-name="),
):
    COMMANDS[f"create service {kind}"] = Command(
        create_service, "NAME [--tcp=PORT[:TARGET]]", about, f"tcp+ output/o= {DRY}save-config? {extra}", MADE,
        "template=",
    )  # fmt: skip
