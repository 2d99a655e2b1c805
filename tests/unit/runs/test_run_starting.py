"""What a run would only find out in its own process is said before it is made."""

import re
from dataclasses import replace

import numpy as np
import pytest
from dataset_sources import written_store
from small_training import FINETUNING, PRETRAINING, Recorder, small_record, small_settings

from ecgapp.datasets import open_store
from ecgapp.datasets.membership import Membership
from ecgapp.errors import ConfigError, EcgAppError, TrainingError
from ecgapp.runs.form_to_config import taken_batch
from ecgapp.runs.start_training import check_before_start
from ecgapp.tasks import column_code
from ecgapp.training import preparation
from ecgapp.training.data.sharding import fitting_lanes
from ecgapp.training.parallel.process_group import ProcessGroup

ENSEMBLE = replace(FINETUNING, members=2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """An installation whose data set has 180 records, a fifth of them in each fold from 0 to 4."""
    return small_settings(tmp_path_factory.mktemp("home"), n_records=180)


@pytest.fixture(scope="module")
def stores(settings):
    return [open_store("small", settings)]


class LoadedError(Exception):
    """The run has come so far as to read signals."""


def on_gpus(config, n, **more):
    """As the pages plan it for ``n`` of them."""
    config = replace(config, **more, device="+".join(f"cuda:{gpu}" for gpu in range(n)))
    lanes, batch_size = fitting_lanes(config.lanes, n), taken_batch(config.batch_size, n)
    return replace(config, lanes=lanes, batch_size=batch_size)


def refusal(config, stores):
    try:
        check_before_start(config, stores)
    except EcgAppError as error:
        return str(error)
    return ""


@pytest.fixture
def run_refuses(settings, tmp_path, monkeypatch):
    """Whether a run of several processes ends before it reads a signal."""

    class Team(ProcessGroup):
        def all_gather(self, mine):
            return [mine]

    def loaded(*_):
        raise LoadedError

    monkeypatch.setattr(preparation, "load_signals", loaded)
    monkeypatch.setattr(preparation, "resolve_device", lambda *_: None)

    def refuses(config):
        processes = Team(0, config.device.count("+") + 1)
        with pytest.raises((TrainingError, LoadedError)) as caught:
            preparation.prepare(config, Recorder(), tmp_path, settings, processes)
        return caught.type is TrainingError

    return refuses


@pytest.mark.parametrize("config", [PRETRAINING, FINETUNING, ENSEMBLE], ids=["pretrain", "tune", "members"])
@pytest.mark.parametrize("n", [2, 3, 8])
@pytest.mark.parametrize(("batch", "lanes"), [(4, 8), (18, 12), (30, 24), (64, 8), (256, 8)])
def test_a_start_is_refused_where_the_run_would_be_with_a_batch_size_that_does(
    config, n, batch, lanes, stores, run_refuses
):
    config = on_gpus(config, n, batch_size=batch, lanes=lanes)
    refused = refusal(config, stores)
    assert bool(refused) == run_refuses(config)
    if refused:
        assert "lanes" not in refused
        better = replace(config, batch_size=int(re.search(r"Choose batch size (\d+),", refused)[1]))
        assert refusal(better, stores) == ""
        assert not run_refuses(better)


def test_more_devices_than_records_can_occupy_are_refused_as_such(stores, run_refuses):
    config = on_gpus(PRETRAINING, 10, train_folds=(1,))  # 36 records
    assert "too few records for 10 devices" in refusal(config, stores)
    assert run_refuses(config)


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:0+cuda:1"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label_columns": ("unheard", "of")}, "No labelled record lies in the folds for training"),
        ({"train_folds": (1, 2, 3, 7), "members": 5}, "A member's folds hold no labelled record"),
    ],
    ids=["no labels", "an empty member"],
)
def test_folds_and_members_without_a_labelled_record_are_refused_on_any_device(
    changes, words, device, stores, run_refuses
):
    config = replace(FINETUNING, device=device, **changes)
    assert words in refusal(config, stores)
    assert run_refuses(config)


@pytest.mark.parametrize("positive", [False, True])
def test_records_that_are_all_without_the_labels_are_refused(positive, settings):
    """Each of them answers, but nothing is there to be learnt."""
    name = f"answers_{positive}".lower()
    manifest = replace(open_store("small", settings).manifest, name=name)
    rng = np.random.default_rng(0)
    with written_store(settings.stores / name, manifest) as part:
        for number in range(10):
            record = small_record(number, fast=False, turned=False, seconds=3, rng=rng)
            codes = (column_code("fast", positive), column_code("turned", False))
            part.add(record, Membership(f"{number}", f"{number}", number % 5, codes, "s"))
    refused = refusal(replace(FINETUNING, stores=(name,)), [open_store(name, settings)])
    assert ("No training record has any of the task's labels" in refused) is not positive


def test_one_device_takes_what_there_is(stores):
    assert refusal(replace(PRETRAINING, batch_size=5000), stores) == ""


@pytest.mark.parametrize("config", [PRETRAINING, ENSEMBLE], ids=["one network", "members"])
def test_a_compiled_network_is_refused_on_several_devices_and_before_anything_is_read(
    config, stores, run_refuses
):
    compiled = on_gpus(config, 2, compiled=True)
    with pytest.raises(ConfigError, match="learns on one device"):
        check_before_start(compiled, stores)
    assert run_refuses(compiled)
    check_before_start(replace(compiled, device="cuda:0"), stores)
    assert not run_refuses(replace(compiled, device="cuda:0"))
