"""The weights that are shipped: complete, loadable, no larger than promised, and true to their cards."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics
from stored_predictions import load_predictions

from ecgapp import analysis
from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import import_dataset
from ecgapp.evaluate import evaluate_predictions, metrics_at, wilson
from ecgapp.models import installed_models, load_model, read_model
from ecgapp.promotion.checks import refuse_unusable
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.signals import PreprocessingConfig
from ecgapp.training.ensembles import deal_folds

WEIGHTS = PROJECT / "weights"
CARDS = installed_models([WEIGHTS])
CLASSIFIERS = [name for name, card in CARDS.items() if card.is_classifier]
AUTOENCODERS = [name for name, card in CARDS.items() if card.is_autoencoder]
VENTRICULAR = [name for name, card in CARDS.items() if card.is_ventricular]
LARGEST = 20_000_000  # bytes


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path)


def test_the_five_promised_models_are_there():
    assert {"cae_lead2", "cae_12lead", "ptbxl_superclass", "nine_class", "ventricular"} <= set(CARDS)


@pytest.mark.parametrize("name", CARDS)
def test_a_shipped_model_loads_says_where_it_comes_from_and_is_small(name):
    card = load_model([WEIGHTS], name).card
    assert (WEIGHTS / f"{name}.safetensors").stat().st_size <= LARGEST
    source = card.provenance
    assert source.n_train > 0
    assert source.n_validation > 0
    assert source.datasets
    assert source.licence
    assert source.created
    assert (PROJECT / "docs" / "recipes" / f"{name}.json").is_file()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_cards_figures_follow_from_the_predictions_beside_it(name):
    card, kept = CARDS[name], load_predictions([WEIGHTS], name)
    assert kept is not None
    again = evaluate_predictions(
        card.task, kept.probabilities, kept.targets, card.thresholds, card.validation.dataset, n_bootstrap=50
    )
    assert again.macro_auroc.value == pytest.approx(card.validation.macro_auroc.value, abs=1e-6)
    assert again.f2.value == pytest.approx(card.validation.f2.value, abs=1e-6)
    for row, written in zip(again.per_label, card.validation.per_label, strict=True):
        assert (row.n, row.n_positive) == (written.n, written.n_positive)
        assert (row.true_positive, row.false_positive) == (written.true_positive, written.false_positive)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_other_threshold_has_a_better_f1_on_the_validation_records(name):
    card, kept = CARDS[name], load_predictions([WEIGHTS], name)
    chosen = metrics_at(card.task, kept.probabilities, kept.targets, card.thresholds)
    for shift in (-0.1, -0.02, 0.02, 0.1):
        moved = np.clip(np.array(card.thresholds) + shift, 0.0, 1.0)
        other = metrics_at(card.task, kept.probabilities, kept.targets, moved)
        for best, row in zip(chosen.per_label, other.per_label, strict=True):
            assert row.f1 is None or row.f1.value <= best.f1.value + 1e-9


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_with_few_positives_are_known_as_insufficient(name):
    for row in CARDS[name].validation.per_label:
        assert row.sufficient == (row.n_positive >= 30)


@pytest.mark.parametrize("name", VENTRICULAR)
def test_a_ventricular_networks_overall_figures_are_the_sums_of_its_kinds(name):
    refuse_unusable(read_model([WEIGHTS], name))
    told = CARDS[name].ventricular
    for ventricular, figure in ((True, told.sensitivity), (False, told.false_alarms)):
        kinds = told.kinds_that_are(ventricular)
        assert figure == wilson(sum(kind.called for kind in kinds), sum(kind.n for kind in kinds))
    for kind in told.kinds:
        assert kind.share == wilson(kind.called, kind.n)
        assert kind.n_patients <= kind.n
    assert sum(kind.n for kind in told.kinds) == told.n == CARDS[name].provenance.n_validation


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_an_autoencoder_rebuilds_a_heart_that_it_has_never_seen(name, settings):
    record = synthesise(SyntheticConfig("sinus", seed=5)).record
    model = analysis.open_model(name, settings)
    rebuilt = analysis.reconstruct(analysis.prepare(record, model), model)
    assert rebuilt.mse_per_sample < 0.6


@pytest.mark.parametrize("rhythm", ["AF", "LBBB", "RBBB", "PVC"])
def test_the_nine_classes_tell_a_synthetic_arrhythmia_from_sinus_rhythm(rhythm, settings):
    model = analysis.open_model("nine_class", settings)

    def probability(kind):
        found = analysis.find(synthesise(SyntheticConfig(kind, seed=3)).record, model)
        return next(row.probability for row in found.rows if row.label == rhythm)

    assert probability(rhythm) > probability("sinus")


def test_the_lead_two_autoencoder_is_comparable_with_the_papers():
    card = CARDS["cae_lead2"]
    expected = PreprocessingConfig(("II",), 250.0, card.preprocessing.highpass, card.preprocessing.lowpass)
    assert card.preprocessing.leads == expected.leads
    assert (card.preprocessing.sampling_rate, card.preprocessing.window) == (250.0, 2048)
    assert card.network.latent == 60


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_figure_on_a_card_is_that_of_scikit_learn_on_the_predictions_beside_it(name):
    card, kept = CARDS[name], load_predictions([WEIGHTS], name)
    for column, row in enumerate(card.validation.per_label):
        known = ~np.isnan(kept.targets[:, column])
        truth, score = kept.targets[known, column], kept.probabilities[known, column].astype(np.float64)
        decision = score >= card.thresholds[column]
        expected = {
            "precision": metrics.precision_score(truth, decision),
            "recall": metrics.recall_score(truth, decision),
            "specificity": metrics.recall_score(truth, decision, pos_label=0),
            "f1": metrics.f1_score(truth, decision),
            "auroc": metrics.roc_auc_score(truth, score),
            "auprc": metrics.average_precision_score(truth, score),
        }
        for figure, value in expected.items():
            assert getattr(row, figure).value == pytest.approx(value, abs=1e-9), (row.label, figure)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_shipped_predictions_say_which_records_they_are_of(name):
    card, kept = CARDS[name], load_predictions([WEIGHTS], name)
    assert len(set(kept.names.ids)) == len(kept.folds) == card.validation.n
    assert tuple(dict.fromkeys(origin.store for origin in kept.names.origins)) == card.provenance.datasets


def test_a_shipped_probability_is_that_of_the_member_that_had_not_learnt_from_the_record(real_data, tmp_path):
    settings, card = Settings(tmp_path), CARDS["nine_class"]
    import_dataset("ludb", real_data / "ludb", settings.stores / "ludb")
    kept, model = load_predictions([WEIGHTS], "nine_class"), load_model([WEIGHTS], "nine_class")
    groups = deal_folds(range(1, 11), card.network.n_members)
    ludb = [row for row in range(len(kept.folds)) if kept.names.origin(row).store == "ludb"]
    for row in ludb[::20]:
        record = analysis.validated_record(card, kept, row, settings)
        answering = analysis.answering_member(model, kept, row)
        expected = [finding.probability for finding in analysis.find(record, answering).rows]
        np.testing.assert_allclose(kept.probabilities[row], expected, atol=1e-5)
        number = next(number for number, group in enumerate(groups) if kept.folds[row] in group)
        numbered = analysis.answering_member(
            model, replace(kept, members=np.full(len(kept.folds), number)), row
        )
        assert numbered.network is answering.network
