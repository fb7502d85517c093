"""Predictions, checks and exercises: the learner commits to an answer, the model says what is true.

`predict` keeps an answer and says nothing about it. `check` computes the right answer with the model, and gives
feedback for the very belief behind a wrong one. `progress` is the table to hand in. None of them ever raises.

A lesson's questions stand in a module of their own (`start`, `nodeport`); to add one, write a `Question` there.
"""

from __future__ import annotations

from .cost_warning.savings import Savings, ingress_bill, save
from .feedback import Feedback
from .install import check_install
from .loadbalancer.offices import Doors, offices
from .loadbalancer.pending import Pending, pending_cases, why_pending
from .local.five_cases import FiveCases, five_cases, which_policy
from .misconceptions import misconceptions
from .nodeport.repair import Repairs, repair
from .own_numbers import Exercise, exercise
from .sheet import check, predict, progress
from .skew_and_latency.questions import Moved, stand, ways_out
from .ways_out.decisions import clusters_of_case, decide, five_clusters
from .your_cluster.mend import BringDump, Mended, bring_dump, mend

__all__ = [
    "BringDump",
    "Doors",
    "Exercise",
    "Feedback",
    "FiveCases",
    "Mended",
    "Moved",
    "Pending",
    "Repairs",
    "Savings",
    "bring_dump",
    "check",
    "check_install",
    "clusters_of_case",
    "decide",
    "exercise",
    "five_cases",
    "five_clusters",
    "ingress_bill",
    "mend",
    "misconceptions",
    "offices",
    "pending_cases",
    "predict",
    "progress",
    "repair",
    "save",
    "stand",
    "ways_out",
    "which_policy",
    "why_pending",
]
