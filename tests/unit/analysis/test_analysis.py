"""The path from a record to findings, reconstruction and explanation, and its formulas."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
import torch
from stored_predictions import load_predictions, validation_predictions

from ecgapp import analysis
from ecgapp.analysis import SaliencyQuestion
from ecgapp.config import Settings
from ecgapp.datasets import ImportOptions, import_dataset, open_store
from ecgapp.errors import DatasetError, LeadsMissingError, MissingSamplesError, ModelError, ModelNotFoundError
from ecgapp.models import Evaluation, ReconstructionMetrics, TrainedModel, save_model
from ecgapp.models.answers import run_network
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, read_record, synthesise, write_wfdb
from ecgapp.signals import cut_windows, preprocess


@pytest.fixture(scope="module")
def classifier():
    return tiny_models.classifier()[0]


@pytest.fixture(scope="module")
def autoencoder():
    return tiny_models.autoencoder()


def explained(record, model, label, window=0):
    return analysis.explain(analysis.prepare(record, model), model, SaliencyQuestion(label, window))


def ecg(duration=10.0, seed=0, **changes):
    record = synthesise(SyntheticConfig(duration=duration, noise=0.02, seed=seed)).record
    return replace(record, **changes)


def test_a_finding_is_the_sigmoid_of_the_tempered_logit(classifier):
    tempered = TrainedModel(classifier.network, replace(classifier.card, temperature=2.0))
    config = classifier.card.preprocessing
    window = preprocess(ecg().signal, 500.0, config)[None]
    with torch.inference_mode():
        logits = classifier.network(torch.from_numpy(window))[0]
    expected = torch.sigmoid(logits / 2).numpy()
    found = analysis.find(ecg(), tempered)
    np.testing.assert_allclose([row.probability for row in found.rows], expected, rtol=1e-4)


def test_a_task_with_one_label_a_record_gives_probabilities_that_sum_to_one():
    model, _ = tiny_models.classifier(task_name="cinc2017_rhythm")
    assert sum(row.probability for row in analysis.find(ecg(), model).rows) == pytest.approx(1.0, abs=1e-5)


def test_each_finding_is_judged_by_its_own_threshold(classifier):
    probabilities = [row.probability for row in analysis.find(ecg(), classifier).rows]
    lines = tuple(p + (0.01 if i % 2 else -0.01) for i, p in enumerate(probabilities))
    card = replace(classifier.card, thresholds=lines)
    found = analysis.find(ecg(), TrainedModel(classifier.network, card))
    assert [row.positive for row in found.rows] == [i % 2 == 0 for i in range(len(lines))]


@pytest.mark.parametrize(("aggregation", "reduce"), [("mean", np.mean), ("max", np.max)])
def test_a_long_record_is_scored_in_windows_that_are_put_together_as_the_card_says(
    classifier, aggregation, reduce
):
    model = TrainedModel(classifier.network, replace(classifier.card, aggregation=aggregation))
    found = analysis.find(ecg(25.0), model)
    assert found.window_probabilities.shape == (4, 9)
    np.testing.assert_allclose(
        [row.probability for row in found.rows], reduce(found.window_probabilities, axis=0), rtol=1e-6
    )
    assert any("4 windows of 10 s" in sentence for sentence in found.warnings)


def test_each_finding_carries_the_validation_figures_of_its_label(classifier):
    for row in analysis.find(ecg(), classifier).rows:
        assert row.metrics is not None
        assert row.metrics.label == row.label


def test_the_window_that_is_shown_first_is_the_likeliest(classifier):
    found = analysis.find(ecg(25.0), classifier)
    column = [row.label for row in found.rows].index("PVC")
    assert found.best_window("PVC") == found.window_probabilities[:, column].argmax()


def test_the_order_of_a_records_leads_changes_nothing(classifier):
    record = ecg()
    turned = replace(record, signal=record.signal[::-1].copy(), leads=record.leads[::-1])
    for row, other in zip(
        analysis.find(record, classifier).rows, analysis.find(turned, classifier).rows, strict=True
    ):
        assert row.probability == pytest.approx(other.probability, abs=1e-6)


def test_a_record_without_v6_is_refused_by_name(classifier):
    record = ecg()
    short = replace(record, signal=record.signal[:-1], leads=LEADS[:-1])
    with pytest.raises(LeadsMissingError, match="V6"):
        analysis.find(short, classifier)


def test_missing_samples_are_refused_and_not_repaired(classifier):
    record = ecg()
    record.signal[3, 100] = np.nan
    with pytest.raises(MissingSamplesError):
        analysis.find(record, classifier)


def test_a_flat_lead_is_named_to_the_reader(classifier):
    record = ecg()
    record.signal[LEADS.index("V3")] = 0.0
    assert any("V3" in sentence for sentence in analysis.find(record, classifier).warnings)


def test_a_short_record_is_padded_and_says_so(classifier):
    prepared = analysis.prepare(ecg(6.0), classifier)
    assert any("zeros were put behind its end" in sentence for sentence in prepared.warnings)
    assert prepared.recorded_samples(0) == 600
    assert prepared.stop(0) == pytest.approx(6.0)


def test_an_autoencoder_finds_no_classes_and_a_classifier_reconstructs_nothing(classifier, autoencoder):
    with pytest.raises(ModelError, match="autoencoder"):
        analysis.find(ecg(), autoencoder)
    with pytest.raises(ModelError, match="classifier"):
        analysis.reconstruct(analysis.prepare(ecg(), classifier), classifier)


def test_the_summed_error_is_the_error_per_sample_times_the_samples(autoencoder):
    result = analysis.reconstruct(analysis.prepare(ecg(), autoencoder), autoencoder)
    by_hand = np.square(result.input - result.output).sum(axis=1, dtype=np.float64).mean()
    assert result.mse_summed == pytest.approx(by_hand, rel=1e-6)
    assert result.mse_per_sample == pytest.approx(by_hand / 1000, rel=1e-6)
    assert result.mse_per_lead.mean() == pytest.approx(result.mse_per_sample, rel=1e-6)


def test_padding_counts_in_no_error(autoencoder):
    result = analysis.reconstruct(analysis.prepare(ecg(6.0), autoencoder), autoencoder)
    assert result.input.shape == (12, 600)


def test_the_worst_stretch_is_where_the_error_is(autoencoder):
    result = analysis.reconstruct(analysis.prepare(ecg(), autoencoder), autoencoder)
    output = result.input.copy()
    output[:, 420:440] += 5
    start, stop = replace(result, output=output).worst_stretch()
    assert start <= 4.2
    assert stop >= 4.4 - 1e-9
    assert stop - start == pytest.approx(0.4)


class Planted(torch.nn.Module):
    """Every logit is the sum of V1 between samples 200 and 220 of the window."""

    def forward(self, x):
        evidence = x[:, LEADS.index("V1"), 200:220].sum(dim=1, keepdim=True)
        return evidence.expand(-1, 9)


@pytest.mark.parametrize("window", [0, 1, 3])
def test_evidence_planted_in_a_window_is_shown_at_its_time_in_the_recording(classifier, window):
    model = TrainedModel(Planted(), classifier.card)
    explanation = explained(ecg(25.0), model, "AF", window)
    start = analysis.prepare(ecg(25.0), model).start(window)
    inside = (explanation.times >= start + 2.0) & (explanation.times < start + 2.2)
    mass = np.abs(explanation.values)
    assert mass[LEADS.index("V1"), inside].sum() == pytest.approx(mass.sum(), rel=1e-5)
    assert explanation.lead_shares[LEADS.index("V1")] == pytest.approx(1.0, abs=1e-5)
    assert explanation.attribution.completeness_error < 1e-3


def test_the_windows_samples_are_those_of_the_recording_at_the_same_time(classifier):
    prepared = analysis.prepare(ecg(25.0), classifier)
    whole = prepared.steps[-1].signal
    for window in range(len(prepared.windows)):
        first = round(prepared.start(window) * 100)
        np.testing.assert_array_equal(prepared.windows.windows[window], whole[:, first : first + 1000])


def test_the_shares_of_the_leads_sum_to_one(classifier):
    assert explained(ecg(), classifier, "PVC").lead_shares.sum() == pytest.approx(1.0)


def test_a_short_records_explanation_ends_with_the_record(classifier):
    explanation = explained(ecg(6.0), classifier, "AF")
    assert explanation.values.shape == (12, 600)
    assert explanation.stop == pytest.approx(6.0)


def test_a_promoted_model_stands_before_the_shipped_one_of_its_name(tmp_path, classifier, autoencoder):
    settings = Settings(tmp_path / "home", tmp_path / "shipped")
    save_model(settings.shipped_weights, classifier)
    save_model(settings.shipped_weights, autoencoder)
    save_model(settings.weights, TrainedModel(classifier.network, replace(classifier.card, title="Ours")))
    cards = analysis.available_models(settings)
    assert list(cards) == ["tiny_nine", "tiny_cae"]
    assert cards["tiny_nine"].title == "Ours"
    assert analysis.open_model("tiny_nine", settings).card.title == "Ours"
    with pytest.raises(ModelNotFoundError):
        analysis.open_model("nobody", settings)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Four synthetic records of 10 s and of 25 s, with labels, imported as a hospital would."""
    folder = tmp_path_factory.mktemp("hospital")
    lines = ["record,patient,fold,AF,PVC"]
    for number, duration in enumerate((10.0, 25.0, 10.0, 25.0)):
        write_wfdb(ecg(duration, seed=number), folder, f"r{number}")
        lines.append(f"r{number},p{number},{9 + number // 2},{number % 2},{1 - number % 2}")
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    settings = Settings(tmp_path_factory.mktemp("home"))
    import_dataset("folder", folder, settings.stores / "hospital", ImportOptions())
    return open_store("hospital", settings)


def test_a_store_is_scored_as_each_of_its_records_would_be_alone(store, classifier):
    predicted = analysis.predict_store(classifier, store)
    one_by_one = {
        tuple(np.round([row.probability for row in analysis.find(store.record(i), classifier).rows], 4))
        for i in range(len(store))
    }
    assert {tuple(np.round(row, 4)) for row in predicted.probabilities.astype(float)} == one_by_one


def test_predictions_stand_beside_the_truth_of_the_same_record(store, classifier):
    predicted = analysis.predict_store(classifier, store)
    rows = [i for length in (5000, 12500) for i in range(len(store)) if store.signal(i).shape[1] == length]
    task = classifier.card.task
    np.testing.assert_array_equal(predicted.targets, task.targets(store.codes(np.array(rows))))
    for probability, row in zip(predicted.probabilities, rows, strict=True):
        alone = [found.probability for found in analysis.find(store.record(row), classifier).rows]
        np.testing.assert_allclose(probability, alone, atol=1e-4)


def test_only_the_folds_asked_for_are_evaluated(store, classifier, autoencoder):
    found = analysis.evaluate_store(classifier, store, (10,))
    assert isinstance(found, Evaluation)
    assert found.n == 2
    assert "fold 10" in found.dataset
    errors = analysis.evaluate_store(autoencoder, store, (9, 10))
    assert isinstance(errors, ReconstructionMetrics)
    assert (errors.n, errors.n_windows) == (4, 10)


def test_a_model_of_which_a_stores_labels_say_nothing_names_what_it_is_evaluated_on(store):
    with pytest.raises(ModelError, match="recordings with marked rhythms"):
        analysis.evaluate_store(tiny_models.ventricular(), store)


def test_an_autoencoders_store_error_is_the_mean_of_its_windows(store, autoencoder):
    errors = []
    for i in range(len(store)):
        config = autoencoder.card.preprocessing
        windows = cut_windows(preprocess(store.signal(i), 500.0, config), config).windows
        errors += list(np.square(windows - run_network(autoencoder.network, windows)).mean(axis=(1, 2)))
    found = analysis.evaluate_store(autoencoder, store)
    assert found.mse_per_sample.value == pytest.approx(np.mean(errors), rel=1e-4)


def test_validation_predictions_come_back_as_they_were_kept(tmp_path, classifier):
    settings = Settings(tmp_path / "home", tmp_path / "shipped")
    known = tiny_models.predictions(9)
    save_model(settings.weights, classifier, known)
    kept = validation_predictions("tiny_nine", settings)
    np.testing.assert_array_equal(kept.targets, known.targets)
    assert load_predictions([settings.weights], "tiny_nine") is not None


def test_a_real_record_goes_the_whole_way(real_data, classifier, autoencoder):
    header = sorted((real_data / "challenge2021" / "training" / "georgia" / "g1").glob("*.hea"))[0]
    record = read_record([header, header.with_suffix(".mat")])
    assert isinstance(record, ECGRecord)
    found = analysis.find(record, classifier)
    assert len(found.rows) == 9
    assert analysis.reconstruct(analysis.prepare(record, autoencoder), autoencoder).input.shape == (12, 1000)
    explanation = explained(record, classifier, found.top.label)
    assert np.isfinite(explanation.values).all()


def test_a_data_set_that_answers_none_of_the_labels_is_refused(tmp_path, classifier):
    write_wfdb(replace(ecg(10.0), codes=()), tmp_path, "r0")
    settings = Settings(tmp_path / "home")
    import_dataset("folder", tmp_path, settings.stores / "unlabelled", ImportOptions())
    with pytest.raises(DatasetError, match="labelled data set"):
        analysis.evaluate_store(classifier, open_store("unlabelled", settings))


def test_a_model_says_which_data_sets_it_knows_from_its_training(store, classifier):
    assert analysis.familiarity(classifier.card, store) is None
    source = replace(classifier.card.provenance, datasets=("hospital",), train_folds="folds 1-8")
    told = analysis.familiarity(replace(classifier.card, provenance=source), store)
    assert told is not None
    assert "folds 1-8" in told
