"""Lessons: the learner commits to an answer, and the model says what is true.

`ask` shows a question with its controls, keeps the answer and says nothing about it. `check` computes the right answer
with the model, and gives feedback for the very belief behind a wrong one. `progress` lists the answers, and
`class_report` the beliefs of a class. None of the first three ever raises.

In reading order: `forms` has the kinds of questions and how an answer is read, `answer_file` keeps answers on disk,
`sheet` notes and judges them, `feedback` is the card with the verdict, `ask` draws the controls, `progress_table` and
`class_report` count, `misconceptions` lists the beliefs, `own_numbers` gives each student numbers of their own, and
`install` looks at the machine. Then a folder for each lesson, with its questions and exercises: `start`,
`nodeport`, `loadbalancer`, `cost_warning`, `extra_hop`, `local`, `skew_and_latency`, `ways_out`, `your_cluster`, and
`leaflets`. To add a question, write a `Question` in its lesson's folder.
"""

from __future__ import annotations

from .ask import ask, check
from .class_report import ClassReport, class_report
from .cost_warning.cost_tables import CostTable, idle_costs, zone_costs
from .cost_warning.ingress_costs import ingress_bill
from .cost_warning.savings import Savings, save
from .cost_warning.shared_entry import SharedEntry, shared_entry
from .extra_hop.billing import Billing, billing_service
from .extra_hop.hop_table import HopTable, hop_table
from .feedback import Feedback
from .install import check_install
from .loadbalancer.connections import Connections, connection_table
from .loadbalancer.health_checks import HealthChecks, health_checks
from .loadbalancer.pending import Pending, pending_cases, print_pending_cases, why_pending
from .loadbalancer.shop_front import ShopFront, shop_front
from .local.five_cases import FiveCases, five_cases, which_policy
from .local.placement import try_placement
from .misconceptions import misconceptions
from .nodeport.repair import Repairs, repair
from .own_numbers import Exercise, exercise
from .sheet import progress, reset_answers
from .skew_and_latency.questions import Moved, cluster_with
from .skew_and_latency.queues import crossovers, queues, response_time
from .ways_out.decisions import clusters_of_case, decide, five_clusters
from .your_cluster.mend import BringDump, Mended, bring_dump, mend
from .your_cluster.placement import PodsByLabel, pods_by_label

# Last: the exercise `ways_out` is what `lessons` offers, and the folder of that name has been imported by now.
from .ways_out.questions import ways_out  # isort: skip

__all__ = [
    "Billing",
    "BringDump",
    "ClassReport",
    "Connections",
    "CostTable",
    "Exercise",
    "Feedback",
    "FiveCases",
    "HealthChecks",
    "HopTable",
    "Mended",
    "Moved",
    "Pending",
    "PodsByLabel",
    "Repairs",
    "Savings",
    "SharedEntry",
    "ShopFront",
    "ask",
    "billing_service",
    "bring_dump",
    "check",
    "check_install",
    "class_report",
    "cluster_with",
    "clusters_of_case",
    "connection_table",
    "crossovers",
    "decide",
    "exercise",
    "five_cases",
    "five_clusters",
    "health_checks",
    "hop_table",
    "idle_costs",
    "ingress_bill",
    "mend",
    "misconceptions",
    "pending_cases",
    "pods_by_label",
    "print_pending_cases",
    "progress",
    "queues",
    "repair",
    "reset_answers",
    "response_time",
    "save",
    "shared_entry",
    "shop_front",
    "try_placement",
    "ways_out",
    "which_policy",
    "why_pending",
    "zone_costs",
]
