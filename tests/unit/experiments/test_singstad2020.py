"""The singstad2020 protocol on small stores: folds, losses, thresholds and the control of the length."""

from dataclasses import replace

import numpy as np
import pytest
from small_training import Recorder
from twelve_lead_stores import twelve_lead_installation, write_hospitals

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, ExperimentError
from ecgapp.evaluate import f_beta_g_beta
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.collection import collect, read_results
from ecgapp.experiments.experiment_config import ExperimentConfig, Size
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config, preset
from ecgapp.experiments.singstad2020.singstad2020_scores import (
    INSIDE,
    PUBLISHED,
    THRESHOLDS,
    challenge_intervals,
    f2_difference,
    pooled_decisions,
)
from ecgapp.experiments.singstad2020.singstad2020_trials import FoldTrials
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials import trial_training

SMALL = Singstad2020Config(
    filters=4, blocks=3, sampling_rate=50.0, n_folds=3, fewest_folds=2, epochs=1, optimiser="adamw",
    learning_rate=1e-3, schedule="one-cycle", batch_size=8,
)  # fmt: skip
CONFIG = ExperimentConfig(SMALL, ("hospitals",), Size.QUICK)


class _Listener(Recorder):
    def progress(self, done, total):
        """Trials are not counted here."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The context of an experiment whose arms have all ended, and its arms."""
    settings = twelve_lead_installation(tmp_path_factory.mktemp("home"), n_source=6)
    folder, stores = open_experiment(CONFIG, settings)
    config = folder.record().config
    context = ArmContext(config, stores, settings, folder, "cpu", _Listener())
    protocol = protocol_named("singstad2020")
    arms = protocol.arms(config)
    for arm in arms:
        run_arm(protocol, arm, context)
    return context, arms


@pytest.fixture(scope="module")
def report(ended):
    """The report of all arms; its simplex searches take seconds."""
    context, _ = ended
    return collect(context.folder, context.stores)


def test_the_published_size_has_the_published_numbers():
    full = preset(Size.FULL)
    assert (full.filters, full.blocks, full.window, full.n_folds, full.epochs) == (1024, 7, 10_000, 10, 10)
    assert preset(Size.STANDARD).window == 10_000


def test_seven_blocks_do_not_fit_into_twenty_seconds_at_250_hz():
    with pytest.raises(ConfigError, match="too short for 7 blocks"):
        Singstad2020Config(sampling_rate=250.0)
    assert preset(Size.QUICK).blocks == 6


def test_a_class_with_too_few_records_is_refused_by_name_and_count(tmp_path):
    settings = Settings(tmp_path, tmp_path / "shipped")
    write_hospitals(settings.stores / "hospitals", 60, without="STE")
    with pytest.raises(ExperimentError, match="STE has 0"):
        open_experiment(CONFIG, settings)


def test_fewer_folds_are_taken_where_a_class_has_fewer_positives_than_folds(tmp_path):
    settings = twelve_lead_installation(tmp_path, n_source=6)
    many = replace(CONFIG, settings=replace(SMALL, n_folds=10))
    folder, _ = open_experiment(many, settings)
    assert folder.record().config.settings.n_folds == SMALL.fewest_folds


def test_every_record_is_tested_once_and_never_by_a_network_that_learnt_from_it(ended):
    context, arms = ended
    results = read_results(context.folder, arms)
    for ended_arm in results.values():
        rows = np.concatenate([ended_arm.arrays(fold)["test_rows"] for fold in range(SMALL.n_folds)])
        assert sorted(rows.tolist()) == list(range(len(rows)))
    trials = FoldTrials.open(SMALL, arms[0], context)
    for number in range(SMALL.n_folds):
        split = trials._split(number)
        parts = [set(part.tolist()) for part in (split.train, split.validation, split.test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(trials.data.records)


def test_both_losses_share_folds_records_and_first_weights(ended, monkeypatch):
    context, arms = ended
    seen = []

    def no_training(config, data, split, pretrained, place, reporter):
        seen.append((config, split))
        raise StopIteration

    monkeypatch.setattr("ecgapp.experiments.singstad2020.singstad2020_trials.train_trial", no_training)
    for arm in arms[:2]:
        with pytest.raises(StopIteration):
            FoldTrials.open(SMALL, arm, context).run(1, context.folder.path)
    (one, first), (two, second) = seen
    names = {"name": "x", "title": "", "loss": "binary"}
    assert replace(one, **names) == replace(two, **names)
    assert (one.loss, two.loss) == ("categorical", "binary")
    assert np.array_equal(first.train, second.train)
    assert trial_training.seeded(0, 3, 1) == one.seed == two.seed


def test_records_are_padded_or_cut_to_one_window(ended):
    context, arms = ended
    trials = FoldTrials.open(SMALL, arms[0], context)
    cut = trials._cut().records
    assert cut.lengths.max() == min(trials.data.records.lengths.max(), SMALL.window)
    first = int(cut.first[int(cut.lengths.argmin())])
    window = cut.cut([first])[0].numpy()
    assert not window[:, int(cut.lengths.min()) :].any()


def test_the_length_alone_finds_classes_whose_records_have_their_own_length(ended):
    context, arms = ended
    length = read_results(context.folder, arms)["length"]
    pooled = pooled_decisions(length, "exact on the training records")
    assert f_beta_g_beta(pooled.decisions, pooled.targets)[0] > 0.5  # class k has records of 8 + k s


def test_exact_thresholds_are_never_below_the_simplex_on_the_records_that_they_are_fitted_to(ended):
    context, arms = ended
    arrays = read_results(context.folder, arms)["binary"].arrays(0)
    answers, targets = arrays["train_probabilities"], arrays["train_targets"]
    ways = [THRESHOLDS[name][1] for name in ("exact on the training records", PUBLISHED)]
    exact, simplex = (f_beta_g_beta(answers >= way(answers, targets), targets)[0] for way in ways)
    assert exact >= simplex


def test_a_difference_is_of_the_records_that_both_arms_have(ended):
    context, arms = ended
    results = read_results(context.folder, arms)
    whole = pooled_decisions(results["length"], INSIDE)
    part = replace(results["binary"], trials=results["binary"].trials[:2])
    change = f2_difference(pooled_decisions(part, INSIDE), whole)
    rows = np.concatenate([part.arrays(fold)["test_rows"] for fold in range(2)])
    assert change.n == len(rows) < len(whole.rows)
    kept = np.isin(whole.rows, rows)
    expected = f_beta_g_beta(whole.decisions[kept], whole.targets[kept])[0]
    assert change.second == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_f2_holds_its_value(ended):
    context, arms = ended
    pooled = pooled_decisions(read_results(context.folder, arms)["length"], INSIDE)
    f2, g2 = challenge_intervals(pooled)
    assert f2.low <= f2.value <= f2.high
    assert g2.value == pytest.approx(f_beta_g_beta(pooled.decisions, pooled.targets)[1], abs=1e-12)


def test_the_organisers_score_is_there_only_where_first_labels_are_known(report, tmp_path):
    assert "organisers" not in {table.key for table in report.tables}
    settings = Settings(tmp_path, tmp_path / "shipped")
    write_hospitals(settings.stores / "hospitals", 72, layout="cpsc2018")
    folder, stores = open_experiment(CONFIG, settings)
    ordered = ArmContext(folder.record().config, stores, settings, folder, "cpu", _Listener())
    protocol = protocol_named("singstad2020")
    run_arm(protocol, protocol.arms(ordered.config)[-1], ordered)
    (table,) = [table for table in collect(folder, stores).tables if table.key == "organisers"]
    assert table.rows[0][1] == 45  # those of CPSC2018
    assert 0 <= table.rows[0][2] <= 1


def test_the_report_names_the_published_figures_and_is_the_same_each_time(ended, report):
    context, _ = ended
    text = report.to_markdown()
    assert collect(context.folder, context.stores).to_markdown() == text
    assert "0.83" in text
    assert "Control: the record's length alone" in text
