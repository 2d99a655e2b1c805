"""Concerns about using a trained model: too few records, worse than the one in use, nothing learnt."""

from ecgapp.models import ENOUGH_POSITIVES, ModelCard
from ecgapp.models.card_words import with_interval
from ecgapp.promotion.headline_figures import FALSE_ALARMS, SENSITIVITY, headline, n_of, n_validated

ENOUGH_RECORDS = 30  # validation records, or patients; fewer say next to nothing of other patients
# Windows have unit variance in each lead, so the mean squared error of a flat line is 1 per sample.
FLAT_LINE = 0.95
# The figures by which models are compared.
_LOWER_IS_BETTER = {
    "Macro AUROC": False,
    "MSE per sample": True,
    "QRS onset SD (ms)": True,
    "AUROC": False,
    SENSITIVITY: False,
    FALSE_ALARMS: True,
}


def promotion_concerns(card: ModelCard, current: ModelCard | None) -> tuple[str, ...]:
    """One sentence for each reason not to use the model of ``card``; empty without any.

    ``current`` is the model that it would replace, if any. Models are compared by their first headline
    figure, ventricular networks by both, and by the point estimate alone, so that a worse model gives a
    warning even if the intervals overlap.
    """
    few = _few_records(card), _few_positives(card), _few_patients(card)
    return tuple(sentence for sentence in (*few, _flat(card), _worse(card, current)) if sentence)


def compared(card: ModelCard, current: ModelCard) -> str:
    """Sentences with the figures by which two models are compared, with intervals and n."""
    return " ".join(
        f"{name}: {_figure(card, name)} here, {_figure(current, name)} of the model in use."
        for name in _compared_by(card)
    )


def _few_records(card: ModelCard) -> str:
    n = n_validated(card)
    if not n:
        return "It was not validated, so nothing is known of how well it does."
    if n >= ENOUGH_RECORDS:
        return ""
    return (
        f"It was validated on {n} record{'' if n == 1 else 's'} only: fewer than {ENOUGH_RECORDS} say next "
        "to nothing of other patients, however good the figures are."
    )


def _few_positives(card: ModelCard) -> str:
    if card.validation is None:
        return ""
    few = [f"{one.label} ({one.n_positive})" for one in card.validation.per_label if not one.sufficient]
    if not few:
        return ""
    return (
        f"Fewer than {ENOUGH_POSITIVES} of its validation records have {', '.join(few)}: how well it finds "
        f"{'that class' if len(few) == 1 else 'those classes'} is not known."
    )


def _few_patients(card: ModelCard) -> str:
    """The concern that too few patients had ventricular rhythms; windows of one patient are alike."""
    n = ENOUGH_RECORDS if card.ventricular is None else card.ventricular.n_ventricular_patients
    if n >= ENOUGH_RECORDS:
        return ""
    return (
        f"Its ventricular rhythms are those of {n} patient{'' if n == 1 else 's'}: fewer than "
        f"{ENOUGH_RECORDS} say little of how many it misses in others."
    )


def _flat(card: ModelCard) -> str:
    if card.reconstruction is None or card.reconstruction.mse_per_sample.value < FLAT_LINE:
        return ""
    error = card.reconstruction.mse_per_sample.value
    return (
        f"It is no better than a flat line: its mean squared error is {error:.2f} a sample, that of a flat "
        "line is 1.00. It has learnt nothing that a classifier could use."
    )


def _worse(card: ModelCard, current: ModelCard | None) -> str:
    """The concern that the compared figures are worse; "" if they are not, or cannot be compared."""
    if current is None:
        return ""
    names = [name for name in _compared_by(card) if name in _LOWER_IS_BETTER]
    gaps = {name: _gap(card, current, name) for name in names if headline(current).get(name) is not None}
    missing = [name for name, gap in gaps.items() if gap is None]
    if missing:
        return f"It has no {missing[0]}; the model in use has {_figure(current, missing[0])}."
    worse = {name: gap for name, gap in gaps.items() if gap is not None and gap > 0}
    if not worse:
        return ""
    by = " and ".join(f"{gap:.3f}{f' ({name})' if len(names) > 1 else ''}" for name, gap in worse.items())
    other = card.provenance.datasets != current.provenance.datasets
    doubt = (
        " The two were validated on different records, so part of that may be the records'." if other else ""
    )
    return f"It is worse than the model in use, by {by}. {compared(card, current)}{doubt}"


def _gap(card: ModelCard, current: ModelCard, name: str) -> float | None:
    """The amount by which ``card`` is worse in one figure; None if it does not have the figure."""
    mine, theirs = headline(card)[name], headline(current)[name]
    if mine is None or theirs is None:
        return None
    return (mine.value - theirs.value) * (1 if _LOWER_IS_BETTER[name] else -1)


def _compared_by(card: ModelCard) -> tuple[str, ...]:
    """The names of the compared figures: the first headline figure, of a ventricular network both."""
    names = tuple(headline(card))
    return names if card.ventricular is not None else names[:1]


def _figure(card: ModelCard, name: str) -> str:
    figure = headline(card).get(name)
    if figure is None:
        return "not known"
    return f"{with_interval(figure, 3)} (n = {n_of(card, name):,})"
