"""A function sampled for drawing: where it is defined, how high it goes, and its notable points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.render.errors import SceneInvalidError
from workers.render.plot_expression import PlotExpression

Values = npt.NDArray[np.float64]

SAMPLES = 601
MOST_FEATURES = 4
STEEP = 0.35
"""A jump between neighbouring samples by more than this part of the height is a pole, not a slope."""


@dataclass(frozen=True)
class Feature:
    """A point worth showing: what it is called, and where it is."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Curve:
    """The unbroken branches of a function over `left` to `right`, within `low` to `high`."""

    left: float
    right: float
    low: float
    high: float
    branches: list[tuple[Values, Values]]
    features: list[Feature]


def sample(expression: PlotExpression, left: float, right: float) -> Curve:
    """Samples the function. Raises SceneInvalidError when the interval is empty or the function is nowhere defined."""
    if not (math.isfinite(left) and math.isfinite(right)) or not 1e-6 < right - left < 1e9:
        raise SceneInvalidError("a plot's interval runs from x_min to a larger x_max, 1e-6 to 1e9 apart")
    x = np.linspace(left, right, SAMPLES)
    y = expression.values(x)
    defined = y[np.isfinite(y)]
    if defined.size < 2:
        raise SceneInvalidError("the plotted function is not defined on its interval")
    if max(abs(float(defined.min())), abs(float(defined.max()))) > 1e200:
        defined = np.clip(defined, -1e200, 1e200)
    low, high = _range(defined)
    branches = _branches(x, y, low, high)
    if not branches:
        raise SceneInvalidError("the plotted function is not defined on its interval")
    return Curve(left, right, low, high, branches, _features(x, y, low, high))


def _range(values: Values) -> tuple[float, float]:
    """Lowest and highest value to show: all of them, unless a few are far beyond the rest as near a pole."""
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(part) for part in np.percentile(values, [4, 96]))
    spread = inner_high - inner_low
    if spread > 0 and high - low > 6 * spread:
        low, high = max(low, inner_low - spread), min(high, inner_high + spread)
    if low >= 0 and low < 0.4 * high:
        low = 0.0
    if high <= 0 and high > 0.4 * low:
        high = 0.0
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - max(1.0, abs(low) * 0.5), high + max(1.0, abs(high) * 0.5)
    margin = 0.06 * (high - low)
    return (low if low == 0.0 else low - margin), (high if high == 0.0 else high + margin)


def _branches(x: Values, y: Values, low: float, high: float) -> list[tuple[Values, Values]]:
    inside = np.isfinite(y) & (y >= low) & (y <= high)
    steps = np.abs(np.diff(np.where(np.isfinite(y), y, 0.0)))
    joined = inside[:-1] & inside[1:] & (steps <= STEEP * (high - low))
    branches: list[tuple[Values, Values]] = []
    start: int | None = None
    for index in range(len(x)):
        linked = index < len(x) - 1 and bool(joined[index])
        if linked and start is None:
            start = index
        elif not linked and start is not None:
            branches.append((x[start : index + 1], y[start : index + 1]))
            start = None
    return branches


def _features(x: Values, y: Values, low: float, high: float) -> list[Feature]:
    """Turning points, then zeros, as long as they are few."""
    safe = np.where(np.isfinite(y), y, np.nan)
    slope = np.diff(safe)
    calm = np.abs(slope) <= STEEP * (high - low)
    found: list[Feature] = []
    for index in range(1, len(slope)):
        if calm[index - 1] and calm[index] and slope[index - 1] * slope[index] < 0:
            name = "maximum" if slope[index] < 0 else "minimum"
            found.append(_turning(name, x, safe, index))
    for index in np.flatnonzero(calm & (safe[:-1] * safe[1:] < 0)).tolist():
        share = safe[index] / (safe[index] - safe[index + 1])
        found.append(Feature("zero", float(x[index] + share * (x[index + 1] - x[index])), 0.0))
    found += [Feature("zero", float(x[i]), 0.0) for i in np.flatnonzero(safe == 0) if 0 < i < len(x) - 1]
    kept = [feature for feature in found if low <= feature.y <= high]
    distinct: list[Feature] = []
    for feature in kept:
        if all(abs(feature.x - other.x) > (x[-1] - x[0]) / 100 for other in distinct):
            distinct.append(feature)
    return distinct if len(distinct) <= MOST_FEATURES else []


def _turning(name: str, x: Values, y: Values, index: int) -> Feature:
    """The vertex of the parabola through a sample and its neighbours."""
    before, here, after = (float(value) for value in y[index - 1 : index + 2])
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend else 0.0
    place = float(x[index] + shift * (x[1] - x[0]))
    return Feature(name, place, here - 0.25 * (before - after) * shift)
