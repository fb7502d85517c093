"""How likely recorded counts are under exact probabilities, with nothing but `math`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction


def chi_square(counts: Mapping[str, int], probabilities: Mapping[str, Fraction]) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom; infinite where something happened that cannot."""
    total = sum(counts.values())
    if any(count and not probabilities.get(name) for name, count in counts.items()):
        return math.inf, 1
    possible = {name: float(share) * total for name, share in probabilities.items() if share}
    statistic = sum((counts.get(name, 0) - mean) ** 2 / mean for name, mean in possible.items() if mean)
    return statistic, len(possible) - 1


def survival(statistic: float, freedom: int) -> float:
    """P(chi-square with `freedom` degrees >= statistic): the regularised upper incomplete gamma function."""
    if statistic <= 0 or freedom <= 0:
        return 1.0 if statistic <= 0 else 0.0
    if math.isinf(statistic):
        return 0.0
    a, x = freedom / 2, statistic / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for k in range(1, 10_000):
        term *= x / (a + k)
        total += term
        if term < total * 1e-15:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """Lentz's continued fraction."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    value = d
    for k in range(1, 10_000):
        step = -k * (k - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value
