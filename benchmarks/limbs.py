"""Fits the model of swapped limb electrodes: ``python -m benchmarks.limbs --data FOLDER``.

FOLDER holds the unpacked PTB-XL, challenge and LUDB archives. Folds 1-7 of each (patient-wise) are fitted,
as recorded and with each swap done by algebra; nothing here is random. Prints ``EXPECTED`` and ``WEIGHTS`` of
``ecgapp/signals/quality/limbs.py``, and for a few limits how often a swap is named, rightly and wrongly, on
the folds that were fitted; ``python -m benchmarks.quality`` measures the others.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.ecgs import FITTED, records
from benchmarks.table import tell
from ecgapp.errors import EcgAppError
from ecgapp.signals.quality.lead_quality import lead_quality
from ecgapp.signals.quality.limbs import CHEST, LIMBS, SWAPS, WAVES, likeness, typical_waves

RIDGE = 0.01  # of the chest leads' mean power
SHRINK = 1e-4  # of the weights' squares
LIMITS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)

Beat = list[NDArray[np.float64]]


def beats(folder: Path) -> list[Beat]:
    """The waves of every record in the fitted folds that can be judged."""
    typical = []
    for one in records(folder, FITTED):
        sound = {lead.lead for lead in lead_quality(one.record) if lead.measurable and not lead.noisy}
        waves = typical_waves(one.record) if {*LIMBS, *CHEST} <= sound else None
        if waves is not None:
            typical.append(waves)
    return typical


def expected_limbs(typical: Sequence[Beat]) -> NDArray[np.float64]:
    """Ridge regression of I and II on V1-V6, each record's wave at one power: (3 waves, 2, 6)."""
    rows = []
    for number in range(len(WAVES)):
        waves = [beat[number] / np.sqrt(np.mean(beat[number] ** 2)) for beat in typical]
        chest = sum(wave[2:] @ wave[2:].T for wave in waves)
        both = sum(wave[:2] @ wave[2:].T for wave in waves)
        rows.append(both @ np.linalg.inv(chest + RIDGE * np.trace(chest) / 6 * np.eye(6)))
    return np.array(rows)


def swapped(beat: Beat, swap: NDArray[np.float64]) -> Beat:
    """The beat as it would have been recorded."""
    return [np.concatenate([swap @ wave[:2], wave[2:]]) for wave in beat]


def weights(likenesses: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Conditional logistic regression on (n, 4, 3): the waves' weights, (3,)."""

    def loss(weight: NDArray[np.float64]) -> float:
        chances = probabilities(likenesses, weight)[np.arange(len(truth)), truth]
        return float(SHRINK * weight @ weight - np.log(chances).mean())

    return np.asarray(minimize(loss, np.ones(likenesses.shape[-1])).x)


def probabilities(likenesses: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4) of none and each swap."""
    scores = likenesses @ weight
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and print; 1 where the data cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limbs", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    try:
        typical = beats(parser.parse_args(arguments).data)
    except EcgAppError as error:
        tell(str(error))
        return 1
    expected = expected_limbs(typical)
    done = (np.eye(2), *SWAPS.values())
    likenesses = np.array([likeness(swapped(beat, swap), expected) for beat in typical for swap in done])
    truth = np.tile(np.arange(len(done)), len(typical))
    weight = weights(likenesses, truth)
    chances = probabilities(likenesses, weight)
    lines = [f"{len(typical)} records", f"EXPECTED = {np.round(expected, 3).tolist()}"]
    lines += [f"WEIGHTS = {np.round(weight, 2).tolist()}"]
    for number, swap in enumerate(SWAPS, start=1):
        for limit in LIMITS:
            right = (chances[truth == number, number] >= limit).mean()
            wrong = (chances[truth == 0, number] >= limit).mean()
            lines.append(f"{swap} at {limit}: named in {right:.4f} of swapped, {wrong:.4f} of others")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
