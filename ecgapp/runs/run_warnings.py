"""Warnings about a training, from its curves: what looks wrong, and what to do."""

from collections.abc import Sequence

from ecgapp.jobs import Run
from ecgapp.promotion import FLAT_LINE
from ecgapp.runs.run_figures import Point, RunFigures, last, of_member_at_work
from ecgapp.training import TrainingConfig

SILENT_EPOCHS = 3  # epochs in which no record got a class, before the warning
PATIENT_EPOCHS = 10  # without a better validation
RISING_EPOCHS = 5  # the validation loss rises while the training loss falls
EXPLODING = 2.0  # times the lowest training loss of an epoch before, and more than in the first epoch
LEARNING_EPOCHS = 5  # by then a network should be better than an answer that is always the same
CHANCE = 0.55  # macro AUROC; 0.5 is what guessing gives
CLEARLY = 1.02  # times the lowest validation loss; less is noise


def warnings(run: Run, figures: RunFigures, config: TrainingConfig | None) -> list[str]:
    """A sentence or two for each thing that looks wrong, with what to do."""

    def recent(points: Sequence[Point]) -> list[Point]:
        return of_member_at_work(points, config)

    advice = "Stop this run and start a new one" if run.active else "Start a new run"
    train, validation = recent(figures.train_loss), recent(figures.validation_loss)
    f1 = recent(figures.f1)
    sentences = [
        _exploding(train, advice),
        _flat(validation, run, advice),
        _learns_nothing(validation, recent(figures.auroc), figures.constant_loss, advice),
        _never_predicted(figures),
        _overfitting(train, validation, advice),
        _standing_still(f1 or [(epoch, -loss) for epoch, loss in validation], bool(f1), run),
    ]
    return [sentence for sentence in sentences if sentence]


def _exploding(train: Sequence[Point], advice: str) -> str:
    if len(train) < 2:
        return ""
    lowest = min(value for _, value in train[:-1])
    if train[-1][1] <= max(EXPLODING * lowest, train[0][1]):
        return ""
    return (
        f"The training loss explodes: it is {train[-1][1]:.3g}, {train[-1][1] / lowest:.1f} times its lowest "
        f"({lowest:.3g}). {advice} with a lower learning rate."
    )


def _flat(validation: Sequence[Point], run: Run, advice: str) -> str:
    """A warning if the autoencoder reconstructs no more than the mean of its input."""
    if run.phase != "pretrain" or len(validation) < LEARNING_EPOCHS:
        return ""
    lowest = min(loss for _, loss in validation)
    if lowest < FLAT_LINE:
        return ""
    return (
        f"The autoencoder learns nothing: after {len(validation)} epochs its lowest validation error is "
        f"{lowest:.2f} a sample, and that of a flat line is 1.00. {advice} with another learning rate, more "
        "records or more epochs; a classifier gains nothing from this one."
    )


def _learns_nothing(
    validation: Sequence[Point], auroc: Sequence[Point], constant: Sequence[Point], advice: str
) -> str:
    """A warning if the classifier is no better than the same answer for every ECG, or than guessing."""
    causes = []
    if len(auroc) >= LEARNING_EPOCHS and (best := max(value for _, value in auroc)) < CHANCE:
        causes.append(f"the best macro AUROC is {best:.2f}, and guessing gives 0.50")
    same = last(constant)
    if len(validation) >= LEARNING_EPOCHS and same is not None:
        lowest = min(loss for _, loss in validation)
        if lowest >= same:
            causes.append(
                f"the lowest validation loss is {lowest:.3g}, and giving every ECG the same answer has "
                f"{same:.3g}"
            )
    if not causes:
        return ""
    return (
        f"The classifier learns nothing: after {max(len(validation), len(auroc))} epochs "
        f"{'; '.join(causes)}. {advice} with a lower learning rate, more labelled records, or a pretrained "
        "encoder."
    )


def _never_predicted(figures: RunFigures) -> str:
    """A warning for classes that validation records have and none was predicted to have."""
    silent = [
        label for label, points in figures.predicted_by_label.items()
        if last(figures.positives_by_label.get(label, ()))
        and len(points) >= SILENT_EPOCHS
        and not any(count for _, count in points[-SILENT_EPOCHS:])
    ]  # fmt: skip
    if not silent:
        return ""
    return (
        f"No validation record got the label {', '.join(silent)} in the last {SILENT_EPOCHS} epochs, though "
        "some have it. Early on that is usual. If it stays so, train on more records that have it, or start "
        "a new run with a class weighting above 0."
    )


def _overfitting(train: Sequence[Point], validation: Sequence[Point], advice: str) -> str:
    if len(validation) <= RISING_EPOCHS or len(train) <= RISING_EPOCHS:
        return ""
    (_, before), (_, now) = train[-1 - RISING_EPOCHS], train[-1]
    lowest_epoch, lowest = min(validation, key=lambda point: point[1])
    latest_epoch, latest = validation[-1]
    long_ago = latest_epoch - lowest_epoch >= RISING_EPOCHS
    if now >= before or not long_ago or latest < CLEARLY * lowest:
        return ""
    return (
        f"Overfitting: since epoch {lowest_epoch:.0f} the validation loss has risen from {lowest:.3g} to "
        f"{latest:.3g}, while the training loss went on falling. {advice} with more records, fewer epochs, "
        "or a pretrained encoder."
    )


def _standing_still(scores: Sequence[Point], by_f1: bool, run: Run) -> str:
    if not scores:
        return ""
    best_epoch, best = max(scores, key=lambda point: point[1])
    n = scores[-1][0] - best_epoch
    if n < PATIENT_EPOCHS:
        return ""
    what = f"macro F1 (the best was {best:.3f}" if by_f1 else f"validation loss (the lowest was {-best:.3g}"
    do = "Stop it to save the time" if run.active else "Next time let it end by itself: set a patience"
    return (
        f"No better {what}, epoch {best_epoch:.0f}) for {n:.0f} epochs. {do}, or try a lower learning rate."
    )
