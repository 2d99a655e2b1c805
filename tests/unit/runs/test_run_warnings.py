"""What looks wrong with a training is told in a sentence that says what to do."""

from dataclasses import replace

from small_training import FINETUNING

from ecgapp.jobs.job import Run
from ecgapp.runs.run_figures import RunFigures
from ecgapp.runs.run_warnings import warnings

RUN = Run("a" * 12, "mine", "finetune", "cpu", "running", "{}", position=5, created=0.0, done=3, total=20)


def curve(*values):
    return tuple(enumerate(values, start=1))


def told(run=RUN, config=FINETUNING, **figures):
    return " ".join(warnings(run, RunFigures(**figures), config))


def test_a_run_that_learns_is_not_warned_about():
    assert told() == ""
    falling = curve(*[1 / epoch for epoch in range(1, 20)])
    assert told(train_loss=falling, validation_loss=falling, f1=curve(0.1, 0.2, 0.3), step_loss=falling) == ""


def test_a_loss_that_explodes_is_told_and_one_that_wobbles_is_not():
    assert "explodes: it is 3, 6.0 times" in told(train_loss=curve(1.0, 0.5, 3.0))
    assert told(train_loss=curve(1.0, 0.5, 0.9)) == ""
    assert told(train_loss=curve(1.0, 0.01, 0.03)) == ""


PRETRAIN = replace(RUN, phase="pretrain")


def test_an_autoencoder_that_stays_at_a_flat_line_is_told_once_it_had_time_to_learn():
    """Figures of a run on seven records: its error stays that of a flat line."""
    flat = curve(1.003, 1.001, 1.0, 0.999, 0.998)
    words = told(run=PRETRAIN, validation_loss=flat)
    assert "learns nothing: after 5 epochs its lowest validation error is 1.00 a sample" in words
    assert "Stop this run" in words
    assert told(run=PRETRAIN, validation_loss=flat[:4]) == ""
    assert told(run=PRETRAIN, validation_loss=curve(1.0, 1.0, 0.98, 0.95, 0.94)) == ""
    assert told(validation_loss=flat) == ""  # a classifier's loss is no error of a sample


def test_a_classifier_that_stays_at_chance_is_told():
    assert "best macro AUROC is 0.54, and guessing gives 0.50" in told(
        auroc=curve(0.5, 0.48, 0.54, 0.52, 0.5)
    )
    assert told(auroc=curve(0.5, 0.48, 0.54, 0.52)) == ""
    assert told(auroc=curve(0.5, 0.48, 0.54, 0.52, 0.56)) == ""


def test_a_classifier_whose_loss_stays_above_that_of_one_answer_for_all_is_told():
    same = curve(*[0.42] * 5)
    words = told(validation_loss=curve(0.7, 0.6, 0.5, 0.45, 0.43), constant_loss=same)
    assert "lowest validation loss is 0.43, and giving every ECG the same answer has 0.42" in words
    assert told(validation_loss=curve(0.7, 0.6, 0.5, 0.45, 0.41), constant_loss=same) == ""
    assert told(validation_loss=curve(0.7, 0.6, 0.5, 0.45, 0.43)) == ""  # a run of an older version


def test_a_class_that_nobody_gets_is_told_once_it_has_lasted():
    some = {"AF": curve(9, 9, 9, 9)}
    silent = {"predicted_by_label": {"AF": curve(4, 0, 0, 0)}, "positives_by_label": some}
    assert "No validation record got the label AF" in told(**silent)
    assert told(predicted_by_label={"AF": curve(0, 0)}, positives_by_label=some) == ""
    assert told(predicted_by_label={"AF": curve(0, 0, 1)}, positives_by_label=some) == ""


def test_a_class_that_no_record_has_is_not_missed():
    """One that was found in it by mistake once has an F1 since: 0."""
    none, never = {"AF": curve(0, 0, 0, 0)}, {"AF": curve(1, 0, 0, 0)}
    f1 = {"AF": curve(0, 0, 0, 0)}
    assert told(predicted_by_label=never, positives_by_label=none, f1_by_label=f1) == ""


def test_a_validation_loss_that_rises_while_the_training_loss_falls_is_told():
    falling = curve(*[1 / epoch for epoch in range(1, 9)])
    rising = curve(0.9, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
    assert "since epoch 2 the validation loss has risen from 0.5 to 0.8" in told(
        train_loss=falling, validation_loss=rising
    )
    assert told(train_loss=rising, validation_loss=rising) == ""
    assert told(train_loss=falling, validation_loss=curve(*[0.5] * 8)) == ""


def test_no_improvement_is_told_with_the_best_and_when_it_was():
    flat = curve(0.3, 0.7, *[0.6] * 12)
    assert "the best was 0.700, epoch 2) for 12 epochs" in told(f1=flat)
    assert told(f1=flat[:8]) == ""
    pretraining = told(validation_loss=curve(0.3, 0.1, *[0.2] * 12))
    assert "the lowest was 0.1, epoch 2" in pretraining


def test_advice_suits_a_run_that_has_ended():
    ended = replace(RUN, state="finished")
    assert "Stop" not in told(run=ended, f1=curve(0.7, *[0.6] * 12))
    assert "Start a new run" in told(run=ended, train_loss=curve(1.0, 0.5, 3.0))


def test_an_ensembles_next_member_does_not_count_as_a_fall():
    two = replace(FINETUNING, members=2, epochs=3)
    assert told(config=two, train_loss=curve(0.5, 0.2, 0.1, 0.9)) == ""
    assert "explodes" in told(config=replace(two, members=1), train_loss=curve(0.5, 0.2, 0.1, 0.9))
