"""A model's headline figures, for a table of several models or a choice between two."""

from ecgapp.models import Interval, ModelCard


def headline(card: ModelCard) -> dict[str, Interval | None]:
    """The two figures of a classifier, or the one of an autoencoder; none where it was not validated."""
    if card.validation is not None:
        return {"Macro AUROC": card.validation.macro_auroc, "Macro F1": card.validation.macro_f1}
    if card.reconstruction is not None:
        return {"MSE per sample": card.reconstruction.mse_per_sample}
    return {}


def n_validated(card: ModelCard) -> int:
    """How many records the figures rest on."""
    measured = card.validation or card.reconstruction
    return measured.n if measured is not None else 0
