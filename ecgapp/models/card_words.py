"""Abbreviations in full, and figures as a reader expects them."""

import re

from ecgapp.models import EnsembleConfig, Interval, LabelMetrics, ModelCard

WORD_JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!-+\--/:-@\[-`{-~])")  # ASCII's, without the comma: no other is escaped
_ADDRESS = re.compile(r"(?<=:)(?=//|material/)|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE)

MEANINGS = {
    "AF": "atrial fibrillation",
    "I-AVB": "first-degree atrioventricular block",
    "LBBB": "left bundle branch block",
    "Normal": "normal ECG",
    "RBBB": "right bundle branch block",
    "PAC": "premature atrial complex",
    "PVC": "premature ventricular complex",
    "STD": "ST depression",
    "STE": "ST elevation",
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST/T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
    "N": "normal rhythm",
    "A": "atrial fibrillation",
    "O": "other rhythm",
    "~": "too noisy to read",
}

NORMALS = frozenset({"Normal", "NORM", "N"})  # labels that say that the ECG, or its rhythm, is normal


def meaning(label: str) -> str:
    """The label in words, or nothing where it is a user's own."""
    return MEANINGS.get(label, "")


def in_full(label: str) -> str:
    """``AF (atrial fibrillation)``."""
    words = meaning(label)
    return f"{label} ({words})" if words else label


def with_interval(figure: Interval | None, digits: int = 2) -> str:
    """A figure with its interval as text, ``0.81 (0.74-0.88)``; a dash if it is undefined."""
    if figure is None:
        return "-"
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}-{figure.high:.{digits}f})"


def in_percent(figure: Interval | None) -> str:
    """``81.0% (74.2%-88.1%)``; a dash where the share is undefined."""
    if figure is None:
        return "-"
    return f"{figure.value:.1%} ({figure.low:.1%}-{figure.high:.1%})"


def insufficient(metrics: LabelMetrics | None) -> str | None:
    """Why no percentage may be shown for this label, or None where it may."""
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
    """On what a model's figures per label rest."""
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


def as_typed(words: str) -> str:
    """What somebody typed, as Markdown that says just that: no picture, link, formula, icon or list.

    The browser turns bare addresses into links even where every character is escaped; a word joiner,
    which takes no room, breaks them.
    """
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub(WORD_JOINER, words))
