"""The ansari2020 protocol on small stores: arms, splits, the head as a model, and the report."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from nine_class_stores import nine_class_installation
from small_training import Recorder

from ecgapp.errors import ConfigError, ExperimentError
from ecgapp.evaluate import macro_auroc
from ecgapp.experiments.ansari2020.ansari2020_config import Ansari2020Config, HeadNetworkSettings
from ecgapp.experiments.ansari2020.ansari2020_data import (
    encoder_of,
    feature_data,
    judged_records,
    network_config,
    pretrained_encoder,
    read_features,
)
from ecgapp.experiments.ansari2020.ansari2020_head import folded_head
from ecgapp.experiments.ansari2020.ansari2020_scores import difference_figures
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.collection import collect, read_results
from ecgapp.experiments.experiment_config import ExperimentConfig, Size, load_protocols
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials.conventional_learners import Logistic, learner_named
from ecgapp.experiments.trials.fitted_learner import fit_learner
from ecgapp.experiments.trials.norm_statistics import NORM_RECORDS
from ecgapp.experiments.trials.trial_data import load_trial_data
from ecgapp.models import load_model
from ecgapp.models.answers import ProbabilityRule
from ecgapp.promotion.bundles import read_bundle
from ecgapp.training.data.window_sampling import all_windows

load_protocols()
N_RECORDS = 60  # of each data set
SMALL = Ansari2020Config(
    autoencoder="tiny_cae", learners=("logistic",), repeats=1, random_encoders=2, n_bootstrap=25,
    folds=2, inner_folds=2, fewest_positives=2,
    network=HeadNetworkSettings((4,), 3, 0.0, epochs=1, batch_size=16),
)  # fmt: skip
CONFIG = ExperimentConfig(SMALL, ("first", "second"), Size.QUICK)


class _Listener(Recorder):
    def progress(self, done, total):
        """Trials are not counted here."""


@pytest.fixture(scope="module", autouse=True)
def one_strength():
    """Logistic regression without its search, which has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Logistic, "strengths", (0.1,))
        yield


@pytest.fixture(scope="module")
def ended(tmp_path_factory, one_strength):
    """The context of an experiment whose arms have all ended, and its arms."""
    settings = nine_class_installation(tmp_path_factory.mktemp("home"), n_records=N_RECORDS)
    folder, stores = open_experiment(CONFIG, settings)
    context = ArmContext(CONFIG, stores, settings, folder, "cpu", _Listener())
    protocol = protocol_named("ansari2020")
    arms = protocol.arms(CONFIG)
    for arm in arms:
        run_arm(protocol, arm, context)
    return context, arms


@pytest.fixture(scope="module")
def records(ended):
    """The records of both data sets in memory."""
    context, _ = ended
    model = pretrained_encoder(SMALL, context.settings)
    return load_trial_data(network_config(CONFIG, model, context.stores), context).records


def test_every_arm_of_the_quick_size_ends_and_the_report_names_the_published_figures(ended):
    context, arms = ended
    report = collect(context.folder, context.stores)
    text = report.to_markdown()
    assert all(context.folder.is_finished(arm.key) for arm in arms)
    assert "0.917" in text
    rows = {table.key: table.rows for table in report.tables}
    assert {"simple_target", "folds_all", "on_target", "repeats_all", "differences"} <= set(rows)
    assert len(rows["differences"]) == 8
    assert {row[3] for row in rows["differences"]} == {N_RECORDS, 2 * N_RECORDS}
    unseen = {row[2]: row[3] for row in rows["unseen_differences"]}
    assert unseen["all data sets"] == N_RECORDS  # folds 5-9 of both


def test_a_learner_that_failed_removes_its_own_difference_alone(ended):
    context, arms = ended
    failed = "cae-code-logistic-all"
    gone = {arm.key for arm in arms if failed in (arm.key, *arm.needs)}
    assert gone == {failed, "difference-code-logistic-all"}
    results = read_results(context.folder, [arm for arm in arms if arm.key not in gone])
    report = protocol_named("ansari2020").report(CONFIG, context.stores, results)
    assert len(next(table for table in report.tables if table.key == "differences").rows) == 7


def test_the_report_names_the_autoencoders_records_by_its_card(ended):
    context, _ = ended
    data = " ".join(collect(context.folder, context.stores).data)
    assert "tiny_cae" in data
    assert "learnt from 100 records of made for a test (folds 1-4, 10), without their labels" in data
    assert "never seen if they lie in folds 5-9" in data


def test_the_simple_split_is_called_too_small_only_where_its_rarest_class_is_rare(ended):
    context, arms = ended
    results = read_results(context.folder, arms)
    protocol = protocol_named("ansari2020")
    assert "too few for a comparison" in protocol.report(CONFIG, context.stores, results).conclusions[-1]

    def plenty(trial):
        return replace(trial, counts={**trial.counts, "simple_rarest": 50})

    many = {key: replace(arm, trials=tuple(map(plenty, arm.trials))) for key, arm in results.items()}
    conclusions = protocol.report(CONFIG, context.stores, many).conclusions
    assert not any("too few" in sentence for sentence in conclusions)


def test_the_report_is_made_from_results_alone_byte_for_byte(ended):
    context, _ = ended
    first, second = (collect(context.folder, context.stores).to_markdown() for _ in range(2))
    assert first == second


def test_both_encoders_have_the_same_records_folds_and_targets(ended):
    context, arms = ended
    results = read_results(context.folder, arms)
    for kind in ("pooled-logistic-all", "code-logistic-target", "map-cnn-all"):
        for repeat in range(len(results[f"cae-{kind}"].trials)):
            ours, control = (results[f"{encoder}-{kind}"].arrays(repeat) for encoder in ("cae", "random"))
            for name in ("rows", "folds", "targets"):
                assert np.array_equal(ours[name], control[name], equal_nan=name == "targets")
            assert not np.array_equal(ours["probabilities"], control["probabilities"])


def test_encoders_differ_in_their_weights_and_norms_only(ended, records):
    context, _ = ended
    kinds = (("cae", 0), ("random", 0), ("random", 1))
    ours, first, second = (encoder_of(*one, context, records) for one in kinds)
    assert ours.card.network == first.card.network == second.card.network
    assert ours.card.preprocessing == first.card.preprocessing
    names = [name for name, _ in ours.network.named_parameters()]
    assert names == [name for name, _ in first.network.named_parameters()]
    assert not torch.equal(first.network.encoder.stem[0].weight, second.network.encoder.stem[0].weight)


def test_no_record_is_judged_by_a_learner_of_its_own_fold_and_patients_stay_together(ended):
    context, arms = ended
    answers = read_results(context.folder, arms)["cae-pooled-logistic-all"].arrays(0)
    arrays = read_features(context, "cae", 0)
    judged = judged_records(arrays)
    rows = answers["rows"]
    patients = arrays["patients"][rows]
    for folds in (answers["folds"], judged.dealt(rows, SMALL, 0, 1)):
        for patient in np.unique(patients):
            assert len(set(folds[patients == patient])) == 1
        assert len(np.unique(folds)) == SMALL.folds
    assert len(np.unique(rows)) == len(arrays["targets"])
    assert set(judged.inner(rows, SMALL, 0, 0)) == {1, 2}


def test_repeats_are_averaged_in_a_difference_and_records_are_paired():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 2)) < 0.4).astype(np.float32)
    unseen = np.repeat([0, 1], 100)

    def trial(noise):
        scores = targets + noise * rng.standard_normal(targets.shape)
        return {"probabilities": scores.astype(np.float32), "targets": targets, "unseen": unseen}

    better, worse = [trial(0.5), trial(1.0)], [trial(3.0), trial(4.0)]
    result = difference_figures(better, worse, 200)
    for prefix, rows in (("", unseen >= 0), ("unseen_", unseen == 1)):
        means = [
            np.mean([macro_auroc(one["probabilities"][rows], targets[rows]) for one in trials])
            for trials in (better, worse)
        ]
        assert result.values[f"{prefix}difference"] == pytest.approx(means[0] - means[1], abs=1e-9)
        assert result.values[f"{prefix}difference_low"] > 0
        assert result.counts[f"{prefix}n"] == rows.sum()
    same = difference_figures(better, better, 200).values
    assert (same["difference"], same["difference_low"], same["difference_high"]) == (0, 0, 0)


def test_the_norms_of_a_random_encoder_are_those_of_records_that_the_pretrained_one_learnt_from(
    ended, records
):
    context, _ = ended
    network = encoder_of("random", 0, context, records).network
    assert not network.training
    seen = np.flatnonzero(~np.isin(records.folds, (5, 6, 7, 8, 9)))
    chosen = seen[np.linspace(0, len(seen) - 1, min(len(seen), NORM_RECORDS)).round().astype(int)]
    stem = network.encoder.stem
    norm = next(module for module in stem if isinstance(module, torch.nn.BatchNorm2d))
    inputs = []
    norm.register_forward_hook(lambda _module, x, _answer: inputs.append(x[0]))
    with torch.inference_mode():
        network(records.cut(records.first[chosen].tolist()))
    torch.testing.assert_close(norm.running_mean, inputs[0].mean(dim=(0, 2, 3)), atol=1e-5, rtol=1e-4)


def test_the_promoted_head_gives_the_learners_probabilities(ended, records):
    context, _ = ended
    settings = SMALL
    arrays = read_features(context, "cae", 0)
    data = feature_data(arrays, settings.poolings)
    rows = np.arange(len(data.targets))
    fitted = fit_learner(learner_named("logistic"), data, rows, rows % 3)
    network = folded_head(encoder_of("cae", 0, context, records), fitted, settings.poolings)
    windows = all_windows(records, rows)
    with torch.inference_mode():
        logits = network(records.cut(windows.positions.tolist())).numpy()
    answers = ProbabilityRule(True).records(logits, windows.owners, rows)
    np.testing.assert_allclose(answers, fitted.probabilities(data, rows), atol=1e-6, rtol=0)


def test_the_head_is_a_model_that_the_app_imports(ended):
    context, _ = ended
    product = context.product("head")
    bundle = (product / "nine_class_linear.ecgapp-model.zip").read_bytes()
    card = read_bundle(io.BytesIO(bundle)).card
    assert card.validation is not None
    assert card.validation.n == N_RECORDS  # folds 5-9 of both data sets
    assert len(card.thresholds) == 9
    assert load_model((product / "weights",), "nine_class_linear").card.sha256 == card.sha256
    assert not list(product.rglob("*.pkl"))


def test_a_data_set_without_a_class_is_refused_with_class_and_count(tmp_path):
    settings = nine_class_installation(tmp_path, n_records=N_RECORDS, without="LBBB")
    with pytest.raises(ExperimentError, match="first has 0 records with LBBB"):
        open_experiment(CONFIG, settings)


def test_the_time_of_every_arm_is_estimated(ended):
    context, arms = ended
    seconds = protocol_named("ansari2020").estimate(arms, context)
    assert set(seconds) == {arm.key for arm in arms}
    assert min(seconds.values()) > 0


@pytest.mark.parametrize(
    "wrong", [{"repeats": 0}, {"folds": 1}, {"learners": ()}, {"learners": ("forest",)}, {"n_bootstrap": 0}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError):
        replace(SMALL, **wrong)
