"""A small store with the nine classes on two leads, a tiny autoencoder for it, and the settings of both."""

from dataclasses import replace

import numpy as np
import torch
from dataset_sources import written_store
from small_training import ENCODER, LEADS, PREPROCESSING, RATE
from tiny_models import MADE

from ecgapp.config import Settings
from ecgapp.datasets import StoreManifest
from ecgapp.datasets.membership import Membership
from ecgapp.models import ModelCard, TrainedModel, build, save_model
from ecgapp.records import ECGRecord
from ecgapp.tasks import task

LABELS = task("nine_class").label_names


def nine_class_installation(home, n_records=90, without=None) -> Settings:
    """An installation with the data sets ``first`` and ``second`` and the autoencoder ``tiny_cae``."""
    settings = Settings(home, home / "shipped")
    write_nine_classes(settings.stores / "first", n_records, seed=1, without=without)
    write_nine_classes(settings.stores / "second", n_records, seed=2)
    torch.manual_seed(0)
    made = replace(MADE, train_folds="folds 1-4, 10", validation_folds="folds 5-9")
    card = ModelCard("tiny_cae", "Tiny autoencoder", ENCODER, PREPROCESSING, made)
    save_model(settings.weights, TrainedModel(build(ENCODER).eval(), card))
    return settings


def write_nine_classes(path, n_records, seed, without=None):
    """Records of 3 to 6 seconds whose class is the rate of their peaks; ``without`` leaves a class out."""
    rng = np.random.default_rng(seed)
    manifest = StoreManifest(path.name, "challenge", RATE, LEADS, "mV", "none")
    with written_store(path, manifest) as part:
        for number in range(n_records):
            label = (number + 4 * seed) % len(LABELS)
            if LABELS[label] == without:
                label = 0
            time = np.arange(round(rng.uniform(3, 6) * RATE)) / RATE
            peaks = np.cos(np.pi * (1 + 0.6 * label) * (time + rng.random())) ** 8
            signal = np.outer([1.0, 0.5], peaks) + 0.3 * rng.standard_normal((2, len(time)))
            record = ECGRecord(str(number), signal.astype(np.float32), RATE, LEADS)
            names = f"{path.name}/{number}", f"{path.name}:{number}"
            part.add(record, Membership(*names, number % 10 + 1, (f"CPSC:{LABELS[label]}",), "made"))
