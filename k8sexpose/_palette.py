"""One colour, one marker and one label for each concept of the course, the same in every picture.

The colours are those of Okabe and Ito, which colour-blind eyes tell apart; the marker and the label say the same again.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BREAK_EVEN", "BYTES", "CONCEPTS", "POLICY_CONCEPTS", "Concept"]


@dataclass(frozen=True, slots=True)
class Concept:
    """How one thing looks.

    Parameters
    ----------
    label : str
        Its name in legends.
    color : str
        Hex value.
    marker : str
        matplotlib's marker.
    line : str
        matplotlib's line style.

    Examples
    --------
    >>> CONCEPTS["Pod"].marker
    'h'
    """

    label: str
    color: str
    marker: str
    line: str = "-"


# The keys are the kinds of a `Hop` too.
CONCEPTS = {
    "client": Concept("client", "#0072B2", "o"),
    "cloud": Concept("cloud", "#999999", "d"),
    "load balancer": Concept("load balancer", "#CC79A7", "D"),
    "node": Concept("node", "#009E73", "s"),
    "Pod": Concept("Pod", "#56B4E9", "h"),
    "Service": Concept("Service", "#8C6D31", "8"),
    "node port": Concept("node port", "#F0E442", "p"),
    "shared entry": Concept("one shared entry", "#9B5FA8", "v", "--"),
    "gateway": Concept("a gateway in the cluster", "#7570B3", "^", "-."),
    "extra hop": Concept("extra hop", "#E69F00", ">", "--"),
    "dropped": Concept("dropped", "#D55E00", "X", ":"),
    "nowhere": Concept("nobody there", "#D55E00", "X", ":"),
}

# What is compared looks like none of the things above: a policy is no node, and no Pod; nor are bytes, or a point
# where two lines cross. All colours hold on a dark ground and on a light one.
POLICY_CONCEPTS = {
    "Cluster": Concept("Cluster", "#7A8290", "<", "--"),
    "Local": Concept("Local", "#A6761D", "P"),
}
BREAK_EVEN = Concept("break-even", "#FFFFFF", "*")
BYTES = Concept("bytes", "#B5CF6B", "1")
