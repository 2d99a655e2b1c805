"""Cross-fitted ensembles: every record is answered by a member that never saw it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import FINETUNING, Recorder, load_records
from stored_predictions import load_predictions

from ecgapp import training
from ecgapp.analysis import answering_member
from ecgapp.models import EnsembleConfig, build, load_model
from ecgapp.models.answers import ProbabilityRule
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.ensembles import assemble, deal_folds
from ecgapp.training.inference import Inference

CONFIG = replace(FINETUNING, members=2, epochs=2)


@pytest.fixture
def trained(finished):
    return finished(CONFIG)


@pytest.mark.parametrize("n_groups", [1, 2, 3, 4, 9])
def test_folds_are_dealt_once_each_and_evenly(n_groups):
    groups = deal_folds((9, 1, 2, 3, 4, 5, 6, 7, 8), n_groups)
    sizes = [len(group) for group in groups]
    assert sorted(sum(groups, ())) == list(range(1, 10))
    assert max(sizes) - min(sizes) <= 1
    assert len(groups) == n_groups


def test_all_records_are_judged_out_of_fold(trained, settings):
    model, folder, _ = trained
    predictions = load_predictions([folder / "result"], "small")
    n_records = len(load_records(CONFIG, open_stores(CONFIG, settings), Recorder()))
    assert isinstance(model.card.network, EnsembleConfig)
    assert model.card.validation.n == n_records == len(predictions.probabilities)
    assert model.card.validation.dataset == "small, folds 1-4, out-of-fold"
    assert set(predictions.folds.tolist()) == {1, 2, 3, 4}
    assert load_model([folder / "result"], "small").card == model.card


def test_a_records_answer_is_that_of_the_member_trained_without_it(trained, settings):
    model, folder, _ = trained
    kept = load_predictions([folder / "result"], "small")
    records = load_records(CONFIG, open_stores(CONFIG, settings), Recorder())
    for member, group in zip(model.network.members, deal_folds((1, 2, 3, 4), 2), strict=True):
        rows = records.rows(group)
        logits, owners = Inference(member, torch.device("cpu"), torch.float32).logits(records, rows)
        expected = ProbabilityRule(True, model.card.temperature).records(logits, owners, rows)
        np.testing.assert_allclose(kept.probabilities[np.isin(kept.folds, group)], expected, atol=1e-6)


def test_the_predictions_name_the_member_that_answered_for_each_record(trained):
    model, folder, _ = trained
    kept = load_predictions([folder / "result"], "small")
    groups = deal_folds((1, 2, 3, 4), 2)
    assert all(fold in groups[member] for fold, member in zip(kept.folds, kept.members, strict=True))
    for row in (0, len(kept.folds) - 1):
        answering = answering_member(model, kept, row)
        assert answering.network is model.network.members[kept.members[row]]
        assert answering.card.network == CONFIG.network
    from_folds = [answering_member(model, replace(kept, members=None), row) for row in range(len(kept.folds))]
    named = [answering_member(model, kept, row) for row in range(len(kept.folds))]
    assert [one.network for one in from_folds] == [one.network for one in named]
    assert answering_member(model, replace(kept, members=kept.members + 2), 0) is None


def test_an_ensemble_answers_the_mean_of_its_members(trained):
    network = trained[0].network
    window = torch.randn(3, 2, 128)
    mean = torch.stack([member(window) for member in network.members]).mean(0)
    torch.testing.assert_close(network(window), mean)


def test_the_ensembles_steps_and_epochs_are_counted_through(trained):
    recorder = trained[2]
    assert [report.epoch for report in recorder.epochs] == [1, 2, 3, 4]
    assert {report.epochs for report in recorder.epochs} == {4}
    steps = [report.step for report in recorder.steps]
    assert steps == sorted(set(steps))
    assert recorder.epochs[-1].seconds_left == 0
    assert any(line.startswith("Member 2 of 2") for line in recorder.lines)


@pytest.mark.parametrize("stop", [3, 11], ids=["in the first member", "in the second"])
def test_a_stopped_ensemble_goes_on_with_its_finished_members(stop, trained, settings, tmp_path):
    with pytest.raises(training.Stopped):
        training.train(CONFIG, Recorder(stop), tmp_path, settings)
    recorder = Recorder()
    resumed = training.train(CONFIG, recorder, tmp_path, settings)
    assert resumed.card.sha256 == trained[0].card.sha256
    assert resumed.card.thresholds == trained[0].card.thresholds
    assert recorder.asked == trained[2].asked - stop + 1  # and once more while records are prepared


def test_members_are_put_together_as_they_are():
    members = [build(FINETUNING.network) for _ in range(3)]
    ensemble = assemble(members)
    for ours, theirs in zip(ensemble.members, members, strict=True):
        assert all(torch.equal(ours.state_dict()[k], v) for k, v in theirs.state_dict().items())
