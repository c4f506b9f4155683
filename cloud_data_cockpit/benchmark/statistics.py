"""Which of several values can be told apart, how fast each is, and how sure that is: bootstrap over whole rounds.

A round measures every value once, in random order. What the machine did in that round is common to all its
measurements and is taken out as the round's effect (a randomised block design); what remains is noise, pooled over
all values on the logarithmic scale. From it are drawn the widest studentised difference that noise alone would show
between as many values (as in Tukey's test, but without the normal distribution), and the intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TELL_APART = 0.99
INTERVAL = 0.95
MARGIN = 0.02
"""Values less than 2 % apart are as fast as each other, however surely that is measured."""
DRAWS = 4000


@dataclass(frozen=True)
class Comparison:
    """Speeds of `values` from the same rounds: logarithmic means, and draws of what they might be (draws x values)."""

    values: tuple[int, ...]
    rounds: int
    means: Floats
    draws: Floats
    least: float
    """The smallest difference on the logarithmic scale that tells two values of common noise apart."""
    weights: Floats
    """How much more than the common variance each value shows; at least 1."""

    def apart(self, one: int, other: int) -> bool:
        """Whether `one` and `other` can be told apart."""
        first, second = self.values.index(one), self.values.index(other)
        weight = float(np.sqrt((self.weights[first] + self.weights[second]) / 2))
        least = max(self.least * weight, float(np.log1p(MARGIN)))
        return abs(float(self.means[first] - self.means[second])) > least

    def fastest(self) -> int:
        """The value with the largest mean."""
        return self.values[int(np.argmax(self.means))]

    def as_fast(self) -> list[int]:
        """The values that cannot be told apart from the fastest."""
        return [value for value in self.values if not self.apart(value, self.fastest())]

    def speed(self, value: int) -> tuple[float, float, float]:
        """(mean, low, high) of the speed of `value`, with its 95 % interval."""
        place = self.values.index(value)
        return float(np.exp(self.means[place])), *_interval(self.draws[:, place])

    def gain(self, value: int, other: int) -> tuple[float, float, float]:
        """(ratio, low, high) of the speed of `value` to that of `other`."""
        one, two = self.values.index(value), self.values.index(other)
        ratio = float(np.exp(self.means[one] - self.means[two]))
        return ratio, *_interval(self.draws[:, one] - self.draws[:, two])


def compare(speeds: Mapping[int, Sequence[float]], seed: int) -> Comparison:
    """Compare values by their speeds, one for each round and as many for every value.

    With a single round nothing can be told apart.
    """
    values = tuple(speeds)
    logs = np.log(np.array([speeds[value] for value in values], dtype=np.float64).T)
    rounds, number = logs.shape
    means = logs.mean(axis=0)
    noise = _residuals(logs)
    rng = np.random.default_rng(seed)
    if rounds < 2:
        return Comparison(values, rounds, means, np.tile(means, (2, 1)), float("inf"), np.ones(number))
    degrees = max(1, (rounds - 1) * max(1, number - 1))
    pool = noise.ravel() * np.sqrt(noise.size / degrees)
    drawn = rng.choice(pool, size=(DRAWS, rounds, number))
    errors = drawn.mean(axis=1)
    weights = _weights(noise, degrees)
    least = _critical(drawn, errors, noise, degrees)
    return Comparison(values, rounds, means, means + errors * np.sqrt(weights), least, weights)


def _critical(drawn: Floats, errors: Floats, noise: Floats, degrees: int) -> float:
    """The difference of two means that noise alone exceeds in 1 of 100 sweeps, over all pairs."""
    spread = float(np.sqrt((noise**2).sum() / degrees))
    if drawn.shape[2] < 2 or spread < 1e-12:
        return 0.0
    rest = drawn - drawn.mean(axis=1, keepdims=True) - drawn.mean(axis=2, keepdims=True)
    rest = rest + drawn.mean(axis=(1, 2))[:, None, None]
    own = np.sqrt((rest**2).sum(axis=(1, 2)) / degrees)
    sound = own > 1e-12
    ranges = (errors.max(axis=1) - errors.min(axis=1))[sound] / own[sound]
    return float(np.quantile(ranges, TELL_APART)) * spread


def _weights(noise: Floats, degrees: int) -> Floats:
    """A value may be noisier than the others, as one long read is beside many short ones: that counts against it."""
    common = (noise**2).sum() / degrees
    if common < 1e-24:
        return np.ones(noise.shape[1])
    own = (noise**2).sum(axis=0) / (degrees / noise.shape[1])
    weights: Floats = np.maximum(1.0, own / common)
    return weights


def _residuals(logs: Floats) -> Floats:
    """What neither the value nor the round explains; with one value, what its mean does not."""
    if logs.shape[1] == 1:
        alone: Floats = logs - logs.mean()
        return alone
    rest: Floats = logs - logs.mean(axis=0) - logs.mean(axis=1, keepdims=True) + logs.mean()
    return rest


def _interval(logs: Floats) -> tuple[float, float]:
    low, high = np.quantile(logs, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(np.exp(low)), float(np.exp(high))
