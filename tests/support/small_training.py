"""A data set that a network learns in seconds, a config for it, and a reporter that listens."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from dataset_sources import written_store

from ecgapp.config import Settings
from ecgapp.datasets import StoreManifest, open_store
from ecgapp.datasets.membership import Membership
from ecgapp.models import ECGClassifierConfig, PatchAutoencoderConfig, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import column_code
from ecgapp.training import AugmentationConfig, TrainingConfig
from ecgapp.training.data.in_memory import Loading, choose_records, load_signals

RATE, LEADS = 50.0, ("I", "II")
COLUMNS = ("fast", "turned")
PREPROCESSING = PreprocessingConfig(LEADS, RATE, 0.5, 20.0, 2, window=128, stride=64)
ENCODER = PatchAutoencoderConfig(
    n_leads=2, n_samples=128, widths=(8, 8), depths=(1, 1), kernel=3, squeeze=4, latent=8
)
PRETRAINING = TrainingConfig(
    "small",
    "pretrain",
    ENCODER,
    ("small",),
    PREPROCESSING,
    train_folds=(1, 2, 3),
    validation_folds=(4,),
    epochs=3,
    batch_size=4,
    learning_rate=5e-3,
    precision="fp32",
    device="cpu",
    augmentation=AugmentationConfig(0.2, 0.1, 0.1, 0.1, 0.1, 0.0, 0.1),
)
FINETUNING = replace(
    PRETRAINING, phase="finetune", network=ECGClassifierConfig(ENCODER, 2, 0.1), label_columns=COLUMNS
)


def small_settings(home: Path, n_records: int = 32, seed: int = 0) -> Settings:
    """An installation with the data set ``small``: folds 0 to 4, records of 2 to 9 seconds."""
    settings = Settings(home, home / "shipped")
    write_store(settings.stores / "small", n_records, seed)
    return settings


def write_store(path: Path, n_records: int, seed: int = 0, patients: str = "patient") -> None:
    """Sines of 1.5 or 4 Hz (``fast``), upright or not (``turned``; unknown in every seventh record)."""
    rng = np.random.default_rng(seed)
    manifest = StoreManifest(path.name, "folder", RATE, LEADS, "mV", "none", label_columns=COLUMNS)
    with written_store(path, manifest) as part:
        for number in range(n_records):
            fast, turned = bool(rng.integers(2)), bool(rng.integers(2))
            record = small_record(number, fast=fast, turned=turned, seconds=rng.uniform(2, 9), rng=rng)
            codes = [column_code("fast", fast)]
            if number % 7 != 3:
                codes.append(column_code("turned", turned))
            member = Membership(
                f"{path.name}/{number}", f"{patients}:{number}", number % 5, tuple(codes), "s"
            )
            part.add(record, member)


def small_record(
    number: int, *, fast: bool, turned: bool, seconds: float, rng: np.random.Generator
) -> ECGRecord:
    """Sharp upright (or turned) peaks at one rate, in both leads, with a little noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    peaks = np.cos(np.pi * (4.0 if fast else 1.5) * (time + rng.random())) ** 8
    signal = np.outer([1.0, 0.5], -peaks if turned else peaks) + 0.02 * rng.standard_normal((2, len(time)))
    return ECGRecord(str(number), signal.astype(np.float32), RATE, LEADS)


def load_records(config, stores, reporter):
    """All records of the config with their signals, for one process."""
    records = choose_records(config, stores)
    everything = np.arange(len(records), dtype=np.int64)
    return load_signals(records, everything, stores, Loading(config.augmentation.shift, reporter))


def change_store(settings: Settings) -> None:
    """Replace the store by one of the same name with other records."""
    n_records = len(open_store("small", settings))
    shutil.rmtree(settings.stores / "small")
    write_store(settings.stores / "small", n_records, seed=99)


class FinishedTraining(NamedTuple):
    """A training that has ended; tests copy its folder before they go on with it."""

    model: TrainedModel
    folder: Path
    recorder: "Recorder"


class Recorder:
    """A reporter that stores all reports and asks to stop after ``stop_after`` steps."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.steps, self.epochs, self.lines, self.asked = [], [], [], 0
        self.stop_after = stop_after

    def step(self, report) -> None:
        self.steps.append(report)

    def epoch(self, report) -> None:
        self.epochs.append(report)

    def log(self, text) -> None:
        self.lines.append(text)

    def should_stop(self) -> bool:
        self.asked += 1
        return self.asked == self.stop_after
