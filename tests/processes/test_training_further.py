"""What a training can be given on its way: more epochs, another start, an eye on its examples."""

import shutil
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from small_training import FINETUNING, PRETRAINING, Recorder, load_records

from ecgapp import training
from ecgapp.datasets import open_store
from ecgapp.errors import ConfigError, DatasetError, ModelNotFoundError, TrainingError
from ecgapp.training.data.buffer import zeros
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.data.random_streams import Draws
from ecgapp.training.data.sharding import deal_alike
from ecgapp.training.loop.schedule import cycles
from ecgapp.training.objective import ClassificationObjective
from ecgapp.training.result.examples import read_ranking, read_reconstructions

MORE = replace(PRETRAINING, further_epochs=(2,))


def test_more_epochs_go_on_to_the_weights_of_a_training_that_had_them_planned(finished, settings, tmp_path):
    shutil.copytree(finished(PRETRAINING).folder, tmp_path / "continued")
    recorder = Recorder()
    continued = training.train(MORE, recorder, tmp_path / "continued", settings)
    assert continued.card.sha256 == finished(MORE).model.card.sha256
    assert [report.epoch for report in recorder.epochs] == [4, 5]
    assert not (tmp_path / "continued" / "result-before").exists()


def test_an_ensemble_can_be_given_more_epochs_too(settings, tmp_path):
    config = replace(FINETUNING, members=2, epochs=1)
    training.train(config, Recorder(), tmp_path, settings)
    recorder = Recorder()
    card = training.train(replace(config, further_epochs=(1, 1)), recorder, tmp_path, settings).card
    assert card.provenance.epochs == 3
    assert [report.epoch for report in recorder.epochs] == [2, 3, 5, 6]


def test_the_model_so_far_is_kept_until_the_new_one_is_there(finished, settings, tmp_path):
    shutil.copytree(finished(PRETRAINING).folder, tmp_path, dirs_exist_ok=True)
    with pytest.raises(training.Stopped):
        training.train(MORE, Recorder(stop_after=2), tmp_path, settings)
    assert (tmp_path / "result-before" / "small.safetensors").is_file()
    training.train(MORE, Recorder(), tmp_path, settings)
    assert (tmp_path / "result" / "small.safetensors").is_file()


def test_fewer_epochs_than_before_are_refused(finished, settings, tmp_path):
    shutil.copytree(finished(MORE).folder, tmp_path, dirs_exist_ok=True)
    with pytest.raises(TrainingError, match="other settings"):
        training.train(PRETRAINING, Recorder(), tmp_path, settings)


def test_a_training_may_go_on_elsewhere_and_save_more_often(settings, tmp_path):
    with pytest.raises(training.Stopped):
        training.train(PRETRAINING, Recorder(stop_after=2), tmp_path, settings)
    changed = replace(
        PRETRAINING, device="auto" if not torch.cuda.is_available() else "cpu", checkpoint_seconds=1
    )
    assert training.train(changed, Recorder(), tmp_path, settings).card.provenance.epochs == 3


def test_every_further_cycle_rises_to_half_the_first_ones_top():
    rates = np.array([cycles(step, (100, 50, 50), 0.2) for step in range(200)])
    assert rates[:100].max() == 1
    assert rates[100:150].max() == rates[150:].max() == 0.5
    assert rates[99] < 0.01
    assert rates[149] < 0.01


def test_a_stop_in_the_midst_of_validation_loses_no_step(finished, settings, tmp_path):
    whole = finished(PRETRAINING)
    in_validation = whole.recorder.steps[0].step + 1  # the first question after the first epoch's last step
    with pytest.raises(training.Stopped):
        training.train(PRETRAINING, Recorder(in_validation), tmp_path / "stopped", settings)
    recorder = Recorder()
    resumed = training.train(PRETRAINING, recorder, tmp_path / "stopped", settings)
    assert resumed.card.sha256 == whole.model.card.sha256
    assert [report.epoch for report in recorder.epochs] == [1, 2, 3]
    assert recorder.steps[0].epoch == 2


def test_a_training_starts_from_the_model_of_a_finished_run(finished, settings, tmp_path):
    pretrained = finished(PRETRAINING)
    shutil.copytree(pretrained.folder, settings.runs / "0123456789ab")
    config = replace(FINETUNING, initialisation="transfer", pretrained="run:0123456789ab")
    card = training.train(config, Recorder(), tmp_path, settings).card
    assert pretrained.model.card.sha256 in card.provenance.pretrained


@pytest.mark.parametrize("name", ["run:ba9876543210", "run:../../etc/x"])
def test_a_run_without_a_model_is_refused(name, settings, tmp_path):
    config = replace(FINETUNING, initialisation="transfer", pretrained=name)
    with pytest.raises(ModelNotFoundError):
        training.train(config, Recorder(), tmp_path, settings)


def test_reconstructions_of_the_same_windows_are_kept_as_they_improve(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("ecgapp.training.result.example_writer._EVERY", 0.0)
    training.train(replace(PRETRAINING, epochs=20), Recorder(), tmp_path, settings)
    shown = read_reconstructions(tmp_path)
    assert shown.epochs[0] == 1
    assert shown.epochs[-1] == 20
    assert list(shown.epochs) == sorted(set(shown.epochs))
    assert len(shown.epochs) <= 16
    assert shown.answers.shape == (len(shown.epochs), *shown.windows.shape)
    errors = ((shown.answers - shown.windows) ** 2).mean((1, 2, 3))
    assert errors[-1] < errors[0]


def test_the_last_epoch_is_always_shown(finished):
    folder = finished(PRETRAINING).folder
    assert read_reconstructions(folder).epochs[-1] == read_ranking(folder).epoch == PRETRAINING.epochs


def test_the_best_and_the_worst_records_are_named_by_their_loss_and_never_by_a_path(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr("ecgapp.training.result.example_writer._EVERY", 0.0)
    by_path = replace(FINETUNING, stores=(str(settings.stores / "small"),))
    training.train(by_path, Recorder(), tmp_path, settings)
    ranking = read_ranking(tmp_path)
    validation = set(open_store("small", settings).rows((4,)).tolist())
    best, worst = ([found.loss for found in part] for part in (ranking.best, ranking.worst))
    assert ranking.epoch == FINETUNING.epochs
    assert best == sorted(best)
    assert worst == sorted(worst, reverse=True)
    assert best[0] < worst[0]
    store = open_store("small", settings)
    every = (*ranking.best, *ranking.worst)
    assert {(found.store, found.digest) for found in every} == {("small", store.manifest.digest)}
    assert [found.record_id for found in every] == store.record_ids(np.array([found.row for found in every]))
    assert len({found.row for found in every} & validation) == len(every)  # none is best and worst
    assert {(found.store, found.row in validation) for found in ranking.best} == {("small", True)}


@pytest.mark.parametrize("members", [1, 2])
def test_ranked_records_tell_their_labels_and_what_the_kept_model_answers(members, settings, tmp_path):
    card = training.train(replace(FINETUNING, members=members), Recorder(), tmp_path, settings).card
    store, ranking = open_store("small", settings), read_ranking(tmp_path)
    every = (*ranking.best, *ranking.worst)
    truths = store.targets(card.task, np.array([found.row for found in every]))
    for found, truth in zip(every, truths, strict=True):
        assert tuple(answer.label for answer in found.answers) == card.task.label_names
        known = [None if np.isnan(value) else value for value in truth.tolist()]
        assert [answer.truth for answer in found.answers] == known
        assert tuple(answer.threshold for answer in found.answers) == card.thresholds
        assert all(0 <= answer.probability <= 1 and 0 <= answer.kept <= 1 for answer in found.answers)


def test_a_training_that_was_stopped_has_no_thresholds_yet(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("ecgapp.training.result.example_writer._EVERY", 0.0)
    recorder = Recorder()
    monkeypatch.setattr(recorder, "should_stop", lambda: bool(recorder.epochs))
    with pytest.raises(training.Stopped):
        training.train(FINETUNING, recorder, tmp_path, settings)
    answers = read_ranking(tmp_path).best[0].answers
    assert answers
    assert all(answer.kept is None and answer.threshold is None for answer in answers)


def test_the_last_epoch_is_shown_also_where_patience_ends_the_training(settings, tmp_path):
    config = replace(PRETRAINING, epochs=40, patience=2, learning_rate=1e-12, ema_decay=0.0)
    recorder = Recorder()
    training.train(config, recorder, tmp_path, settings)
    assert 1 < len(recorder.epochs) < 40
    assert read_reconstructions(tmp_path).epochs[-1] == read_ranking(tmp_path).epoch == len(recorder.epochs)


def test_two_data_sets_of_one_name_are_not_mixed(settings, tmp_path):
    shutil.copytree(settings.stores / "small", tmp_path / "elsewhere")
    config = replace(PRETRAINING, stores=("small", str(tmp_path / "elsewhere")))
    with pytest.raises(DatasetError, match="Two of the data sets are named small"):
        training.train(config, Recorder(), tmp_path / "run", settings)


def test_a_classifier_tells_how_many_records_got_each_label(finished, settings):
    recorder = finished(FINETUNING).recorder
    assert set(recorder.epochs[-1].predicted_by_label) == {"fast", "turned"}
    assert all(0 <= n <= 6 for n in recorder.epochs[-1].predicted_by_label.values())
    store = open_store("small", settings)
    known = store.targets(FINETUNING.labels(), store.rows(FINETUNING.validation_folds))
    positives = dict(zip(("fast", "turned"), (known == 1).sum(axis=0).tolist(), strict=True))
    assert recorder.epochs[-1].positives_by_label == positives


def test_an_epoch_tells_the_loss_of_the_best_answer_that_is_the_same_for_every_record(settings, tmp_path):
    """The entropy of each label's share among the windows that are known, and nothing is lower."""
    recorder = Recorder()
    training.train(replace(FINETUNING, epochs=1), recorder, tmp_path, settings)
    told = recorder.epochs[-1].constant_loss
    truths = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, float("nan")], [1.0, 1.0]])
    weights = np.array([1.0, 3.0], np.float32)
    judge = ClassificationObjective(FINETUNING.labels(), [weights], FINETUNING)
    constant = judge._constant_loss(truths, torch.from_numpy(weights))
    tried = [
        float(each.sum() / known.sum())
        for first in np.linspace(-3, 3, 61)
        for second in np.linspace(-3, 3, 61)
        for each, known in [judge._entropies(torch.tensor([[first, second]]).expand(4, 2), truths,
                                             torch.from_numpy(weights))]
    ]  # fmt: skip
    assert constant <= min(tried) + 1e-6
    assert constant == pytest.approx(min(tried), abs=1e-3)
    assert 0 < told < 1


def test_what_does_not_fit_in_memory_lies_in_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr("ecgapp.training.data.buffer._SHARE", 0.0)
    room = zeros((3, 1000), tmp_path)
    assert not room.any()
    room[1, 5] = 2.0
    assert room.sum() == 2
    assert list(tmp_path.iterdir()) == []


def test_what_fits_nowhere_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("ecgapp.training.data.buffer._SHARE", 0.0)
    with pytest.raises(TrainingError, match="a new run with fewer records"):
        zeros((12, 1 << 50), tmp_path)


def test_a_training_whose_signals_lie_on_the_disk_ends_with_the_same_weights(
    finished, settings, tmp_path, monkeypatch
):
    in_memory = finished(PRETRAINING).model
    monkeypatch.setattr("ecgapp.training.data.buffer._SHARE", 0.0)
    on_disk = training.train(PRETRAINING, Recorder(), tmp_path / "disk", settings)
    assert on_disk.card.sha256 == in_memory.card.sha256


@pytest.mark.parametrize(
    "changes",
    [
        {"further_epochs": (0,)},
        {"fraction": 0.0},
        {"fraction": 1.5},
        {"resampling": "jackknife"},
        {"members_at_once": -1},
    ],
    ids=str,
)
def test_nonsense_is_refused(changes):
    with pytest.raises(ConfigError):
        replace(FINETUNING, **changes)


def test_patience_ends_a_cycle_and_more_epochs_are_as_many_as_were_asked_for(settings, tmp_path):
    config = replace(PRETRAINING, epochs=12, patience=1, learning_rate=1e-9, ema_decay=0.0)
    first = Recorder()
    training.train(config, first, tmp_path / "parts", settings)
    assert len(first.epochs) < 12
    more = replace(config, further_epochs=(1,))
    recorder = Recorder()
    continued = training.train(more, recorder, tmp_path / "parts", settings)
    assert [report.epoch for report in recorder.epochs] == [len(first.epochs) + 1]
    planned = training.train(more, Recorder(), tmp_path / "planned", settings)
    assert continued.card.sha256 == planned.card.sha256


def test_a_stop_is_heard_while_records_are_prepared(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("ecgapp.training.data.in_memory._PART", 4)
    recorder = Recorder(stop_after=2)
    with pytest.raises(training.Stopped):
        training.train(PRETRAINING, recorder, tmp_path, settings)
    assert recorder.asked == 2
    assert not recorder.steps


def test_room_is_shared_with_the_processes_beside(tmp_path, monkeypatch):
    free = psutil.virtual_memory()._replace(available=1 << 20)
    monkeypatch.setattr("psutil.virtual_memory", lambda: free)
    assert zeros((1, 100_000), None).shape == (1, 100_000)  # 0.4 MB of 0.5
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(TrainingError, match="memory and disk"):
        zeros((1, 100_000), None)


def test_many_small_stores_still_fill_every_batch(settings):
    records = load_records(PRETRAINING, open_stores(PRETRAINING, settings), Recorder())
    rows = records.rows((1, 2, 3))
    crowd = replace(records, stores=("s",) * len(records), store_of=np.arange(len(records)))
    (lanes,) = deal_alike(crowd, [rows], batch_size=2)
    assert lanes.steps >= 1
    assert lanes.batch == 2


def test_random_numbers_begin_anew_on_another_kind_of_device():
    draws = Draws([1, 2], 0, torch.device("cpu"))
    state = draws.state()
    assert draws.restore(state)
    assert not draws.restore(state | {"device": "cuda"})
