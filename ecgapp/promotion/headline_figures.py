"""The headline figures of a model, for tables of several models and comparisons of two."""

from ecgapp.models import ENOUGH_POSITIVES, Evaluation, Interval, ModelCard
from ecgapp.models.card_words import with_interval

SENSITIVITY, FALSE_ALARMS = "Sensitivity", "False alarms"


def headline(card: ModelCard) -> dict[str, Interval | None]:
    """One or two figures of a model by name; empty if it was not validated."""
    if card.validation is not None:
        return {"Macro AUROC": card.validation.macro_auroc, "Macro F1": card.validation.macro_f1}
    if card.reconstruction is not None:
        return {"MSE per sample": card.reconstruction.mse_per_sample}
    if card.delineation is not None:
        onset = next(b for b in card.delineation.boundaries if (b.wave, b.edge) == ("QRS", "onset"))
        return {"QRS onset SD (ms)": onset.deviation}
    if card.gate is not None:
        return {"AUROC": card.gate.auroc, "Good records refused": card.gate.false_refusals}
    if card.ventricular is not None:
        return {SENSITIVITY: card.ventricular.sensitivity, FALSE_ALARMS: card.ventricular.false_alarms}
    return {}


def headline_words(card: ModelCard, digits: int = 2) -> dict[str, str]:
    """Each headline figure as text with its interval, and its n if it is not the card's.

    If a class in a mean has too few positives, a remark follows the figure; if all of them have too few, it
    replaces the figure.
    """
    few, all_few = _insufficient(card.validation) if card.validation is not None else ("", False)
    return {
        name: few if all_few else _figure(figure, digits) + _beside(card, name, few)
        for name, figure in headline(card).items()
    }


def _beside(card: ModelCard, name: str, few: str) -> str:
    """The remark on a figure: too few positives, or its n if it is not the card's."""
    n = n_of(card, name)
    words = few or (f"n = {n:,}" if n != n_validated(card) else "")
    return f"; {words}" if words else ""


def _insufficient(evaluation: Evaluation) -> tuple[str, bool]:
    """The remark on too few positives among the classes in the means, and whether all have too few."""
    counted = [metrics.n_positive for metrics in evaluation.per_label if metrics.n_positive]
    few = [n for n in counted if n < ENOUGH_POSITIVES]
    return (f"insufficient (n = {min(few)})" if few else ""), bool(few) and len(few) == len(counted)


def _figure(figure: Interval | None, digits: int) -> str:
    return "–" if figure is None else with_interval(figure, digits)


def n_validated(card: ModelCard) -> int:
    """The number of records, or patients, in the card's figures."""
    measured = card.validation or card.reconstruction or card.delineation or card.gate or card.ventricular
    return measured.n if measured is not None else 0


def n_of(card: ModelCard, name: str) -> int:
    """The number of records, or patients, in the headline figure ``name``."""
    if card.ventricular is None:
        return n_validated(card)
    return sum(kind.n for kind in card.ventricular.kinds_that_are(name == SENSITIVITY))
