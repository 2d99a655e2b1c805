"""A training on the task ``statements`` by the usual path: what a source never says takes no part in it."""

from dataclasses import replace

import numpy as np
import pytest
from dataset_sources import written_store
from small_training import ENCODER, FINETUNING, LEADS, RATE, Recorder, small_record

from ecgapp import training
from ecgapp.config import Settings
from ecgapp.datasets import StoreManifest, open_store
from ecgapp.datasets.membership import Membership
from ecgapp.models import ECGClassifierConfig
from ecgapp.tasks.statement_task import STATEMENTS
from ecgapp.training.data.in_memory import choose_records

CONFIG = replace(
    FINETUNING,
    label_columns=(),
    task="statements",
    network=ECGClassifierConfig(ENCODER, len(STATEMENTS.labels), 0.1),
    epochs=1,
)


@pytest.fixture
def settings(tmp_path):
    """Two sources in one data set: both say SBRAD, ``second`` alone says AFIB."""
    settings, rng = Settings(tmp_path, tmp_path / "shipped"), np.random.default_rng(0)
    manifest = StoreManifest("small", "folder", RATE, LEADS, "mV", "none")
    with written_store(settings.stores / "small", manifest) as part:
        for k in range(32):
            fast, source = bool(k % 3), ("first", "second")[k % 2]
            codes = ("SCP:AFIB" if fast and k % 2 else "SCP:SR",) if fast else ("SCP:SBRAD",)
            record = small_record(k, fast=fast, turned=False, seconds=4, rng=rng)
            part.add(record, Membership(f"small/{k}", f"p{k}", k % 5, codes, source))
    return settings


def test_a_model_of_statements_is_trained_and_its_card_gives_the_same_targets(settings, tmp_path):
    store = open_store("small", settings)
    chosen = choose_records(CONFIG, [store])
    by_name = dict(zip(STATEMENTS.label_names, chosen.targets.T, strict=True))
    sources = np.array(store.sources(chosen.row_of))
    assert np.isnan(by_name["AFIB"][sources == "first"]).all()
    assert np.isfinite(by_name["AFIB"][sources == "second"]).all()
    assert np.isfinite(by_name["SBRAD"]).all()

    card = training.train(CONFIG, Recorder(), tmp_path / "run", settings).card
    assert card.task == STATEMENTS
    np.testing.assert_array_equal(store.targets(card.task, chosen.row_of), chosen.targets)
