"""A data set of single-lead records with the four rhythms of CinC 2017, and a study small enough for it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from dataset_sources import written_store

from ecgapp.datasets import StoreManifest
from ecgapp.datasets.membership import Membership
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, LabelShare, PretrainingSettings
from ecgapp.experiments.study_protocol import protocol_named
from ecgapp.experiments.trials.image_network import RANDOM
from ecgapp.experiments.trials.spectrogram_images import SpectrogramConfig
from ecgapp.models import FoldAutoencoderConfig
from ecgapp.records import ECGRecord
from ecgapp.signals import PreprocessingConfig

RATE, RHYTHMS = 50.0, ("N", "A", "O", "~")
BEATS = {"N": 1.2, "A": 2.7, "O": 4.4}  # peaks a second; ~ is noise


def write_rhythms(
    path: Path,
    n_records: int = 120,
    leads: tuple[str, ...] = ("I",),
    fewer: Mapping[str, int] = MappingProxyType({}),
    prefix: str = "CINC2017:",  # of codes; with "SHAOXING:S" the rhythm A is Shaoxing's SA
) -> None:
    """Records of 6 to 9 s in folds 1 to 10; those of a rhythm have its number of peaks a second.

    A rhythm in ``fewer`` has this number of records, in the first folds.
    """
    rng = np.random.default_rng(0)
    with written_store(path, StoreManifest(path.name, "folder", RATE, leads, "mV", "none")) as part:
        for number in range(n_records):
            rhythm = RHYTHMS[number % 4]
            time = np.arange(round(rng.uniform(6, 9) * RATE)) / RATE
            peaks = np.cos(np.pi * BEATS[rhythm] * (time + rng.random())) ** 12 if rhythm in BEATS else 0
            signal = np.stack([peaks + 0.15 * rng.standard_normal(len(time)) for _ in leads])
            record = ECGRecord(str(number), signal.astype(np.float32), RATE, leads)
            code, fold = f"{prefix}{rhythm}", number // 4 % 10 + 1
            if number // 4 < fewer.get(rhythm, n_records):
                part.add(record, Membership(f"{path.name}/{number}", f"patient:{number}", fold, (code,), "s"))


def small_study(**changes: object) -> Jang2021Config:
    """The quick preset with a tiny network, two repeats and short windows."""
    config = replace(
        protocol_named("jang2021").preset("quick"),
        preprocessing=PreprocessingConfig(("II",), RATE, 0.5, 20.0, 2, window=128, stride=128),
        network=FoldAutoencoderConfig(1, 128, patch=8, widths=(8, 12), squeeze=4, latent=8),
        pretraining=PretrainingSettings(3, 3, 16, 5e-3),
        shares=(LabelShare(1.0, 3), LabelShare(0.5, 2, 2)),
        repeats=2,
        batch_size=8,
        images=(RANDOM,),
        spectrogram=SpectrogramConfig(segment=32, overlap=24, highest_hz=20.0, pixels=32),
        inverse_penalties=(0.01, 1.0),
    )
    return replace(config, **changes)
