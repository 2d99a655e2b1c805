"""Lines of a judgement about the network's labels, and "normal" with all that contradicts it."""

from collections.abc import Iterator, Sequence

from ecgapp.analysis.judgement.known_facts import KnownFacts, Score
from ecgapp.analysis.judgement.probability_words import against_threshold, few_positives, labelled
from ecgapp.analysis.judgement.statements import JudgementLine, Severity
from ecgapp.analysis.rules import Presence, Verdict
from ecgapp.tasks.meanings import NORMALS

SOON = frozenset({"STE", "MI"})  # labels to be read soon
NO_FINDING = frozenset({"~"})  # a label for records that cannot be read
RULE_OF = {"A": "AF"}  # the rule for a label that has another name
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# Findings that a reader may expect, and the labels that cover them. Critical findings cover ventricular
# arrhythmia and high-degree block.
LOOKED_FOR = {
    "atrial fibrillation": {"AF", "A"},
    "atrial flutter": set(),
    "pacing": set(),
    "myocardial infarction": {"MI"},
    "ST depression": {"STD", "STTC"},
    "bundle branch block": {"LBBB", "RBBB", "CD"},
    "hypertrophy": {"HYP"},
    "pre-excitation": set(),
    "T wave changes": {"STTC"},
}


def finding_lines(known: KnownFacts) -> Iterator[JudgementLine]:
    """A line for each label above its threshold, with the rule's result if it contradicts."""
    for score in known.findings:
        result = known.rules.get(RULE_OF.get(score.label, score.label))
        against = result is not None and result.contradicts(True)
        rule_words = f" (rule: absent; {result.words})" if result is not None and against else ""
        few = few_positives(score.label, known)
        words = f"{labelled(score)}{f' ({few})' if few else ''}{rule_words}."
        severity = Severity.ABNORMAL
        if score.label in NO_FINDING:
            severity = Severity.UNKNOWN
        if score.label in SOON:
            severity = Severity.PROMPT
        elif against:
            severity = Severity.CONTRADICTION
        yield JudgementLine(severity, words, "rule and network" if against else "network")


def normal_lines(known: KnownFacts, others: Sequence[JudgementLine]) -> Iterator[JudgementLine]:
    """The lines about a normal ECG; ``others`` are the lines so far."""
    normal = known.normal
    if known.findings:
        if normal is not None and normal.positive:
            words = (
                f"The network calls the ECG normal too ({against_threshold(normal)}): it contradicts itself."
            )
            yield JudgementLine(Severity.CONTRADICTION, words, "network")
    elif known.stated:
        positive = normal is not None and normal.positive
        yield _called_normal(normal, known, others) if positive and normal else _none_found(normal, known)
    if (normal is None or not normal.positive) and not any(
        line.severity > Severity.UNKNOWN for line in others
    ):
        rule = _normal_rule(known)
        if not known.findings and rule is not None and rule.presence is Presence.ABSENT:
            yield JudgementLine(Severity.ABNORMAL, f"Measured: not normal, {rule.words}.", "rule")


def _called_normal(normal: Score, known: KnownFacts, others: Sequence[JudgementLine]) -> JudgementLine:
    """The line on the network's "normal", with everything that speaks against it."""
    network = f"Network: normal {against_threshold(normal)}"
    rule = _normal_rule(known)
    measured = rule is not None and rule.contradicts(True)
    if any(line.severity > Severity.UNKNOWN for line in others):
        source = "rule and network" if measured else "network"
        return JudgementLine(Severity.CONTRADICTION, f"{network}, which the above contradicts.", source)
    if rule is not None and measured:
        words = f"{network}. Measured: not normal, {rule.words}."
        return JudgementLine(Severity.CONTRADICTION, words, "rule and network")
    if known.quality is not None and known.quality.limbs_doubtful:
        words = f"{network}, doubtful: {known.quality.limbs_doubtful}."
        return JudgementLine(Severity.UNKNOWN, words, "network")
    if rule is None or rule.presence is Presence.CANNOT_TELL:
        reason = "nothing was measured" if rule is None else rule.words.removesuffix(".")
        words = f"{network}. The rules cannot confirm it: {reason}. {not_looked_for(known)}"
        return JudgementLine(Severity.UNKNOWN, words, "network")
    how = "borderline: " if rule.presence is Presence.BORDERLINE else ""
    words = f"{network}. Measured: {how}{rule.words.removesuffix('.')}. {not_looked_for(known)}"
    return JudgementLine(Severity.NORMAL, words, "rule and network")


def _none_found(normal: Score | None, known: KnownFacts) -> JudgementLine:
    """The line without labels above their threshold: how probable normal is, and what is not covered."""
    n_labels = len(known.stated)
    count = COUNTS[n_labels] if n_labels < len(COUNTS) else str(n_labels)
    words = f"None of the {count} classes is found"
    if normal is not None:
        improbable = 2 * normal.probability < normal.threshold
        how = "normal is improbable" if improbable else "normal is not found either"
        words += f", and {how} ({against_threshold(normal)})"
    return JudgementLine(Severity.UNKNOWN, f"{words}. {not_looked_for(known)}", "network")


def _normal_rule(known: KnownFacts) -> Verdict | None:
    return next((known.rules[label] for label in sorted(NORMALS) if label in known.rules), None)


def not_looked_for(known: KnownFacts) -> str:
    """The sentence on the findings that the network does not have as labels."""
    available = {score.label for score in known.stated}
    missing = [name for name, labels in LOOKED_FOR.items() if not labels & available]
    if not missing:
        return ""
    named = f"{', '.join(missing[:-1])} and {missing[-1]}" if len(missing) > 1 else "".join(missing)
    return f"{named[0].upper()}{named[1:]} are not looked for."
