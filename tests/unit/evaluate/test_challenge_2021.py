"""The score of the Challenge 2021: official figures, hand-computed cases, and a task's labels."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ecgapp.evaluate import challenge_2021, f1_by_label, macro_auroc, scored_labels
from ecgapp.evaluate.challenge.reward_matrix import WEIGHTS, RewardMatrix, challenge_parts, score_of_parts
from ecgapp.evaluate.overall import overall_figures
from ecgapp.evaluate.ranking import auroc_and_auprc
from ecgapp.tasks.task import Label, Task, task

GOLDEN = Path(os.environ.get("ECG_TEST_DATA", "")) / "golden"
needs_golden = pytest.mark.skipif(
    not os.environ.get("ECG_TEST_DATA"), reason="ECG_TEST_DATA is not set: no golden figures on this machine"
)
SINUS, OTHER, THIRD = ("426783006",), ("164889003",), ("270492004",)
THREE = RewardMatrix((SINUS, OTHER, THIRD), np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 1.0]]))


def score(decisions, targets, matrix=None):
    """The score of all records together."""
    return float(score_of_parts(challenge_parts(decisions, targets, matrix or challenge_2021()).sum(axis=1)))


def flags(*rows):
    return np.array(rows, dtype=bool)


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "challenge2021.npz", allow_pickle=False) as arrays:
        figures = json.loads((GOLDEN / "challenge2021.json").read_text(encoding="utf-8"))
        return {name: arrays[name] for name in arrays.files}, figures


@needs_golden
def test_the_published_rewards_are_in_the_package(golden):
    arrays, _ = golden
    assert np.array_equal(challenge_2021().rewards, arrays["weights"])
    assert [set(codes) for codes in challenge_2021().classes] == [
        set(name.split("|")) for name in arrays["classes"]
    ]
    assert WEIGHTS.with_name("challenge2021_weights.LICENCE.txt").is_file()


@needs_golden
def test_the_score_is_that_of_the_official_evaluator(golden):
    arrays, figures = golden
    ours = score(arrays["binary"], arrays["labels"])
    assert ours == pytest.approx(figures["challenge_metric"], abs=1e-12)


@needs_golden
def test_accuracy_f_and_areas_over_the_merged_classes_are_those_of_the_official_evaluator(golden):
    arrays, figures = golden
    names = list(arrays["classes"])
    labels = Task("merged", "Merged", tuple(Label(name, frozenset({f"X:{name}"})) for name in names))
    truths, scores = arrays["labels"].astype(float), arrays["probabilities"]
    f1 = f1_by_label(arrays["binary"].astype(float), truths)
    areas = [auroc_and_auprc(score, truth) for score, truth in zip(scores.T, truths.T, strict=True)]
    overall = overall_figures(labels, arrays["binary"].astype(float), truths, 0.5, n_bootstrap=0)
    assert overall.accuracy.figure.value == pytest.approx(figures["accuracy"], abs=1e-12)
    assert np.mean(f1) == pytest.approx(figures["macro_f"], abs=1e-12)
    assert macro_auroc(scores, truths) == pytest.approx(figures["macro_auroc"], abs=1e-12)
    assert np.mean([auprc for _, auprc in areas]) == pytest.approx(figures["macro_auprc"], abs=1e-12)
    for name, f, (auroc, _) in zip(names, f1, areas, strict=True):
        assert f == pytest.approx(figures["f_by_class"][name], abs=1e-12)
        assert auroc == pytest.approx(figures["auroc_by_class"][name], abs=1e-12)


@needs_golden
def test_the_macro_auroc_of_the_published_model_is_the_one_its_authors_print():
    with np.load(GOLDEN / "ptbxl_all_xresnet1d101.npz", allow_pickle=False) as arrays:
        area = macro_auroc(arrays["probabilities"], arrays["labels"].astype(float))
    assert area == pytest.approx(0.9254358590055028, abs=1e-12)


def test_a_score_worked_out_by_hand():
    targets = flags([1, 0, 0], [0, 1, 0], [0, 1, 1])
    decisions = flags([1, 0, 0], [1, 1, 0], [0, 0, 1])
    # observed: 1; (0.5 + 1) / 2; (0.25 + 1) / 2    correct: 1; 1; (1 + 0.25 + 0.25 + 1) / 2
    # sinus rhythm alone: 1; 0.5 / 2; (0.5 + 0) / 3
    observed, correct, inactive = 1 + 0.75 + 0.625, 1 + 1 + 1.25, 1 + 0.25 + 0.5 / 3
    expected = (observed - inactive) / (correct - inactive)
    assert score(decisions, targets, THREE) == pytest.approx(expected, abs=1e-12)


def test_right_predictions_score_one_and_sinus_rhythm_for_everyone_scores_zero():
    rng = np.random.default_rng(0)
    targets = rng.random((50, 26)) < 0.2
    normal = np.zeros_like(targets)
    normal[:, challenge_2021().sinus_rhythm] = True
    assert score(targets, targets) == pytest.approx(1.0, abs=1e-12)
    assert score(normal, targets) == pytest.approx(0.0, abs=1e-12)


def test_records_of_sinus_rhythm_alone_have_the_score_zero():
    normal = flags([1, 0, 0], [1, 0, 0])
    assert score(normal, normal, THREE) == 0.0


def test_codes_that_are_scored_alike_are_one_class():
    matrix = challenge_2021()
    assert len(matrix.classes) == 26
    assert sum(map(len, matrix.classes)) == 30
    assert matrix.column("713427006") == matrix.column("59118001") != matrix.column("164909002")
    assert matrix.column("164884008") is None


def test_of_the_nine_classes_st_changes_are_not_scored_and_pvc_in_part():
    scored = scored_labels(task("nine_class"))
    assert scored.unscored == ("STD", "STE")
    assert set(scored.scored) == {"AF", "I-AVB", "LBBB", "Normal", "RBBB", "PAC", "PVC"}
    assert "does not score STD, STE" in scored.sentence()
    assert "PVC (164884008)" in scored.sentence()


def test_the_flags_of_a_task_go_to_the_columns_of_their_classes():
    scored = scored_labels(task("nine_class"))
    merged = scored.merged(np.eye(9, dtype=bool))
    names = task("nine_class").label_names
    rbbb = merged[names.index("RBBB")]
    assert np.flatnonzero(rbbb).tolist() == [challenge_2021().column("59118001")]
    assert not merged[names.index("STE")].any()


def test_a_task_without_scored_codes_has_no_score_and_no_sentence():
    scored = scored_labels(task("ptbxl_superclass"))
    assert (scored.scored, scored.sentence()) == ((), "")


def test_a_label_with_codes_of_two_classes_is_not_scored():
    both = Label("AF or flutter", frozenset({"SNOMED:164889003", "SNOMED:164890007"}))
    partly = Label(
        "fast", frozenset({"SNOMED:427084000", "SNOMED:713422000"})
    )  # sinus and atrial tachycardia
    assert scored_labels(Task("two", "Two", (both, partly))).scored == ()
