"""Text on the probabilities of a judgement, always beside their threshold."""

from ecgapp.analysis.judgement.known_facts import KnownFacts, Score
from ecgapp.tasks.meanings import in_full, meaning


def against_threshold(score: Score) -> str:
    """A probability beside its threshold: ``0.77 ≥ 0.42`` or ``0.22 < 0.30``."""
    side = "≥" if score.positive else "<"
    return f"{score.probability:.2f} {side} {score.threshold:.2f}"


def labelled(score: Score) -> str:
    """A label with its probability: ``AF (atrial fibrillation) 0.77 ≥ 0.42``."""
    return f"{in_full(score.label)} {against_threshold(score)}"


def capitalised(label: str) -> str:
    """The label's meaning with a capital: ``ST depression``."""
    words = meaning(label) or label
    return words[0].upper() + words[1:]


def few_positives(label: str, known: KnownFacts) -> str:
    """The remark ``tested on 10 positives only`` if the label has too few for figures; else ""."""
    metrics = known.metrics(label)
    if metrics is None or metrics.sufficient:
        return ""
    return f"tested on {metrics.n_positive} positives only"


def beside_rule(label: str, known: KnownFacts) -> str:
    """The sentence on the network's result for a rule's label; "" if it does not have the label."""
    score = known.score(label)
    if score is None:
        return ""
    figures = "; ".join(
        part for part in (f"{label} {against_threshold(score)}", few_positives(label, known)) if part
    )
    return f"The network {'finds it too' if score.positive else 'does not find it'} ({figures})."
