"""The waves of the same leads by NeuroKit2, in an environment of its own with ``neurokit2`` installed.

``python benchmarks/neurokit_waves.py LEADS.npz WAVES.json``: the leads are those that
``python -m benchmarks.delineation --leads`` wrote. NeuroKit2 is no dependency of this project.
"""

import json
import platform
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

import neurokit2
import numpy as np
import scipy
from numpy.typing import NDArray

KINDS = {"P": "P", "QRS": "R", "T": "T"}
Span = tuple[float, float]


def spans(signal: NDArray[np.float64], sampling_rate: float) -> dict[str, list[Span]]:
    """Onset and offset in s of each wave of one lead, by discrete wavelets, its default pipeline."""
    cleaned = neurokit2.ecg_clean(signal, sampling_rate=sampling_rate)
    _, peaks = neurokit2.ecg_peaks(cleaned, sampling_rate=sampling_rate)
    _, detected = neurokit2.ecg_delineate(
        cleaned, peaks["ECG_R_Peaks"], sampling_rate=sampling_rate, method="dwt"
    )
    return {
        kind: list(_pairs(detected[f"ECG_{name}_Onsets"], detected[f"ECG_{name}_Offsets"], sampling_rate))
        for kind, name in KINDS.items()
    }


def _pairs(onsets: Iterable[float], offsets: Iterable[float], sampling_rate: float) -> list[Span]:
    both = zip(onsets, offsets, strict=True)
    return [(a / sampling_rate, b / sampling_rate) for a, b in both if np.isfinite(a) or np.isfinite(b)]


def main(leads: Path, waves: Path) -> None:
    """Every lead of the file; one on which NeuroKit2 fails has no waves, and is counted."""
    warnings.simplefilter("ignore")
    content = np.load(leads)
    detected, failed = [], 0
    for signal in content["signals"]:
        try:
            detected.append(spans(signal.astype(float), float(content["sampling_rate"])))
        except (ValueError, IndexError, ZeroDivisionError, KeyError, TypeError):
            detected.append({kind: [] for kind in KINDS})
            failed += 1
    versions = {"neurokit2": neurokit2.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    text = json.dumps(
        {"versions": {**versions, "python": platform.python_version()}, "failed": failed, "waves": detected}
    )
    waves.write_text(text.replace("NaN", "null"), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
