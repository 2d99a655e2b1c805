"""The study of Jang et al. (2021) in small: its arms, its draws, its tables, and what it refuses to claim."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rhythm_store import small_study, write_rhythms
from scipy import stats

from ecgapp.config import Settings
from ecgapp.datasets import open_store
from ecgapp.errors import ConfigError, ExperimentError
from ecgapp.evaluate import weighted_f1
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.collection import collect, read_results, write_report
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.jang2021.jang2021_arms import TRAINED, planned_arms
from ecgapp.experiments.jang2021.jang2021_config import LabelShare, preset
from ecgapp.experiments.jang2021.jang2021_data import (
    classifier_training,
    load_study,
    study_lead,
    study_preprocessing,
    study_task,
)
from ecgapp.experiments.jang2021.jang2021_heads import weights_note
from ecgapp.experiments.jang2021.jang2021_pretraining import pretrained_model
from ecgapp.experiments.jang2021.jang2021_tables import transfer_table
from ecgapp.experiments.jang2021.jang2021_trial_tables import paper_table_2, paper_table_3, table_3
from ecgapp.experiments.jang2021.jang2021_trials import JUDGED_FOLDS, trial_training
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials.image_network import ImageWeights
from ecgapp.experiments.trials.multinomial_head import most_probable
from ecgapp.experiments.trials.probe_reporter import ProbeReporter
from ecgapp.experiments.trials.trial_training import TrialPlace, prepare_trial
from ecgapp.training.loop.training_loop import Loop


def run_all(context):
    protocol = protocol_named("jang2021")
    for arm in protocol.arms(context.config):
        run_arm(protocol, arm, context)


def context_of(home, config, store="rhythms"):
    settings = Settings(home, home / "shipped")
    experiment = ExperimentConfig(config, (store,), "quick", seed=3)
    folder, stores = open_experiment(experiment, settings)
    return ArmContext(experiment, stores, settings, folder, "cpu", ProbeReporter())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The context of an experiment whose arms have all ended."""
    home = tmp_path_factory.mktemp("jang")
    write_rhythms(home / "stores" / "rhythms")
    context = context_of(home, small_study())
    run_all(context)
    return context


@pytest.fixture(scope="module")
def results(finished):
    return read_results(finished.folder, planned_arms(finished.config.settings))


@pytest.fixture(scope="module")
def report(finished):
    """The report of all arms."""
    return collect(finished.folder, finished.stores)


@pytest.fixture(scope="module")
def study(finished):
    return load_study(finished.config.settings, finished, capped=JUDGED_FOLDS)


def test_every_arm_runs_and_every_table_has_rows(finished, results, report):
    assert list(results) == [arm.key for arm in planned_arms(finished.config.settings)]
    assert all(table.rows for table in report.tables)
    assert {"transfer", "frozen", "images", "table3_lci", "paper_table2"} <= {t.key for t in report.tables}
    assert [figure.key for figure in report.figures] == [
        "figure4_reconstructions", "figure5_learning_curves", "f1_by_share"
    ]  # fmt: skip


def test_the_report_is_the_same_byte_for_byte_in_a_second_run(finished, tmp_path):
    write_rhythms(tmp_path / "stores" / "rhythms")
    again = context_of(tmp_path, finished.config.settings)
    run_all(again)
    for context in (finished, again):
        write_report(context.folder, context.stores)
    first, second = (sorted((c.folder.path / "report").iterdir()) for c in (finished, again))
    assert [path.name for path in first] == [path.name for path in second]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))


def test_arms_of_a_share_and_repeat_differ_in_the_initial_weights_alone(finished, study):
    config = finished.config.settings
    common = classifier_training(config, finished)
    arms = {arm.kind: arm for arm in planned_arms(config) if arm.share and arm.share.percent == "50"}
    trainings = {kind: trial_training(common, arms[kind], 3, 1) for kind in ("random", "transfer")}
    same = [replace(each, initialisation="random", pretrained=None) for each in trainings.values()]
    assert same[0] == same[1]
    model = pretrained_model(config, finished)
    prepared = {
        kind: prepare_trial(
            training, study.data, study.split(arms[kind].share, 3, 1),
            model if kind == "transfer" else None, TrialPlace(1, 2, Path("unused")),
        )
        for kind, training in trainings.items()
    }  # fmt: skip
    loops = {kind: Loop(each, each.networks()) for kind, each in prepared.items()}
    for random, transfer in zip(*(loop.batch_order() for loop in loops.values()), strict=True):
        np.testing.assert_array_equal(random, transfer)
    networks = {kind: each.networks()[0].state_dict() for kind, each in prepared.items()}
    for name, tensor in networks["random"].items():
        other = networks["transfer"][name]
        assert name.startswith("encoder.") or torch.equal(tensor, other)
    for name, tensor in model.network.encoder.state_dict().items():
        assert torch.equal(networks["transfer"][f"encoder.{name}"], tensor)


def test_a_draw_has_training_records_alone_and_as_many_of_each_label_as_there_are(study):
    labels = study.data.records.targets.argmax(axis=1)
    drawn = study.drawn(1.0, 0, 0)
    assert set(drawn.tolist()) < set(study.train.tolist())
    np.testing.assert_array_equal(np.bincount(labels[drawn]), np.bincount(labels[study.train]))
    assert len(np.unique(drawn)) < len(drawn)


def test_a_smaller_share_is_part_of_a_larger_one_and_repeats_differ(study):
    large, small = study.drawn(1.0, 0, 0), study.drawn(0.5, 0, 0)
    assert set(small.tolist()) <= set(large.tolist())
    assert not np.array_equal(large, study.drawn(1.0, 0, 1))


def test_passes_repeat_the_draw_and_leave_validation_and_test_alone(study):
    once, twice = (study.split(LabelShare(0.5, 1, passes), 0, 0) for passes in (1, 2))
    np.testing.assert_array_equal(np.tile(once.train, 2), twice.train)
    assert not set(once.train) & {*once.validation, *once.test}
    assert not set(once.validation) & set(once.test)


def test_the_figure_of_the_validation_epoch_is_that_of_the_stored_answers(results):
    for key in ("random-100", "transfer-50"):
        for number, trial in enumerate(results[key].trials):
            arrays = results[key].arrays(number)
            f1 = weighted_f1(most_probable(arrays["probabilities"]), arrays["targets"])
            assert f1 == pytest.approx(trial.values["f1"], abs=1e-6)
            assert trial.values["f1"] <= trial.values["best_f1"]


def test_a_head_has_a_figure_for_each_share_from_its_stored_answers(results):
    for kind in ("frozen-random", "frozen-pretrained", "image-random"):
        arrays = results[kind].arrays(0)
        for percent in ("100", "50"):
            f1 = weighted_f1(most_probable(arrays[f"probabilities-{percent}"]), arrays["targets"])
            assert f1 == pytest.approx(results[kind].trials[0].values[f"f1-{percent}"], abs=1e-6)


def test_random_encoders_differ_between_repeats(results):
    first, second = (results["frozen-random"].arrays(number)["probabilities-100"] for number in (0, 1))
    assert not np.allclose(first, second)


def test_the_papers_trials_give_its_means_deviations_and_p_values():
    table = paper_table_2()
    rows = {row[0]: dict(zip(table.columns[1:], row[1:], strict=True)) for row in table.rows}
    assert rows["Mean"]["random 25 %"] == pytest.approx(0.543, abs=5e-4)
    assert rows["Mean"]["transfer 100 %"] == pytest.approx(0.857, abs=5e-4)
    assert rows["SD"]["transfer 25 %"] == pytest.approx(0.008, abs=5e-4)
    assert float(rows["Welch p"]["transfer 100 %"]) == pytest.approx(2e-6, rel=0.2)
    assert float(rows["Welch p"]["transfer 25 %"]) < 1e-20
    index = paper_table_3()
    p = dict(zip(index.columns, index.rows[-1], strict=True))["transfer 100 %"]
    assert p == pytest.approx(0.45, abs=5e-3)


def test_tables_of_trials_have_the_t_interval_of_the_mean_and_the_index_its_number_of_changes(
    finished, results
):
    rows = {row[0]: row[1:] for row in paper_table_2().rows}
    values = [rows[str(trial)][0] for trial in range(1, 11)]
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert rows["Mean, 95 % low"][0] == pytest.approx(interval.low, abs=1e-9)
    assert rows["Mean, 95 % high"][0] == pytest.approx(interval.high, abs=1e-9)
    index = table_3(finished.config.settings, results)
    changes = dict(zip(index.columns, index.rows[-1], strict=True))
    assert changes["Trial"] == "Changes in a curve"
    for kind in TRAINED:
        for percent in ("100", "50"):
            curve = results[f"{kind}-{percent}"].trials[0].curves["test_f1"]
            assert changes[f"{kind} {percent} %"] == len(curve) - 1
    assert any("too short" in note and "100 %, 50 %" in note for note in index.notes)
    long = replace(finished.config.settings, shares=(LabelShare(1.0, 150),))
    assert not any("too short" in note for note in table_3(long, results).notes)


def test_the_report_says_that_the_papers_index_at_100_percent_shows_no_difference(report):
    (sentence,) = [s for s in report.conclusions if "paper's own" in s and "at 100 %" in s]
    assert sentence.endswith("no difference shown (Welch's p = 0.45, n = 10 trials each).")


def test_a_random_arm_that_failed_to_train_is_named_before_anything_is_claimed(finished, results, report):
    def failed(trial):
        return replace(trial, values={**trial.values, "train_loss": trial.values["constant_loss"]})

    flat = {
        key: replace(arm, trials=tuple(map(failed, arm.trials))) if key.startswith("random") else arm
        for key, arm in results.items()
    }
    failing = protocol_named("jang2021").report(finished.config, finished.stores, flat)
    assert "random failed to train at 100 %" in failing.conclusions[0]
    learnt = {row[:2]: row[-1] for table in report.tables if table.key == "learning" for row in table.rows}
    assert ("random 100" in report.conclusions[0]) == (learnt[("100 %", "random")] == "no")


def test_no_difference_is_claimed_where_the_paired_test_shows_none(finished, results, report):
    table = transfer_table(finished.config.settings, results)
    for row in table.rows:
        if row[0] == "Ours, epoch chosen on validation":
            cells = dict(zip(table.columns, row, strict=True))
            (sentence,) = [
                s for s in report.conclusions if s.startswith(f"At {row[1]}") and ", transfer and random" in s
            ]
            unclear = cells["Paired p"] is None or float(cells["Paired p"]) >= 0.05
            assert ("no difference shown" in sentence) == unclear


def test_a_partial_experiment_reports_what_it_has(finished, results):
    part = {key: results[key] for key in ("pretraining", "random-100")}
    report = protocol_named("jang2021").report(finished.config, finished.stores, part)
    assert not any("difference" in s and s.startswith("At") for s in report.conclusions)


def test_an_image_network_without_weights_gives_no_figures_and_the_report_says_so(tmp_path):
    write_rhythms(tmp_path / "stores" / "rhythms")
    context = context_of(tmp_path, small_study(images=("googlenet",)))
    protocol = protocol_named("jang2021")
    (arm,) = [arm for arm in protocol.arms(context.config) if arm.key == "image-googlenet"]
    run_arm(protocol, arm, context)
    report = collect(context.folder, context.stores)
    assert any("googlenet has no figures" in sentence for sentence in report.conclusions)
    assert any("googlenet: not installed" in sentence for sentence in report.data)


def test_the_file_of_image_weights_is_named_with_its_sha256_but_without_its_folder():
    note = weights_note("googlenet", ImageWeights("googlenet", Path("/private/a.pth"), "ab" * 32))
    assert "a.pth" in note
    assert "ab" * 32 in note
    assert "private" not in note


def test_the_report_names_the_autoencoder_with_its_sha256(finished, report):
    digest = pretrained_model(finished.config.settings, finished).card.sha256
    assert any(digest in sentence for sentence in report.data)


def test_the_estimate_names_every_arm(finished):
    protocol = protocol_named("jang2021")
    arms = protocol.arms(finished.config)
    seconds = protocol.estimate(arms, finished)
    assert list(seconds) == [arm.key for arm in arms]
    assert min(seconds.values()) > 0


def test_the_data_report_names_counts_lead_and_differences(finished):
    report = protocol_named("jang2021").data_report(finished.config, finished.stores)
    assert any("N 24 / 3 / 3" in sentence for sentence in report.data)
    assert any("lead I alone, which stands for lead II" in sentence for sentence in report.differences)
    assert any("0.5-40 Hz" in sentence for sentence in report.differences)


def test_fewer_than_two_labels_with_enough_records_are_refused_by_name_and_count(tmp_path):
    write_rhythms(tmp_path / "stores" / "rhythms", n_records=40)
    with pytest.raises(ExperimentError, match="N 8 / 1 / 1; A 8 / 1 / 1"):
        context_of(tmp_path, small_study())


def test_a_label_with_too_few_records_is_left_out_with_its_records_and_named(tmp_path):
    write_rhythms(tmp_path / "stores" / "rhythms", n_records=120, fewer={"~": 6})
    context = context_of(tmp_path, small_study())
    report = protocol_named("jang2021").data_report(context.config, context.stores)
    assert any("left out with their records" in s and "~ 6 / 0 / 0" in s for s in report.differences)
    assert not any("~" in sentence for sentence in report.data)
    study = load_study(context.config.settings, context, capped=JUDGED_FOLDS)
    names = study.task.label_names
    for rows in (study.train, study.validation, study.test):
        labels = {names[label] for label in study.data.records.targets[rows].argmax(axis=1)}
        assert labels == {"N", "A", "O"}
    assert len(study.drawn(1.0, 0, 0)) == len(study.train)


def test_the_task_is_that_with_the_most_labels_that_have_enough_records(tmp_path):
    write_rhythms(tmp_path / "stores" / "rhythms")
    write_rhythms(tmp_path / "stores" / "rare", n_records=8, prefix="SHAOXING:S")
    settings = Settings(tmp_path, tmp_path / "shipped")
    stores = [open_store(name, settings) for name in ("rare", "rhythms")]
    assert study_task(small_study(), stores).name == "cinc2017_rhythm"
    assert study_task(small_study(), stores[:1]).name == "shaoxing_rhythm"


def test_the_lead_is_ii_where_it_is_and_else_the_only_one(tmp_path):
    write_rhythms(tmp_path / "stores" / "one")
    write_rhythms(tmp_path / "stores" / "two", leads=("I", "II"))
    write_rhythms(tmp_path / "stores" / "other", leads=("I", "V1"))
    settings = Settings(tmp_path, tmp_path / "shipped")
    one, two, other = (open_store(name, settings) for name in ("one", "two", "other"))
    assert (study_lead((one,)), study_lead((two,))) == ("I", "II")
    assert study_preprocessing(small_study(pretrained="x"), (one,)).substitutions == ("I in place of II",)
    with pytest.raises(ExperimentError, match="lead II"):
        study_lead((other,))
    assert study_task(small_study(), (one,)).name == "cinc2017_rhythm"


@pytest.mark.parametrize(
    "change",
    [{"shares": ()}, {"repeats": 1}, {"shares": (LabelShare(0.0, 1),)}, {"images": ("alexnet",)}],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(ConfigError):
        small_study(**change)


def test_the_full_size_has_the_published_network_steps_and_epochs(finished):
    full = preset("full")
    assert (full.network.architecture, full.pretrained, full.repeats) == ("jang_autoencoder", None, 10)
    assert [(share.percent, share.epochs) for share in full.shares[:3]] == [
        ("100", 150), ("50", 150), ("25", 150)
    ]  # fmt: skip
    training = classifier_training(replace(finished.config.settings, as_published=True), finished)
    assert (training.optimiser, training.schedule) == ("adam", "constant")
    assert (training.weight_decay, training.ema_decay, training.clip_gradient) == (0, 0, 0)
    assert full.learning_rate == 0.005
