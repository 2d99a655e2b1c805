"""Figures of a model card as text: values with their intervals, and why a figure is missing."""

from ecgapp.models import EnsembleConfig, Interval, LabelMetrics, ModelCard


def with_interval(figure: Interval | None, digits: int = 2, between: str = "-") -> str:
    """A figure with its interval as text, ``0.81 (0.74-0.88)``; a dash if it is undefined.

    ``between`` stands between the ends of the interval: ``" to "`` if they can be negative.
    """
    if figure is None:
        return "-"
    value, low, high = (f"{number:.{digits}f}" for number in (figure.value, figure.low, figure.high))
    return f"{value} ({low}{between}{high})"


def in_percent(figure: Interval | None) -> str:
    """``81.0% (74.2%-88.1%)``; a dash where the share is undefined."""
    if figure is None:
        return "-"
    return f"{figure.value:.1%} ({figure.low:.1%}-{figure.high:.1%})"


def insufficient(metrics: LabelMetrics | None) -> str | None:
    """The reason why no percentage may be shown for a label; None if it may."""
    if metrics is None:
        return "not validated"
    if not metrics.sufficient:
        return f"insufficient validation data (n = {metrics.n_positive})"
    return None


def of_label(metrics: LabelMetrics | None, figure: str) -> str:
    """One of a label's figures with its interval, or why there is none."""
    reason = insufficient(metrics)
    return reason if reason is not None else with_interval(getattr(metrics, figure))


def population(card: ModelCard) -> str:
    """A sentence on the records behind a model's figures per label."""
    if card.validation is None:
        return f"{card.title}: this model was not validated; its probabilities are not to be relied on."
    ensemble = isinstance(card.network, EnsembleConfig)
    members = "The figures are those of single members of the ensemble. " if ensemble else ""
    return (
        f"{card.title}. Precision and recall at the threshold, with 95 % bootstrap intervals, on "
        f"{card.validation.dataset} ({card.validation.n:,} records), where the thresholds were chosen too. "
        f"{members}Other patients may differ. "
        f"Model {card.name}, sha256 {card.sha256[:12]}."
    )
