"""What speaks against using a trained model: too few records, worse than the one in use, nothing learnt."""

from ecgapp.models import ENOUGH_POSITIVES, ModelCard
from ecgapp.promotion.figures import headline, n_validated

ENOUGH_RECORDS = 30  # fewer validation records say next to nothing of other patients
# Windows have unit variance in each lead, so a flat line's mean squared error is 1 a sample.
FLAT_LINE = 0.95
_LOWER_IS_BETTER = {"Macro AUROC": False, "MSE per sample": True, "QRS onset SD (ms)": True, "AUROC": False}


def promotion_concerns(card: ModelCard, current: ModelCard | None) -> tuple[str, ...]:
    """A sentence for each reason not to use the model of ``card``; none where nothing speaks against it.

    ``current`` is the model that it would replace, None where there is none. Models are compared by their
    first headline figure, the point estimate alone: whoever replaces a model should know that it looks
    worse, even where the intervals overlap.
    """
    found = (_few_records(card), _few_positives(card), _flat(card), _worse(card, current))
    return tuple(sentence for sentence in found if sentence)


def compared(card: ModelCard, current: ModelCard) -> str:
    """The first headline figure of both in a sentence, with its interval and n."""
    told = [f"{_figure(one)} (n = {n_validated(one):,})" for one in (card, current)]
    return f"{_name(card)}: {told[0]} here, {told[1]} of the model in use."


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


def _flat(card: ModelCard) -> str:
    if card.reconstruction is None or card.reconstruction.mse_per_sample.value < FLAT_LINE:
        return ""
    error = card.reconstruction.mse_per_sample.value
    return (
        f"It is no better than a flat line: its mean squared error is {error:.2f} a sample, that of a flat "
        "line is 1.00. It has learnt nothing that a classifier could use."
    )


def _worse(card: ModelCard, current: ModelCard | None) -> str:
    """By how much the first headline figure is worse; nothing where the two cannot be compared."""
    name = _name(card)
    if current is None or name not in _LOWER_IS_BETTER or _name(current) != name:
        return ""
    mine, theirs = headline(card)[name], headline(current)[name]
    if theirs is None:
        return ""
    if mine is None:
        return f"It has no {name}; the model in use has {_figure(current)} (n = {n_validated(current):,})."
    gap = (mine.value - theirs.value) * (1 if _LOWER_IS_BETTER[name] else -1)
    if gap <= 0:
        return ""
    other = card.provenance.datasets != current.provenance.datasets
    doubt = (
        " The two were validated on different records, so part of that may be the records'." if other else ""
    )
    return f"It is worse than the model in use, by {gap:.3f}. {compared(card, current)}{doubt}"


def _name(card: ModelCard) -> str:
    """Of the first headline figure; empty where there is none."""
    return next(iter(headline(card)), "")


def _figure(card: ModelCard) -> str:
    figure = headline(card).get(_name(card))
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})" if figure is not None else "not known"
