"""A whole training, small: it learns, it reproduces, it stops and goes on to the same weights."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import (
    FINETUNING,
    PRETRAINING,
    Recorder,
    load_records,
    small_settings,
    write_store,
)
from stored_predictions import load_predictions

from ecgapp import training
from ecgapp.config import PROJECT
from ecgapp.datasets import open_store
from ecgapp.datasets.columns import column_file
from ecgapp.errors import PatientLeakError, TrainingError
from ecgapp.models import Origin, load_model, save_model
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.loop.checkpoint import CHECKPOINT
from ecgapp.training.training_config import RESULT
from ecgapp.training.transfer import initial_network

PHASES = pytest.mark.parametrize("config", [PRETRAINING, FINETUNING], ids=["pretrain", "finetune"])


@PHASES
@pytest.mark.parametrize("stops", [(1,), (4, 3), (5,), (7, 2, 3)], ids=str)
def test_a_training_that_was_stopped_ends_with_the_same_weights(config, stops, finished, settings, tmp_path):
    straight = finished(config).model
    for stop in stops:
        with pytest.raises(training.Stopped):
            training.train(config, Recorder(stop), tmp_path / "stopped", settings)
    resumed = training.train(config, Recorder(), tmp_path / "stopped", settings)
    assert resumed.card.sha256 == straight.card.sha256
    assert resumed.card.thresholds == straight.card.thresholds


def test_checkpoints_on_the_way_change_nothing(finished, settings, tmp_path):
    straight = finished(FINETUNING).model
    often = replace(FINETUNING, checkpoint_seconds=0.0)
    assert training.train(often, Recorder(), tmp_path / "b", settings).card.sha256 == straight.card.sha256


@PHASES
def test_the_seed_alone_decides_the_weights(config, finished, settings, tmp_path):
    one = finished(config).model
    torch.rand(7)
    again = training.train(config, Recorder(), tmp_path / "again", settings)
    other = training.train(replace(config, seed=1), Recorder(), tmp_path / "other", settings)
    assert one.card.sha256 == again.card.sha256 != other.card.sha256


def test_an_autoencoder_learns_its_windows(settings, tmp_path):
    recorder = Recorder()
    config = replace(PRETRAINING, epochs=50, augmentation=training.AugmentationConfig(gain=0.0))
    card = training.train(config, recorder, tmp_path, settings).card
    assert card.reconstruction.mse_per_sample.value < 0.6 * recorder.epochs[0].validation_loss
    assert card.reconstruction.mse_per_sample.value == pytest.approx(
        min(report.validation_loss for report in recorder.epochs), rel=1e-4
    )
    assert card.reconstruction.dataset == "small, fold 4"
    assert card.task is None


def test_a_classifier_learns_its_labels_and_keeps_its_predictions(settings, tmp_path):
    recorder = Recorder()
    config = replace(FINETUNING, epochs=15, augmentation=training.AugmentationConfig())
    model = training.train(config, recorder, tmp_path, settings)
    folder = tmp_path / "result"
    predictions = load_predictions([folder], "small")
    card = load_model([folder], "small").card
    assert recorder.epochs[-1].auroc > 0.95
    assert recorder.epochs[-1].train_loss < recorder.epochs[0].train_loss
    assert set(recorder.epochs[-1].f1_by_label) == {"fast", "turned"}
    assert card == model.card
    assert card.validation.n == len(predictions.probabilities) == card.provenance.n_validation == 6
    assert np.isnan(predictions.targets[:, 1]).any()
    assert set(predictions.folds.tolist()) == {4}
    assert card.validation.dataset == "small, fold 4"
    assert not any(weight.requires_grad for weight in model.network.parameters())
    assert not model.network.training


def test_reports_count_steps_and_epochs_to_the_end(finished):
    recorder = finished(PRETRAINING).recorder
    assert [report.epoch for report in recorder.epochs] == [1, 2, 3]
    assert recorder.epochs[-1].seconds_left == 0
    assert recorder.steps[-1].step == recorder.steps[-1].total_steps <= recorder.asked
    assert np.isfinite([report.loss for report in recorder.steps]).all()


def test_a_finished_training_is_not_run_again(finished, settings, tmp_path):
    first = finished(PRETRAINING)
    shutil.copytree(first.folder, tmp_path, dirs_exist_ok=True)
    recorder = Recorder()
    assert training.train(PRETRAINING, recorder, tmp_path, settings).card == first.model.card
    assert recorder.asked == 0


def test_a_training_without_progress_ends_early_and_keeps_the_best_epoch(settings, tmp_path):
    recorder = Recorder()
    config = replace(PRETRAINING, epochs=40, patience=2, learning_rate=1e-12)
    card = training.train(config, recorder, tmp_path, settings).card
    losses = [report.validation_loss for report in recorder.epochs]
    assert len(losses) == card.provenance.epochs < 40
    assert card.reconstruction.mse_per_sample.value == pytest.approx(min(losses), rel=1e-4)
    assert int(np.argmin(losses)) == len(losses) - 3


def test_a_loss_that_is_no_number_ends_the_training_in_a_sentence(settings, tmp_path):
    with pytest.raises(TrainingError, match="Choose a lower learning rate"):
        training.train(replace(PRETRAINING, learning_rate=1e30), Recorder(), tmp_path, settings)
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_stop_does_not_write_weights_that_are_no_numbers(settings, tmp_path):
    config = replace(PRETRAINING, learning_rate=1e30)
    with pytest.raises(TrainingError, match="unstable"):
        training.train(config, Recorder(stop_after=4), tmp_path, settings)
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_folder_of_other_settings_is_refused(settings, tmp_path):
    with pytest.raises(training.Stopped):
        training.train(PRETRAINING, Recorder(2), tmp_path, settings)
    with pytest.raises(TrainingError, match="other settings"):
        training.train(replace(PRETRAINING, epochs=4), Recorder(), tmp_path, settings)


def test_a_device_that_is_not_there_is_refused_by_name(settings, tmp_path):
    with pytest.raises(TrainingError, match="cuda:97"):
        training.train(replace(PRETRAINING, device="cuda:97"), Recorder(), tmp_path, settings)


def test_folds_without_records_are_refused(settings, tmp_path):
    with pytest.raises(TrainingError, match="validation"):
        training.train(replace(PRETRAINING, validation_folds=(9,)), Recorder(), tmp_path, settings)


def test_patients_in_two_folds_of_two_data_sets_are_refused(tmp_path):
    settings = small_settings(tmp_path / "home")
    write_store(settings.stores / "shifted", 7)
    column = settings.stores / "shifted" / column_file("fold")
    np.save(column, np.load(column) % 4 + 1)
    with pytest.raises(PatientLeakError):
        training.train(replace(PRETRAINING, stores=("small", "shifted")), Recorder(), tmp_path, settings)


def test_bfloat16_trains_too(settings, tmp_path):
    recorder = Recorder()
    training.train(replace(FINETUNING, precision="bf16", epochs=1), recorder, tmp_path, settings)
    assert np.isfinite(recorder.epochs[0].train_loss)


def test_training_needs_neither_streamlit_nor_plotly_nor_captum_nor_wfdb(settings, tmp_path):
    """A GPU server has none of them."""
    program = f"""
import sys
for name in ("streamlit", "plotly", "captum", "wfdb"):
    sys.modules[name] = None
sys.path.insert(0, {str(PROJECT / "tests/support")!r})
from pathlib import Path
from small_training import FINETUNING, Recorder
from ecgapp.config import Settings
from ecgapp import datasets, evaluate, models, signals
from ecgapp.training import train
train(FINETUNING, Recorder(), Path({str(tmp_path)!r}), Settings(Path({str(settings.home)!r})))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / RESULT).glob("*.safetensors"))


def test_records_of_fold_zero_and_records_without_answers_are_left_out(settings):
    stores = open_stores(FINETUNING, settings)
    config = replace(FINETUNING, label_columns=("turned", "absent"))
    records = load_records(config, stores, Recorder())
    numbers = np.arange(32)
    assert len(records) == np.sum((numbers % 5 != 0) & (numbers % 7 != 3))
    assert 0 not in records.folds
    assert np.isnan(records.targets[:, 1]).all()


def test_the_pretrained_encoder_is_where_finetuning_starts_and_frozen_is_where_it_ends(settings, tmp_path):
    pretrained = training.train(replace(PRETRAINING, name="cae"), Recorder(), tmp_path / "cae", settings)
    save_model(settings.weights, pretrained)
    frozen = replace(FINETUNING, initialisation="frozen", pretrained="cae", learning_rate=0.05)
    model = training.train(frozen, Recorder(), tmp_path / "frozen", settings)
    theirs, ours = pretrained.network.encoder.state_dict(), model.network.encoder.state_dict()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)
    assert any("running_var" in name for name in theirs)
    assert model.card.provenance.pretrained == f"cae (sha256 {pretrained.card.sha256})"
    moved = training.train(
        replace(frozen, initialisation="transfer"), Recorder(), tmp_path / "moved", settings
    )
    ours = moved.network.encoder.state_dict()
    assert not any(torch.equal(theirs[name], ours[name]) for name in theirs if "weight" in name)


def test_a_frozen_encoder_without_a_pretrained_model_is_the_random_control(settings, tmp_path):
    model = training.train(replace(FINETUNING, initialisation="frozen"), Recorder(), tmp_path, settings)
    drawn = initial_network(FINETUNING, FINETUNING.seed, None).encoder.state_dict()
    ours = model.network.encoder.state_dict()
    assert all(torch.equal(drawn[name], ours[name]) for name in drawn)


def test_a_pretrained_model_of_other_input_is_refused(settings, tmp_path):
    other = replace(PRETRAINING.preprocessing, highpass=None)
    config = replace(PRETRAINING, name="unfiltered", preprocessing=other, epochs=1)
    save_model(settings.weights, training.train(config, Recorder(), tmp_path / "a", settings))
    config = replace(FINETUNING, initialisation="transfer", pretrained="unfiltered")
    with pytest.raises(TrainingError, match="another highpass"):
        training.train(config, Recorder(), tmp_path / "b", settings)


def test_predictions_know_the_records_that_they_are_of(settings, tmp_path):
    training.train(replace(FINETUNING, epochs=1), Recorder(), tmp_path, settings)
    kept = load_predictions([tmp_path / "result"], "small")
    store = open_store("small", settings)
    ids = store.record_ids()
    assert len(set(kept.names.ids)) == len(kept.folds) == 6
    for row, name in enumerate(kept.names.ids):
        place = np.array([ids.index(name)])
        np.testing.assert_array_equal(store.targets(FINETUNING.labels(), place)[0], kept.targets[row])
        assert store.folds[place[0]] == kept.folds[row]
        assert kept.names.origin(row) == Origin("small", store.manifest.digest, "s")
