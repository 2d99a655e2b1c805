"""Worklists of synthetic ECGs for a tiny classifier, and their scoring in this process."""

from dataclasses import replace

import numpy as np
import tiny_models

from ecgapp.config import Settings
from ecgapp.models import save_model
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.worklist import Worklist
from ecgapp.worklist.scorer import Scorer


def small_home(home):
    """An installation whose only model is the classifier ``tiny_nine``."""
    settings = Settings(home, home / "none")
    save_model(settings.weights, *tiny_models.classifier())
    return settings


def ecg(seed=0, duration=10.0, **changes):
    """No two seeds give the same samples."""
    record = synthesise(SyntheticConfig(duration=duration, heart_rate=50 + seed % 60)).record
    noise = np.random.default_rng(seed).normal(0, 0.02, record.signal.shape).astype(np.float32)
    return replace(record, signal=record.signal + noise, **changes)


def fill(worklist, records):
    batch = worklist.new_batch()
    return [worklist.add(record, batch, 1000, "tiny_nine")[0] for record in records]


def scored(settings, linger=0.0):
    assert Scorer(settings, 0).run(linger)
    return Worklist(settings).items()
