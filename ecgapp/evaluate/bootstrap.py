"""The percentile bootstrap over records, with many draws at once.

A draw is a vector of weights: the number of times that each record was drawn (with replacement, as many
as there are). A statistic of weights is computed for a whole block of draws by cumulative sums and matrix
products, instead of a thousand times on resampled rows.

Draws in which a figure is undefined (a label without positives, for example) are left out of that figure's
interval, which has the same effect as drawing again until it is defined.
"""

from collections.abc import Callable, Iterator

import numpy as np

from ecgapp.evaluate.arrays import Floats
from ecgapp.models.validation_figures import Interval

FEWEST_DRAWS = 20  # fewest draws with a defined figure for an interval
BLOCK = 1 << 18  # weights in memory at once: 2 MB of float64, which fits into the cache

Statistic = Callable[[Floats], Floats]  # weights (n_records, n_draws) -> values (..., n_draws)


def draw_weights(n_records: int, n_draws: int, seed: int) -> Iterator[Floats]:
    """Yields blocks of weights, each float64 (n_records, up to n_draws), n_draws columns in all."""
    rng = np.random.default_rng(seed)
    block = max(1, BLOCK // max(1, n_records))
    for first in range(0, n_draws, block):
        columns = min(block, n_draws - first)
        rows = rng.integers(0, n_records, size=(n_records, columns), dtype=np.int32)
        flat = rows * np.int64(columns) + np.arange(columns)
        yield np.bincount(flat.ravel(), minlength=n_records * columns).reshape(-1, columns).astype(np.float64)


def bootstrap_draws(statistic: Statistic, n_records: int, n_draws: int, seed: int) -> Floats:
    """The statistic in each draw: float64 (..., n_draws)."""
    return np.concatenate([statistic(w) for w in draw_weights(n_records, n_draws, seed)], axis=-1)


def bootstrap_interval(
    statistic: Statistic, n_records: int, n_bootstrap: int = 1000, seed: int = 0
) -> Interval | None:
    """A statistic with one value on all records, with its 95 % interval over draws of records.

    ``statistic`` maps weights (n_records, n_draws) to values (n_draws,). None if it is undefined.
    """
    value = float(statistic(np.ones((n_records, 1)))[..., 0]) if n_records else float("nan")
    return interval(value, bootstrap_draws(statistic, n_records, n_bootstrap, seed)) if n_records else None


def interval(value: float, draws: Floats | None) -> Interval | None:
    """``value`` with the 2.5th and 97.5th percentile of its ``draws``.

    None if the value is undefined, or defined in too few draws. Without draws the interval has no width,
    because it was not computed.
    """
    if np.isnan(value):
        return None
    if draws is None:
        return Interval(value, value, value)
    defined = draws[~np.isnan(draws)]
    if defined.size < FEWEST_DRAWS:
        return None
    low, high = np.percentile(defined, [2.5, 97.5])
    return Interval(value, float(low), float(high))
