"""Concerns about a promotion are sentences, and one click alone promotes nothing."""

from dataclasses import replace

import pytest
import tiny_models
from finished_runs import finished_run

from ecgapp.config import Settings
from ecgapp.errors import ModelError
from ecgapp.jobs import RunStore
from ecgapp.models import Interval
from ecgapp.promotion import Decision, History, compared, promote_run, promotion_concerns


def classifier(n=2838, auroc=0.9, rarest=86, **provenance):
    """The card of a classifier that was validated so."""
    card = tiny_models.classifier()[0].card
    told = card.validation
    labels = tuple(replace(one, n=n, n_positive=300) for one in told.per_label[:-1])
    labels = (*labels, replace(told.per_label[-1], n=n, n_positive=rarest))
    figure = None if auroc is None else Interval(auroc, auroc - 0.02, min(1.0, auroc + 0.02))
    validation = replace(told, n=n, per_label=labels, macro_auroc=figure)
    return replace(card, validation=validation, provenance=replace(card.provenance, **provenance))


def autoencoder(error, n=345):
    card = tiny_models.autoencoder().card
    told = replace(card.reconstruction, n=n, mse_per_sample=Interval(error, error - 0.03, error + 0.03))
    return replace(card, reconstruction=told)


def test_nothing_speaks_against_a_model_of_many_records_that_is_no_worse():
    assert promotion_concerns(classifier(), None) == ()
    assert promotion_concerns(classifier(auroc=0.91), classifier()) == ()
    assert promotion_concerns(classifier(), classifier()) == ()
    assert promotion_concerns(autoencoder(0.24), autoencoder(0.26)) == ()


@pytest.mark.parametrize(("n", "told"), [(7, True), (29, True), (30, False)])
def test_fewer_than_thirty_records_speak_against_it_however_good_it_looks(n, told):
    for card in (classifier(n=n, auroc=1.0), autoencoder(0.1, n=n)):
        assert any(f"validated on {n} records only" in one for one in promotion_concerns(card, None)) is told


def test_a_class_with_fewer_than_thirty_positives_is_named_with_its_number():
    (sentence,) = promotion_concerns(classifier(rarest=10), None)
    assert "have STE (10): how well it finds that class is not known" in sentence
    assert promotion_concerns(classifier(rarest=30), None) == ()
    assert "STE (0)" in promotion_concerns(classifier(rarest=0), None)[0]


def test_a_model_that_was_never_validated_is_told():
    card = replace(classifier(), validation=None)
    assert "was not validated" in promotion_concerns(card, None)[0]
    assert "was not validated" in promotion_concerns(card, classifier())[0]


def test_a_worse_one_says_by_how_much_with_both_figures_their_intervals_and_n():
    (sentence,) = promotion_concerns(classifier(n=60, auroc=0.812), classifier(auroc=0.917))
    assert "worse than the model in use, by 0.105" in sentence
    assert "Macro AUROC: 0.812 (0.792-0.832) (n = 60) here, 0.917 (0.897-0.937) (n = 2,838) of" in sentence
    assert "different records" not in sentence
    other = classifier(auroc=0.812, datasets=("ward",))
    assert "different records" in promotion_concerns(other, classifier(auroc=0.917))[0]
    assert "by 0.002" in promotion_concerns(autoencoder(0.242), autoencoder(0.24))[0]


def test_a_model_without_the_figure_of_the_one_in_use_says_so():
    assert "has no Macro AUROC" in promotion_concerns(classifier(auroc=None), classifier())[0]
    assert promotion_concerns(classifier(), classifier(auroc=None)) == ()


@pytest.mark.parametrize(("error", "told"), [(0.94, False), (0.95, True), (1.0, True)])
def test_an_autoencoder_no_better_than_a_flat_line_is_told(error, told):
    assert any("flat line" in one for one in promotion_concerns(autoencoder(error), None)) is told


def test_an_autoencoder_that_learnt_nothing_on_seven_records_gets_every_reason():
    found = promotion_concerns(autoencoder(1.0, n=7), autoencoder(0.24))
    for word, sentence in zip(("7 records", "flat line", "by 0.760"), found, strict=True):
        assert word in sentence
    assert "MSE per sample: 1.000" in compared(autoencoder(1.0, n=7), autoencoder(0.24))


def test_ventricular_rhythms_of_few_patients_speak_against_a_network_however_many_windows_there_are():
    assert promotion_concerns(tiny_models.ventricular().card, None) == ()
    (sentence,) = promotion_concerns(tiny_models.ventricular(patients=20).card, None)
    assert "those of 20 patients: fewer than 30" in sentence


@pytest.mark.parametrize(
    ("found", "called", "told"),
    [
        (31, 0, "by 0.025 (Sensitivity)."),
        (32, 2, "by 0.040 (False alarms)."),
        (40, 2, "by 0.040 (False alarms)."),
        (31, 2, "by 0.025 (Sensitivity) and 0.040 (False alarms)."),
    ],
)
def test_a_ventricular_network_must_be_worse_neither_in_what_it_finds_nor_in_false_alarms(
    found, called, told
):
    current = tiny_models.ventricular().card
    (sentence,) = promotion_concerns(tiny_models.ventricular(found=found, called=called).card, current)
    assert f"worse than the model in use, {told}" in sentence
    assert "0.800 (0.652-0.895) (n = 40) of the model in use. False alarms: 0.0" in sentence
    assert "(n = 50) of the model in use." in sentence


def test_nothing_speaks_against_a_ventricular_network_that_is_better_in_both():
    better = tiny_models.ventricular(found=35).card
    assert promotion_concerns(better, tiny_models.ventricular(called=1).card) == ()


def test_the_name_must_be_typed_exactly(tmp_path):
    settings = Settings(tmp_path / "home", tmp_path / "shipped")
    runs = RunStore(settings.runs)
    run_id, sha256 = finished_run(runs)
    for typed in ("", "Ward", "yes"):
        with pytest.raises(ModelError, match=r"have STE \(2\).*type its name: ward"):
            promote_run(runs, run_id, "ward", Decision("Ada", "better", typed), settings)
    assert History(settings).entries() == ()
    assert promote_run(runs, run_id, "ward", Decision("Ada", "better", " ward "), settings).sha256 == sha256
    assert "Although: Fewer than 30" in runs.events(run_id)[-1].text
