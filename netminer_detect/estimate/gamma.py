"""The 95 % interval of a rate from a count of shares.

Contract: shares come as a Poisson process, so the true number behind n counted ones lies, with 95 %, between the 2.5 %
and the 97.5 % quantile of the Gamma distribution of shape n. `bounds(n)` gives both as fractions of n: 1 share says
0.025 to 3.69 of itself, 10 say 0.48 to 1.71, 400 say 0.90 to 1.10. n is 1 or more; the relative error is below 1e-9.

The quantile is found by Newton's method on the regularised incomplete gamma function, taken from its series below the
mean and its continued fraction above (Abramowitz and Stegun 6.5.29, 6.5.31), from Wilson's and Hilferty's
approximation; beyond NORMAL_SHAPE that approximation is itself exact enough.
"""

from __future__ import annotations

import math
from functools import lru_cache

LOW, HIGH = 0.025, 0.975
# The normal distribution's 97.5 % quantile.
_Z = 1.959963984540054
NORMAL_SHAPE = 200_000
_STEPS = 50
_PRECISE = 1e-14
_TINY = 1e-300


@lru_cache(maxsize=4096)
def bounds(shares: int) -> tuple[float, float]:
    """See the module's contract."""
    return _quantile(shares, LOW, -_Z) / shares, _quantile(shares, HIGH, _Z) / shares


def _quantile(shape: int, probability: float, normal: float) -> float:
    """Where the distribution function of Gamma(shape) reaches the probability; `normal` is the normal quantile."""
    ninth = 1 / (9 * shape)
    x = shape * max(1 - ninth + normal * math.sqrt(ninth), 0.1) ** 3
    if shape > NORMAL_SHAPE:
        return x
    for _ in range(_STEPS):
        density = math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape))
        step = (_lower(shape, x) - probability) / density
        # Half way to 0 at most: the function is steep there.
        step = min(step, x / 2)
        x -= step
        if abs(step) < x * 1e-13:
            break
    return x


def _lower(shape: int, x: float) -> float:
    """The regularised lower incomplete gamma function P(shape, x)."""
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    return front * _series(shape, x) if x < shape + 1 else 1 - front * _fraction(shape, x)


def _series(shape: int, x: float) -> float:
    term = total = 1 / shape
    n = shape
    while term > total * _PRECISE:
        n += 1
        term *= x / n
        total += term
    return total


def _fraction(shape: int, x: float) -> float:
    """Lentz's evaluation of the continued fraction."""
    b = x + 1 - shape
    c = 1 / _TINY
    d = result = 1 / b
    n = 0
    while True:
        n += 1
        a = n * (shape - n)
        b += 2
        d = a * d + b
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = b + a / c
        c = c if abs(c) > _TINY else _TINY
        result *= c * d
        if abs(c * d - 1) < _PRECISE or n == shape:
            return result
