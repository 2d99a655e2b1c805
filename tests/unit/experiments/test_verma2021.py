"""The verma2021 protocol on small stores: sources, targets, controls, defects and the report."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import Recorder
from twelve_lead_stores import twelve_lead_installation

from ecgapp.errors import ExperimentError, ModelNotFoundError
from ecgapp.evaluate import macro_auroc
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.collection import collect, read_results
from ecgapp.experiments.experiment_config import ExperimentConfig, Size
from ecgapp.experiments.paper_tables.published_figures import published_figures
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials.altered_signals import (
    gathered,
    scrambled,
    spectra,
    without_lead,
    without_spans,
)
from ecgapp.experiments.trials.logistic_heads import fit_logistic_head
from ecgapp.experiments.trials.norm_statistics import measure_norms_on
from ecgapp.experiments.trials.subsets import subset
from ecgapp.experiments.verma2021 import verma2021_scores
from ecgapp.experiments.verma2021.verma2021_arms import Mode, planned_arms, training_config
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config, preset
from ecgapp.experiments.verma2021.verma2021_data import open_data, split_by_fold
from ecgapp.experiments.verma2021.verma2021_printed_tables import transfer_gains
from ecgapp.experiments.verma2021.verma2021_scores import (
    RepeatedAnswers,
    answers_of,
    paired_arms,
    paired_repeats,
    verdict,
)
from ecgapp.experiments.verma2021.verma2021_target_trials import random_encoder
from ecgapp.models import XResNetConfig, build
from ecgapp.models.networks.spectral import SpectralClassifierConfig, Spectrum
from ecgapp.models.networks.xresnet import Bottleneck

NETWORK = XResNetConfig(depths=(1, 1), width=4)
SMALL = Verma2021Config(
    network=NETWORK, other_networks=(), benchmark_tasks=("superdiagnostic", "rhythm"),
    source_task="superdiagnostic", target_task="nine_class", target_sources=(), sampling_rate=50.0,
    benchmark_rate=50.0, other_rates=(), source_epochs=1, target_epochs=1, head_epochs=1, batch_size=16,
    target_batch=16,
    target_shares=(1.0, 0.5), source_shares=(0.5,), n_folds=2, draws=2, trained_draws=2,
    random_encoders=2,
    compare_networks_on=(), spectra=("magnitude",),
)  # fmt: skip
CONFIG = ExperimentConfig(SMALL, ("ptb-xl", "hospitals"), Size.QUICK)


class _Listener(Recorder):
    def progress(self, done, total):
        """Trials are not counted here."""


@pytest.fixture(scope="module", autouse=True)
def few_draws():
    """Intervals from a tenth of the draws: their number is tested where intervals are made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verma2021_scores, "N_DRAWS", 100)
        yield


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """The context of an experiment that has begun, and its arms by key."""
    settings = twelve_lead_installation(tmp_path_factory.mktemp("home"), n_source=30, n_target=54)
    folder, stores = open_experiment(CONFIG, settings)
    context = ArmContext(CONFIG, stores, settings, folder, "cpu", _Listener())
    return context, {arm.key: arm for arm in protocol_named("verma2021").arms(CONFIG)}


@pytest.fixture(scope="module")
def ended(installation):
    """The context of an experiment whose arms have all ended, and its results."""
    context, arms = installation
    for arm in arms.values():
        run_arm(protocol_named("verma2021"), arm, context)
    return context, read_results(context.folder, list(arms.values()))


@pytest.fixture(scope="module")
def report(ended):
    """The report of all arms."""
    context, _ = ended
    return collect(context.folder, context.stores)


def test_the_published_size_has_the_published_numbers():
    full = preset(Size.FULL)
    assert (full.sampling_rate, full.crop_seconds, full.batch_size) == (500, 2.5, 128)
    assert (full.learning_rate, full.source_task, full.target_task) == (1e-2, "diagnostic", "verma_18")
    assert full.target_sources == ("georgia",)
    learnt = {arm.task for arm in planned_arms(full) if arm.mode == Mode.SOURCE}
    assert learnt == set(full.benchmark_tasks)


def test_arms_of_one_target_differ_in_their_start_and_learning_rates_only(installation):
    _, arms = installation
    configs = [
        training_config(SMALL, arms[f"{mode}-100"], CONFIG.stores, 7) for mode in ("scratch", "finetuned")
    ]
    alike = {"name": "x", "title": "", "initialisation": "random", "pretrained": None}
    assert replace(configs[0], **alike) == replace(configs[1], **alike)
    graded = training_config(SMALL, arms["graded-100"], CONFIG.stores, 7)
    assert sum(graded.cycles) == configs[0].epochs
    graded = replace(graded, epochs=configs[0].epochs, head_epochs=0, graded_rates=False)
    assert replace(graded, **alike) == replace(configs[0], **alike)


def test_all_arms_answer_the_same_records_in_the_same_folds(ended):
    _, results = ended
    first = results["scratch-100"].arrays(0)
    for key in ("finetuned-100", "graded-100", "frozen-100", "frozenrandom-100", "scratch-50"):
        arrays = results[key].arrays(0)
        assert np.array_equal(arrays["fold"], first["fold"])
        assert np.array_equal(arrays["targets"], first["targets"], equal_nan=True)


def test_source_folds_for_learning_choosing_and_testing_are_apart(installation):
    context, arms = installation
    data, _ = open_data(arms["ptbxl-superdiagnostic"], context)
    parts = [set(data.records.folds[rows].tolist()) for rows in split_by_fold(data)]
    assert parts == [{1, 2, 3, 4}, {5}, {6}]
    assert set(data.sources) == {"ptb-xl"}


def test_the_target_has_no_record_of_the_source(installation):
    context, arms = installation
    data, _ = open_data(arms["scratch-100"], context)
    assert set(data.sources) == {"georgia", "cpsc_2018"}


def test_a_smaller_share_lies_in_a_larger_one_and_keeps_patients_whole():
    patients = np.repeat(np.arange(20), 3)
    rows = np.arange(60)
    half, quarter = (subset(rows, patients, share, 5) for share in (0.5, 0.25))
    assert set(quarter.tolist()) < set(half.tolist())
    assert len(half) == 30
    assert all((patients == patient).sum() in (0, 3) for patient in patients[half])


def test_scrambled_leads_are_those_of_a_reshape_without_transposition(installation):
    context, arms = installation
    data, _ = open_data(arms["scratch-100"], context)
    records, mixed = data.records, scrambled(data.records)
    row = 3
    start, length = int(records.first[row]), int(records.lengths[row])
    raw = records.signals[:, start : start + length].numpy()
    assert np.array_equal(mixed.signals[:, start : start + length].numpy(), raw.reshape(length, 12).T)
    assert torch.equal(records.signals, open_data(arms["scratch-100"], context)[0].records.signals)


def test_a_spectrum_keeps_the_energy_of_the_signal(installation):
    context, arms = installation
    data, _ = open_data(arms["scratch-100"], context)
    start, length = int(data.records.first[3]), int(data.records.lengths[3])
    here = slice(start, start + length)
    signal = data.records.signals[:, here]
    real, imaginary, size = (
        spectra(data.records, part).signals[:, here] for part in ("real", "imaginary", "magnitude")
    )
    assert torch.allclose(real**2 + imaginary**2, size**2, atol=1e-3)
    assert torch.allclose((size**2).sum(), (signal**2).sum(), rtol=1e-4)


def test_the_spectral_classifier_reads_half_a_window_plus_one():
    window = torch.randn(2, 12, 125)
    values = Spectrum("magnitude")(window)
    assert values.shape == (2, 12, 63)
    inner = XResNetConfig(depths=(1,), width=4, n_samples=63, n_labels=3)
    assert build(SpectralClassifierConfig(inner, 125)).eval()(window).shape == (2, 3)


def test_a_lead_and_a_wave_can_be_removed(installation):
    context, arms = installation
    data, _ = open_data(arms["scratch-100"], context)
    small = gathered(data.records, np.array([5, 2]))
    assert small.signals.shape[1] == small.lengths.sum()
    start, length = int(data.records.first[2]), int(data.records.lengths[2])
    here = slice(int(small.first[1]), int(small.first[1]) + length)
    assert torch.equal(small.signals[:, here], data.records.signals[:, start : start + length])
    bare = without_lead(small, 4).signals[:, here]
    assert not bare[4].any()
    assert bare[3].any()
    flat = without_spans(small, {1: [(1.0, 2.0)]}).signals[:, here]
    rises = torch.diff(flat[:, 50:101], dim=1)
    assert torch.allclose(rises, rises[:, :1].expand_as(rises), atol=1e-4)


def test_each_block_of_the_random_encoder_answers_and_its_norms_are_those_of_training_windows(installation):
    context, arms = installation
    data, training = open_data(arms["frozenrandom-100"], context)
    train = np.arange(0, 40)
    network = random_encoder(training, 1)
    measure_norms_on(network, data.records, train)
    windows = data.records.cut(data.records.first[train].tolist())
    stem = network.encoder.stem[:2]
    with torch.inference_mode():
        normed = stem(windows[:, :, None])
        assert normed.mean((0, 2, 3)).abs().max() < 1e-3
        for block in (module for module in network.modules() if isinstance(module, Bottleneck)):
            assert block.body[-1].weight.abs().min() > 0
            assert (block.body[-1].running_var != 1).all()


def test_a_figure_of_repeats_is_the_mean_of_their_figures_and_not_that_of_an_ensemble():
    rng = np.random.default_rng(0)
    targets = (rng.random((80, 2)) < 0.5).astype(np.float32)
    draws = tuple((targets + rng.normal(0, 2, (80, 2))).astype(np.float32) for _ in range(4))
    value = float(RepeatedAnswers(draws, targets).statistic()(np.ones((80, 1)))[0])
    assert value == pytest.approx(np.mean([macro_auroc(one, targets) for one in draws]))
    assert value < macro_auroc(np.mean(draws, axis=0), targets)
    longer = RepeatedAnswers(draws, targets)
    paired = paired_repeats(RepeatedAnswers(draws[:1], targets), longer)
    assert (paired.difference.value, paired.p) == (0.0, 1.0)


def test_a_logistic_head_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 6)).astype(np.float32)
    targets = (features[:, :2] + rng.normal(size=(200, 2)) > 0).astype(np.float32)
    head = fit_logistic_head(features, targets, np.arange(200), (0.1,))
    standard = (features - features.mean(0)) / features.std(0)
    for label in range(2):
        theirs = LogisticRegression(C=0.1, tol=1e-8, max_iter=1000).fit(standard, targets[:, label])
        expected = theirs.predict_proba(standard)[:, 1]
        assert np.abs(head.probabilities(features)[:, label] - expected).max() < 1e-3


def test_a_target_without_enough_positives_is_refused_by_class_and_count(tmp_path):
    settings = twelve_lead_installation(tmp_path, n_target=9)
    with pytest.raises(ExperimentError, match="the class with most, AF, has 1"):
        open_experiment(CONFIG, settings)


def test_the_source_model_can_be_promoted_and_names_its_folds(ended):
    from ecgapp.models import installed_models

    context, _ = ended
    (card,) = installed_models((context.folder.product("ptbxl-superdiagnostic") / "result",)).values()
    assert (card.provenance.train_folds, card.provenance.validation_folds) == ("folds 1-4", "fold 5")
    assert len(card.thresholds) == 5


def test_every_arm_ends_and_the_report_is_the_same_each_time(ended, report):
    context, results = ended
    assert collect(context.folder, context.stores).to_markdown() == report.to_markdown()
    keys = {table.key for table in report.tables}
    assert {
        "benchmark",
        "transfer",
        "differences",
        "variants",
        "calibration",
        "spectra",
        "as-published",
        "printed",
    } <= keys
    evidence = next(table for table in report.tables if table.key == "evidence")
    assert len(evidence.rows) == 16
    assert len(results) == len(planned_arms(SMALL))


def test_the_report_has_each_printed_figure_and_the_gain_with_and_without_the_defects(ended, report):
    _, results = ended
    printed = next(table for table in report.tables if table.key == "printed")
    assert [row[3] for row in printed.rows] == [one.value for one in published_figures("verma2021")]
    gains = transfer_gains(results)
    assert list(gains) == ["as published", "corrected"]
    text = report.to_markdown()
    assert all(f"Fine-tuned minus from scratch, {name}: {verdict(gains[name])}." in text for name in gains)
    assert "fastai_resnet1d101" in text


def test_the_sentence_on_records_has_the_number_of_test_records_of_each_task(ended, report):
    _, results = ended
    tested = {name: results[f"ptbxl-{name}"].trials[0].counts["test"] for name in SMALL.benchmark_tasks}
    words = ", ".join(f"{n} ({name})" for name, n in tested.items())
    for table in report.tables:
        assert table.published or table.records.endswith(
            f"on PTB-XL the test fold of each task: n = {words}."
        )
    benchmark = next(table for table in report.tables if table.key == "benchmark")
    assert [row[3] for row in benchmark.rows] == list(tested.values())


def test_a_difference_is_the_mean_over_pairs_of_repeats(ended):
    _, results = ended
    pair = paired_arms(results, "frozenrandom-100", "frozen-100")
    one, two = (answers_of(results[key]) for key in ("frozenrandom-100", "frozen-100"))
    assert pair == paired_repeats(one, two)
    values = [results[key].values("auroc") for key in ("frozenrandom-100", "frozen-100")]
    assert pair.difference.value == pytest.approx(np.mean(values[1]) - np.mean(values[0]), abs=1e-6)


def test_a_changed_network_has_no_published_figure(report):
    table = next(table for table in report.tables if table.key == "benchmark")
    assert all(row[-1] is None and "changed to" in row[0] for row in table.rows)


def test_networks_read_records_as_in_the_benchmark_if_all_are_in_mv(installation):
    context, arms = installation
    source, training = open_data(arms["ptbxl-superdiagnostic"], context)
    preprocessing = training.preprocessing
    assert (preprocessing.highpass, preprocessing.lowpass) == (None, None)
    train = source.records.signals[:, : int(source.records.first[split_by_fold(source)[1]].min())]
    assert abs(float(train.mean())) < 0.05
    assert preprocessing == open_data(arms["scratch-100"], context)[1].preprocessing


def test_an_experiment_without_a_delineator_is_refused_at_its_start(tmp_path):
    settings = replace(twelve_lead_installation(tmp_path), shipped_weights=tmp_path / "none")
    with pytest.raises(ModelNotFoundError, match="delineator"):
        open_experiment(CONFIG, settings)


def test_a_temperature_does_not_change_the_auroc(report):
    table = next(table for table in report.tables if table.key == "calibration")
    assert all(abs(row[-1]) < 1e-12 for row in table.rows)
