"""The figures that the studies and the PTB-XL benchmark print, each with its source.

``published_figures.csv`` holds them as printed. A half-width is the larger side of a 95 % bootstrap
interval, where the source prints one. The studies differ in data, splits and thresholds: a figure is
comparable with ours only if its setting is.
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

FIGURES = Path(__file__).with_name("published_figures.csv")

SOURCES = {
    "ansari2020": (
        "Ansari, Gillies, Ward and Ghanbari 2020, Classification of 12-lead electrocardiograms using "
        "convolutional autoencoders and transfer learning, Computing in Cardiology 47 (abstract)"
    ),
    "singstad2020": "Singstad and Tronstad 2020, Computing in Cardiology 47 (abstract)",
    "verma2021": (
        "Verma, Dige and Gill 2021, Transfer learning for ECG classification using PTB-XL, CSC2541 course "
        "project, slides of 3 December 2021"
    ),
    "verma2021_code": (
        "Verma, Dige and Gill 2021, result files of github.com/xeon27/ecg-transfer-learning, commit 4a17cbd"
    ),
    "ptbxl_benchmark": (
        "Strodthoff, Wagner, Schaeffter and Samek 2020, doi:10.1109/JBHI.2020.3022989, as printed by "
        "github.com/helme/ecg_ptbxl_benchmarking, commit cdbf4e6"
    ),
    "ptbxl_replication": "github.com/Bsingstad/Strodthoff-2021, an independent repetition of the benchmark",
}


@dataclass(frozen=True)
class PublishedFigure:
    """One figure as printed; ``source`` is a key of ``SOURCES``."""

    study: str
    source: str
    model: str
    setting: str  # data, split, share of the labels
    figure: str
    value: float
    half_width: float | None = None  # of its 95 % interval

    @property
    def citation(self) -> str:
        """The source in full."""
        return SOURCES[self.source]


@functools.cache
def published_figures(study: str) -> tuple[PublishedFigure, ...]:
    """The figures of ``study``, in the order of the source; empty for an unknown study."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["study"] == study]
    return tuple(map(_figure, lines))


def _figure(line: dict[str, str]) -> PublishedFigure:
    names = line["study"], line["source"], line["model"], line["setting"], line["figure"]
    half_width = float(line["half_width"]) if line["half_width"] else None
    return PublishedFigure(*names, float(line["value"]), half_width)
