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
from .cost_warning.savings import Savings, ingress_bill, save
from .feedback import Feedback
from .install import check_install
from .loadbalancer.offices import Doors, offices
from .loadbalancer.pending import Pending, pending_cases, why_pending
from .local.five_cases import FiveCases, five_cases, which_policy
from .misconceptions import misconceptions
from .nodeport.repair import Repairs, repair
from .own_numbers import Exercise, exercise
from .sheet import predict, progress, reset_answers
from .skew_and_latency.questions import Moved, stand
from .ways_out.decisions import clusters_of_case, decide, five_clusters
from .your_cluster.mend import BringDump, Mended, bring_dump, mend
from .your_cluster.placement import PodsByLabel, pods_by_label

# Last: the exercise `ways_out` is what `lessons` offers, and the folder of that name has been imported by now.
from .skew_and_latency.questions import ways_out  # isort: skip

__all__ = [
    "BringDump",
    "ClassReport",
    "Doors",
    "Exercise",
    "Feedback",
    "FiveCases",
    "Mended",
    "Moved",
    "Pending",
    "PodsByLabel",
    "Repairs",
    "Savings",
    "ask",
    "bring_dump",
    "check",
    "check_install",
    "class_report",
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
    "pods_by_label",
    "predict",
    "progress",
    "repair",
    "reset_answers",
    "save",
    "stand",
    "ways_out",
    "which_policy",
    "why_pending",
]
