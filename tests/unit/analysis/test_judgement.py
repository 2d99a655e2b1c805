"""The judgement joins networks, rules and measurements: laws of its order and of the word "normal"."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import pytest
import tiny_models
from only_models import OnlyModels

from ecgapp.analysis import Admission, GateAnswer, InstalledModels, KnownFacts, OpenedECG, Severity, judge
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.findings import Finding
from ecgapp.analysis.judgement.label_lines import LOOKED_FOR
from ecgapp.analysis.judgement.measured_lines import FAST, LONG_QT, RULES, SLOW, VERY_FAST
from ecgapp.analysis.measurement.measurements import Measurement, Measurements
from ecgapp.analysis.rules import Presence, Verdict
from ecgapp.config import Settings
from ecgapp.errors import SignalError, WeightsMismatchError
from ecgapp.records import DEMOS, LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals import RecordQuality

LABELS = ("AF", "I-AVB", "LBBB", "Normal", "RBBB", "PAC", "PVC", "STD", "STE")
ANTERIOR = CriticalFinding(
    CriticalKind.ST_ELEVATION,
    "ST elevation in V2, V3",
    ("V2", "V3"),
    0.0,
    10.0,
    "ST elevation measured: V2 +3.6, V3 +4.7 mm.",
    "Pericarditis, early repolarisation.",
    "Thygesen 2018",
)
TACHYCARDIA = replace(ANTERIOR, kind=CriticalKind.BROAD_COMPLEX_TACHYCARDIA, name="broad", leads=("II",))
SOUND = RecordQuality((), "", (), None)
FEW = SimpleNamespace(label="STE", sufficient=False, n_positive=10)
CARD = SimpleNamespace(label_metrics={"STE": FEW}.get)


def scores(**above):
    """Nine scores at a threshold of 0.3, 0.01 unless ``above`` gives another."""
    found = {name.replace("_", "-"): probability for name, probability in above.items()}
    return tuple(Finding(label, found.get(label, 0.01), 0.3, None) for label in LABELS)


def rules(**states):
    """Results of rules; the others find nothing."""
    found = {name.replace("_", "-"): state for name, state in states.items()}
    return {
        label: Verdict(label, found.get(label, Presence.ABSENT), f"{label} in figures") for label in LABELS
    }


def measured(**values):
    names = {"qrs": "QRS", "qtc": "QTc Fridericia"}
    rows = [Measurement(name, values.get(key), "ms", None, "") for key, name in names.items()]
    return Measurements(tuple(rows), {}, {}, None, (), 0.0, 10.0, 10.0)


def known(**parts):
    """A sound normal ECG, but for ``parts``."""
    usual = {
        "scores": scores(Normal=0.8),
        "card": CARD,
        "rules": rules(Normal=Presence.PRESENT),
        "heart_rate": 70.0,
        "measured": measured(qrs=90.0, qtc=410.0),
        "quality": SOUND,
        "admission": Admission(),
    }
    return KnownFacts(**usual | parts)


def words(found):
    return [line.words for line in found.lines]


AGAINST_NORMAL = {
    "a critical finding": {"critical": (ANTERIOR,)},
    "another label": {"scores": scores(Normal=0.8, PVC=0.7)},
    "its own rule": {"rules": rules(Normal=Presence.ABSENT)},
    "the rule of another label": {"rules": rules(Normal=Presence.PRESENT, STE=Presence.PRESENT)},
    "a slow heart": {"heart_rate": SLOW - 5},
    "a fast heart": {"heart_rate": VERY_FAST + 5},
    "broad complexes at a fast rate": {"heart_rate": 125.0, "measured": measured(qrs=130.0)},
    "a long QT": {"measured": measured(qtc=LONG_QT)},
    "pacing spikes": {"quality": replace(SOUND, pacing=(1.0, 2.0))},
}


def test_a_normal_ecg_that_nothing_contradicts_is_all_that_is_calm():
    found = judge(known())
    assert found.severity is Severity.NORMAL
    assert len(found.lines) == 1
    assert "normal 0.80 ≥ 0.30" in found.headline
    assert "not looked for" in found.headline


@pytest.mark.parametrize("what", AGAINST_NORMAL)
def test_normal_is_never_stated_alone_where_anything_contradicts_it(what):
    found = judge(known(**AGAINST_NORMAL[what]))
    assert found.severity >= Severity.CONTRADICTION
    assert len(found.lines) >= 2 or "not normal" in found.headline
    (told,) = (line for line in found.lines if "normal 0.80" in line.words or "normal too" in line.words)
    assert told.severity is Severity.CONTRADICTION
    assert any(word in told.words for word in ("contradicts", "not normal"))


def test_every_pair_of_contradictions_is_told_and_neither_hides_the_other():
    for one, other in itertools.combinations(AGAINST_NORMAL, 2):
        parts = AGAINST_NORMAL[one] | AGAINST_NORMAL[other]
        if len(parts) == len(AGAINST_NORMAL[one]) + len(AGAINST_NORMAL[other]):
            alone = max(judge(known(**AGAINST_NORMAL[each])).severity for each in (one, other))
            assert judge(known(**parts)).severity >= alone


@pytest.mark.parametrize("state", [Presence.BORDERLINE, Presence.PRESENT])
def test_what_is_borderline_contradicts_nothing(state):
    assert judge(known(rules=rules(Normal=state))).severity is Severity.NORMAL
    told = judge(known(rules=rules(Normal=state, STD=Presence.BORDERLINE)))
    assert told.severity is Severity.NORMAL


def test_where_the_rules_cannot_tell_normal_is_not_calm():
    for found in (rules(Normal=Presence.CANNOT_TELL), {}):
        assert judge(known(rules=found)).severity is Severity.UNKNOWN


def test_a_ventricular_rhythm_says_nothing_of_swapped_electrodes():
    swapped = replace(SOUND, limb_reversal="RA/LL")
    ventricular = replace(ANTERIOR, kind=CriticalKind.BROAD_COMPLEX_TACHYCARDIA)
    assert "look swapped" in judge(known(quality=swapped)).headline
    assert "look swapped" not in judge(known(quality=swapped, critical=(ventricular,))).headline


def test_swapped_electrodes_make_normal_doubtful():
    found = judge(known(quality=replace(SOUND, limb_reversal="RA/LA")))
    assert found.severity is Severity.UNKNOWN
    assert "doubtful: the electrodes RA/LA look swapped" in found.headline


def test_a_critical_finding_comes_first_with_its_evidence_and_what_the_network_says():
    found = judge(known(critical=(ANTERIOR,), scores=scores(Normal=0.7, STE=0.22)))
    assert found.severity is Severity.CRITICAL
    assert words(found)[0] == (
        "Read this ECG now: ST elevation in V2, V3. ST elevation measured: V2 +3.6, V3 +4.7 mm. "
        "The network does not find it (STE 0.22 < 0.30; tested on 10 positives only)."
    )
    again = judge(known(critical=(ANTERIOR,), scores=scores(STE=0.6)))
    assert "The network finds it too (STE 0.60 ≥ 0.30" in words(again)[0]


def test_critical_findings_stay_in_their_order_and_stand_without_labels_too():
    gate = Admission(GateAnswer(0.9, 0.5, True, "Too noisy to read."))
    for scored, judged in ((scores(Normal=0.9), None), ((), None), ((), gate), (scores(Normal=0.9), gate)):
        found = judge(known(critical=(TACHYCARDIA, ANTERIOR), scores=scored, admission=judged))
        assert [line.words.split(".")[0] for line in found.of(Severity.CRITICAL)] == [
            "Read this ECG now: broad",
            "Read this ECG now: ST elevation in V2, V3",
        ]


def test_without_an_organised_rhythm_rules_and_rates_are_silent():
    everything = rules(**{label.replace("-", "_"): Presence.PRESENT for label in RULES})
    found = judge(known(critical=(TACHYCARDIA,), rules=everything, heart_rate=180.0, scores=scores()))
    assert not any("by rule" in line or "Heart rate" in line for line in words(found))


def test_a_label_stands_with_its_threshold_and_the_rule_that_contradicts_it():
    found = judge(known(scores=scores(LBBB=0.89, AF=0.37), rules=rules(LBBB=Presence.PRESENT)))
    assert words(found) == [
        "AF (atrial fibrillation) 0.37 ≥ 0.30 (rule: absent; AF in figures).",
        "LBBB (left bundle branch block) 0.89 ≥ 0.30.",
    ]
    assert [line.severity for line in found.lines] == [Severity.CONTRADICTION, Severity.ABNORMAL]


def test_what_a_rule_alone_finds_is_told_with_the_network_s_answer():
    found = judge(known(rules=rules(STD=Presence.PRESENT), scores=scores()))
    assert words(found)[0] == (
        "ST depression by rule: STD in figures. The network does not find it (STD 0.01 < 0.30)."
    )
    assert found.severity is Severity.CONTRADICTION


def test_a_rule_speaks_where_no_classifier_can():
    found = judge(known(scores=(), no_labels="It has no lead V1.", rules=rules(AF=Presence.PRESENT)))
    assert words(found)[0] == "Atrial fibrillation by rule: AF in figures."
    assert words(found)[1].startswith("It has no lead V1. Heart rate")


@pytest.mark.parametrize(("probability", "how"), [(0.01, "improbable"), (0.29, "not found either")])
def test_nothing_above_threshold_is_no_all_clear(probability, how):
    found = judge(known(scores=scores(Normal=probability)))
    assert found.severity is Severity.UNKNOWN
    assert f"None of the nine classes is found, and normal is {how}" in found.headline
    for condition in ("Atrial flutter", "pacing", "infarction", "pre-excitation"):
        assert condition in found.headline


def test_nothing_above_threshold_beside_abnormal_measurements_names_them():
    found = judge(known(scores=scores(), rules=rules(Normal=Presence.ABSENT)))
    assert found.severity is Severity.ABNORMAL
    assert words(found)[0] == "Measured: not normal, Normal in figures."


def test_what_is_looked_for_is_not_listed_as_missing():
    told = judge(known(scores=scores())).headline.split("normal is")[1]
    covered = [name for name, labels in LOOKED_FOR.items() if labels & set(LABELS)]
    assert covered
    assert not any(name.lower() in told.lower() for name in covered)


@pytest.mark.parametrize(
    ("rate", "severity"),
    [
        (SLOW, Severity.NORMAL),
        (SLOW - 2, Severity.CONTRADICTION),
        (FAST, Severity.NORMAL),
        (FAST + 2, Severity.CONTRADICTION),
        (VERY_FAST, Severity.PROMPT),
    ],
)
def test_the_rate_counts_by_how_far_off_it_is(rate, severity):
    assert judge(known(heart_rate=rate)).severity is severity


def test_a_critical_rate_is_not_told_twice():
    slow = replace(ANTERIOR, kind=CriticalKind.BRADYCARDIA, name="ventricular rate 32/min")
    assert not any(
        line.startswith("Heart rate") for line in words(judge(known(critical=(slow,), heart_rate=32.0)))
    )


def test_a_record_that_cannot_be_read_states_no_label_and_is_to_be_read_soon():
    judged = Admission(GateAnswer(0.9, 0.5, True, "Too noisy to read."))
    found = judge(known(admission=judged, scores=scores(Normal=0.9, AF=0.9)))
    assert found.severity is Severity.PROMPT
    assert "0.90" not in found.headline
    assert found.headline.startswith("Too noisy to read.")
    assert "measurements" not in found.headline


def test_what_is_measured_on_an_unreadable_signal_is_not_stated():
    judged = Admission(GateAnswer(0.9, 0.5, True, "It cannot be read."))
    found = judge(known(admission=judged, heart_rate=300.0, rules=rules(STE=Presence.PRESENT)))
    assert not any(word in found.headline for word in ("300", "ST elevation"))


def test_a_readable_record_whose_labels_are_withheld_keeps_rate_and_rules():
    unlike = GateAnswer(0.9, 0.5, True, "Labels are withheld: unlike.")
    judged = Admission(GateAnswer(0.1, 0.5, False), unlike)
    found = judge(known(admission=judged, heart_rate=140.0, scores=scores(AF=0.9)))
    assert "Labels are withheld: unlike. Heart rate, measurements and critical findings" in found.headline
    assert "Heart rate 140/min" in found.headline
    assert "0.90" not in found.headline


def test_a_record_that_the_gate_could_not_judge_is_not_calm():
    found = judge(known(admission=Admission(GateAnswer(None, 0.5, False, "It was not judged."))))
    assert found.severity is Severity.UNKNOWN


def test_labels_that_are_withheld_leave_measurements_and_are_to_be_read_soon():
    unlike = Admission(similar=GateAnswer(0.9, 0.5, True, "Labels are withheld: it is unlike others."))
    found = judge(known(admission=unlike, scores=scores(AF=0.9), rules=rules(LBBB=Presence.PRESENT)))
    assert found.severity is Severity.PROMPT
    assert words(found)[0].startswith("Labels are withheld: it is unlike others. Heart rate, measurements")
    assert "0.90" not in found.headline
    assert any("by rule" in line for line in words(found))


def test_a_refused_signal_that_may_be_a_dangerous_rhythm_is_critical():
    urgent = Admission(GateAnswer(0.9, 0.5, True, "It may be fibrillation.", urgent=True))
    for found in (judge(known(admission=urgent)), judge(known(admission=urgent, critical=(ANTERIOR,)))):
        assert found.severity is Severity.CRITICAL
        assert found.of(Severity.CRITICAL)[-1].source == "gate"


def test_every_combination_has_a_line_and_is_ordered_worst_first():
    choices = {
        "critical": ((), (ANTERIOR,)),
        "scores": ((), scores(), scores(Normal=0.8), scores(AF=0.9), scores(Normal=0.5, STE=0.5)),
        "rules": ({}, rules(), rules(Normal=Presence.PRESENT), rules(STE=Presence.PRESENT)),
        "heart_rate": (None, 30.0, 70.0, 140.0),
        "measured": (None, measured(qrs=140.0, qtc=500.0)),
        "quality": (None, SOUND, replace(SOUND, pacing=(1.0,)), replace(SOUND, limb_reversal="RA/LA")),
        "admission": (
            None,
            Admission(GateAnswer(0.9, 0.5, True, "Refused.")),
            Admission(similar=GateAnswer(0.9, 0.5, True, "Withheld.")),
            Admission(GateAnswer(None, 0.5, False, "Not judged.")),
        ),
        "no_labels": ("", "No lead V1."),
    }
    for parts in itertools.product(*choices.values()):
        found = judge(known(**dict(zip(choices, parts, strict=True))))
        severities = [line.severity for line in found.lines]
        assert severities
        assert severities == sorted(severities, reverse=True)
        assert all(line.words.strip().endswith((".", "?")) and "  " not in line.words for line in found.lines)


def test_every_severity_has_a_word_of_its_own():
    assert len({severity.word for severity in Severity}) == len(Severity)


@pytest.fixture(scope="module")
def shipped():
    return InstalledModels(Settings.from_environment())


SAYS = {
    "Normal sinus rhythm": "normal",
    "Atrial fibrillation": "AF (",
    "Premature atrial contractions": "Premature atrial complex",
    "Premature ventricular contractions": "PVC (",
    "First-degree AV block": "I-AVB (",
    "Left bundle branch block": "LBBB (",
    "Right bundle branch block": "RBBB (",
    "ST depression": "STD (",
    "ST elevation": "ST elevation",
}


@pytest.mark.parametrize("title", SAYS)
def test_the_headline_of_a_demonstration_begins_with_its_truth(title, shipped):
    found = OpenedECG(synthesise(DEMOS[title]).record, shipped).judgement(shipped.cards()["nine_class"])
    assert SAYS[title] in words(found)[0]
    assert (found.severity is Severity.NORMAL) == (title == "Normal sinus rhythm")


def test_an_open_ecg_says_why_it_has_no_labels():
    model, _ = tiny_models.classifier()
    record = synthesise(SyntheticConfig()).record
    one = ECGRecord("x", record.signal[:1], 500.0, ("ECG",))
    assert "No classifier is installed" in OpenedECG(record, OnlyModels()).judgement(None).headline
    found = OpenedECG(one, OnlyModels(model)).judgement(model.card)
    assert "has no lead" in found.headline
    damaged = OpenedECG(record, OnlyModels(model, broken=(model.card.name,)))
    assert "weights are damaged" in damaged.judgement(model.card).headline
    with pytest.raises(WeightsMismatchError):
        damaged.findings(model.card)
    with pytest.raises(SignalError):
        OpenedECG(one, OnlyModels(model)).findings(model.card)


def test_an_open_ecg_computes_once_and_gives_memory_back_after_each_network():
    model, _ = tiny_models.classifier()
    given_back = []
    ecg = OpenedECG(synthesise(SyntheticConfig()).record, OnlyModels(model), lambda: given_back.append(1))
    assert ecg.findings(model.card) is ecg.findings(model.card)
    assert ecg.quality is ecg.quality
    assert len(given_back) == 1
    assert ecg.record.leads == LEADS
