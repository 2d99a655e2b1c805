"""The vocabulary of statements: the codes it covers, what a reader may type, what follows of a statement."""

import csv

import pytest

from ecgapp.datasets import ImportOptions
from ecgapp.datasets.layouts.ludb import ludb
from ecgapp.errors import ConfigError
from ecgapp.tasks import task
from ecgapp.tasks.scp_statements import STATEMENTS
from ecgapp.tasks.statement_vocabulary import (
    GROUPS,
    broader_statements,
    find_statement,
    narrower_statements,
    statement,
    vocabulary,
)

NO_STATEMENTS = {
    "53741008": "a disease of the patient: coronary heart disease",
    "84114007": "a disease of the patient: heart failure",
    "368009": "a disease of the patient: heart valve disorder",
    "266257000": "a disease of the patient: transient ischaemic attack",
    "698247007": "any cardiac dysrhythmia",
    "61721007": "clockwise or counterclockwise, without saying which",
    "204384007": "congenital, and of an unnamed degree",
    "82226007": "a block without an agreed definition",
}
ALL = list(vocabulary().values())
OF_CODE = {code: one for one in ALL for code in one.codes}


def keys(statements):
    return [one.key for one in statements]


def snomed_codes(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [row["SNOMEDCTCode"] for row in csv.DictReader(file)]


def test_every_statement_of_ptbxl_is_in_the_vocabulary():
    assert {f"SCP:{one.code}" for one in STATEMENTS} <= set(OF_CODE)


def test_every_scored_code_is_in_the_vocabulary_and_every_other_one_that_is_a_statement(real_data):
    scored = snomed_codes(real_data / "golden" / "dx_mapping_scored.csv")
    unscored = snomed_codes(real_data / "golden" / "dx_mapping_unscored.csv")
    assert not [code for code in scored if f"SNOMED:{code}" not in OF_CODE]
    assert {code for code in unscored if f"SNOMED:{code}" not in OF_CODE} == set(NO_STATEMENTS)


def test_a_code_belongs_to_one_statement():
    codes = [code for one in ALL for code in one.codes]
    assert len(codes) == len(set(codes))
    assert all(len(code.partition(":")[2]) > 0 for code in codes)


def test_the_numbers_of_the_american_heart_association_are_those_in_ptbxls_table(real_data):
    with (real_data / "ptb-xl" / "scp_statements.csv").open() as file:
        published = {row[""]: row["AHA code"] for row in csv.DictReader(file)}
    for one in ALL:
        numbers = {published[code[4:]] for code in one.codes if code.startswith("SCP:")}
        assert numbers in ({one.aha}, set())
        assert numbers or not one.aha


def test_codes_of_the_lobachevsky_database_are_spelt_as_its_importer_spells_them(real_data):
    scan = ludb.scan(real_data / "ludb", ImportOptions())
    imported = {code for entry in scan.entries for code in entry.codes}
    ours = {code for code in OF_CODE if code.startswith("LUDB:")}
    assert ours
    assert ours <= imported


@pytest.mark.parametrize("name", ["nine_class", "shaoxing_rhythm", "verma_18"])
def test_codes_that_another_task_counts_as_one_label_are_one_statement_or_narrower_ones(name):
    differ = {  # labels whose codes the task itself says are not the same
        "Normal",  # sinus rhythm alone
        "NDT",  # nonspecific ST-T abnormality
        "SEHYP",  # ventricular hypertrophy
    }
    for label in task(name).labels:
        named = {OF_CODE[code].key for code in label.codes if code in OF_CODE}
        assert label.name in differ or any(
            named <= {key, *keys(narrower_statements(key))} for key in named
        ), label.name


def test_every_statement_has_a_name_and_a_group_and_follows_from_no_circle():
    assert len({one.name for one in ALL}) == len(ALL)
    assert {one.group for one in ALL} == set(GROUPS)
    for one in ALL:
        assert one not in broader_statements(one.key)
        assert one.name
        assert "  " not in one.name


def test_nothing_that_a_reader_types_means_two_statements():
    for one in ALL:
        for term in one.terms:
            assert find_statement(term) is one, term


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("a fib", "AFIB"),
        ("A-FIB", "AFIB"),
        ("LBBB", "CLBBB"),
        ("incomplete  LBBB", "ILBBB"),
        ("first degree AV block", "1AVB"),
        ("long QT", "LQT"),
        ("lngqt", "LQT"),
        ("Wenckebach", "MOBITZ1"),
        ("445118002", "LAFB"),
        ("SNOMED:445118002", "LAFB"),
        ("SCP:LAO/LAE", "LAE"),
        ("AHA:101", "LAFB"),
        ("left anterior hemiblock", "LAFB"),
        ("early repolarization", "ER"),
        ("PRC(S)", "PRC"),
    ],
)
def test_a_reader_finds_a_statement_by_acronym_name_synonym_or_code(typed, key):
    assert find_statement(typed).key == key


@pytest.mark.parametrize("typed", ["", "  ", "old infarct, see 2019", "101", "LVH: voltage"])
def test_other_text_is_no_statement(typed):
    assert find_statement(typed) is None


def test_what_clinicians_keep_apart_has_statements_of_its_own():
    apart = "CLBBB ILBBB CRBBB IRBBB SBRAD BRADY STE NSSTE STEMI ER"
    sites = "AMI ASMI ALMI LMI IMI ILMI IPMI IPLMI PMI"
    found = [statement(key) for key in f"{apart} {sites}".split()]
    assert len({one.codes for one in found if one.codes}) == sum(bool(one.codes) for one in found)
    assert {key for key in sites.split() if "MI" in keys(broader_statements(key))} == set(sites.split())


def test_a_statement_is_narrower_than_all_that_follow_of_it():
    assert keys(broader_statements("ABIG")) == ["SVBIG", "PAC", "BIGU", "PRC"]
    assert keys(narrower_statements("AFIB/AFLT")) == ["AFIB", "RAF", "AFLT"]
    assert narrower_statements("LAFB") == ()


def test_the_code_in_reports_is_the_one_most_hospitals_know():
    assert statement("LAFB").code == "SNOMED:445118002"
    assert statement("ASMI").code == "SCP:ASMI"
    assert statement("STEMI").code == ""


def test_an_unknown_key_is_refused():
    with pytest.raises(ConfigError, match="no statement XYZ"):
        statement("XYZ")
