"""The limb leads that follow from I and II."""

import numpy as np
import pytest

from ecgapp.records import LEADS, ECGRecord, complete_leads
from ecgapp.records.leads import lead_name

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def an_ecg(leads):
    return ECGRecord(
        "x", np.random.default_rng(0).normal(size=(len(leads), 50)).astype(np.float32), 100.0, leads
    )


def test_eight_leads_become_twelve_that_obey_einthoven_and_goldberger():
    record = complete_leads(an_ecg(EIGHT))
    one, two, three, avr, avl, avf = record.signal[:6]
    assert record.leads == LEADS
    np.testing.assert_allclose(one + three, two, atol=1e-6)
    np.testing.assert_allclose(avr + avl + avf, 0, atol=1e-6)
    np.testing.assert_allclose(avl, (one - three) / 2, atol=1e-6)
    np.testing.assert_allclose(avf, (two + three) / 2, atol=1e-6)


def test_derived_leads_are_marked_and_recorded_ones_untouched():
    recorded = an_ecg(EIGHT)
    record = complete_leads(recorded)
    assert record.derived == {"III", "aVR", "aVL", "aVF"}
    np.testing.assert_array_equal(record.select(EIGHT), recorded.signal)


def test_only_absent_leads_are_derived_and_other_leads_stay_last():
    record = complete_leads(an_ecg(("I", "II", "aVF", "V1", "MLII")))
    assert record.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "MLII")
    assert record.derived == {"III", "aVR", "aVL"}


@pytest.mark.parametrize("leads", [LEADS, ("II",), ("I", "V1"), ("MLII", "V5")])
def test_a_record_that_is_complete_or_lacks_i_or_ii_stays_as_it_is(leads):
    record = an_ecg(leads)
    assert complete_leads(record) is record


def test_a_missing_sample_stays_missing_in_what_is_derived_from_it():
    signal = np.zeros((2, 10), np.float32)
    signal[1, 4] = np.nan
    record = complete_leads(ECGRecord("x", signal, 100.0, ("I", "II")))
    np.testing.assert_array_equal(np.isnan(record.signal).sum(axis=1), [0, 1, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("avr", "aVR"),
        ("ECG lead V1", "V1"),
        ("MLII", "MLII"),
        ("ECG 1+", "ECG 1+"),
        ("![](//a.example/b)", "aexampleb"),
        ("<img src=x>", "img srcx"),
        ("[a](b)\x07", "ab"),
        ("]()", "Signal 7"),
    ],
)
def test_a_lead_name_keeps_nothing_that_a_page_could_take_for_markup(written, kept):
    assert lead_name(written, 7) == kept
