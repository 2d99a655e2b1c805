"""Label sets: what each code answers, and what stays unknown."""

import ast
import csv
import math

import numpy as np
import pytest

from ecgapp.errors import ConfigError
from ecgapp.storage import documents
from ecgapp.tasks import Label, Task, column_code, csv_task, register_task, task, task_names
from ecgapp.tasks.meanings import meaning


def answers(name, codes):
    """The labels that ``codes`` answer with yes, and those they leave unknown."""
    asked = task(name)
    (row,) = asked.targets([codes])
    yes = [label for label, value in zip(asked.label_names, row, strict=True) if value == 1]
    unknown = [label for label, value in zip(asked.label_names, row, strict=True) if math.isnan(value)]
    return yes, unknown


@pytest.mark.parametrize("name", task_names())
def test_every_task_survives_the_trip_through_json(name):
    assert documents.load(Task, documents.dump(task(name))) == task(name)


@pytest.mark.parametrize("name", task_names())
def test_no_code_means_two_labels_of_one_task(name):
    codes = [code for label in task(name).labels for code in label.codes | label.alone]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("name", task_names())
def test_every_label_is_answered_yes_by_each_of_its_own_codes(name):
    for label in task(name).labels:
        assert all(label.answer([code]) == 1 for code in label.codes | label.alone)


@pytest.mark.parametrize("name", task_names())
def test_a_record_without_codes_answers_nothing(name):
    assert np.isnan(task(name).targets([()])).all()


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["CPSC:RBBB", "CPSC:AF"], ["AF", "RBBB"]),
        (["SNOMED:164889003", "SNOMED:59118001", "SNOMED:164934002"], ["AF", "RBBB"]),
        (["SNOMED:713426002"], []),  # incomplete right bundle branch block
        (["SNOMED:164890007"], []),  # atrial flutter
        (["SNOMED:426783006"], ["Normal"]),
        (["SNOMED:426783006", "SNOMED:164934002"], []),  # sinus rhythm with an abnormal T wave
        (["SNOMED:284470004", "SNOMED:17338001"], ["PAC", "PVC"]),
        (["SCP:NORM", "SCP:SR", "SCP:PVC"], ["Normal", "PVC"]),
        (["SCP:CLBBB", "SCP:1AVB", "SCP:AFIB", "SCP:STD_"], ["AF", "I-AVB", "LBBB", "STD"]),
        (["SCP:IRBBB", "SCP:ILBBB"], []),
    ],
)
def test_the_nine_classes_are_found_in_every_vocabulary(codes, expected):
    assert answers("nine_class", codes)[0] == expected


def test_a_vocabulary_that_cannot_say_st_elevation_leaves_it_unknown():
    assert answers("nine_class", ["SCP:NORM"])[1] == ["STE"]
    assert answers("nine_class", ["CPSC:AF"])[1] == []
    assert answers("nine_class", ["SNOMED:164934002"])[1] == []
    assert answers("nine_class", ["LUDB:Sinus rhythm"])[1] == ["Normal", "STD", "STE"]


def test_superclasses_come_from_scp_statements_only():
    assert answers("ptbxl_superclass", ["SCP:LVH", "SCP:NDT", "SCP:SR"]) == (["STTC", "HYP"], [])
    assert answers("ptbxl_superclass", ["SCP:SR"]) == ([], [])
    assert len(answers("ptbxl_superclass", ["SNOMED:426783006"])[1]) == 5


def test_the_benchmarks_tasks_are_those_of_ptbxls_own_table(real_data):
    with (real_data / "ptb-xl" / "scp_statements.csv").open() as file:
        table = list(csv.DictReader(file))
    columns = {
        "all": lambda row: row[""],
        "diagnostic": lambda row: row["diagnostic"] and row[""],
        "subdiagnostic": lambda row: row["diagnostic_subclass"],
        "superdiagnostic": lambda row: row["diagnostic_class"],
        "form": lambda row: row["form"] and row[""],
        "rhythm": lambda row: row["rhythm"] and row[""],
    }
    sizes = {}
    for name, label_of in columns.items():
        asked = task(f"ptbxl_{name}")
        sizes[name] = len(asked.labels)
        assert set(asked.label_names) == {label_of(row) for row in table} - {""}
        for row in table:
            expected = [label_of(row)] if label_of(row) else []
            assert answers(asked.name, [f"SCP:{row['']}"])[0] == expected
    assert list(sizes.values()) == [71, 44, 23, 5, 19, 12]


def test_the_benchmarks_tasks_leave_out_records_that_have_none_of_their_labels():
    targets = task("ptbxl_superdiagnostic").targets([["SCP:SR"], ["SCP:SR", "SCP:NORM"], []])
    assert np.isnan(targets[[0, 2]]).all()
    np.testing.assert_array_equal(targets[1], [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(task("ptbxl_superclass").targets([["SCP:SR"]]), np.zeros((1, 5)))


@pytest.mark.parametrize("codes", [["SHAOXING:AF", "SHAOXING:RBBB"], ["SNOMED:164890007", "SNOMED:59118001"]])
def test_shaoxings_af_is_atrial_flutter(codes):
    assert answers("shaoxing_rhythm", codes)[0] == ["AFLT"]
    assert answers("shaoxing_rhythm_group", codes)[0] == ["AFIB or AFLT"]
    assert meaning("AFLT") == "atrial flutter"


def test_the_four_groups_hold_each_of_the_eleven_rhythms_once():
    eleven, four = task("shaoxing_rhythm"), task("shaoxing_rhythm_group")
    assert (len(eleven.labels), len(four.labels)) == (11, 4)
    for label in eleven.labels:
        for code in label.codes - {column_code(label.name)}:
            assert four.targets([[code]]).sum() == 1


def test_the_eighteen_classes_have_a_code_in_both_vocabularies():
    for label in task("verma_18").labels:
        codes = label.codes - {column_code(label.name)}
        assert sorted(code.partition(":")[0] for code in codes) == ["SCP", "SNOMED"]
    assert answers("verma_18", ["SNOMED:426783006"]) == answers("verma_18", [])
    assert answers("verma_18", ["SNOMED:266249003", "SNOMED:713427006"])[0] == ["CRBBB", "SEHYP"]


def test_every_label_of_a_registered_task_has_a_meaning():
    assert all(meaning(label) for name in task_names() for label in task(name).label_names)


def test_a_task_without_the_rule_of_one_label_is_written_as_before_the_rule_existed():
    assert "needs_positive" not in documents.dump(task("ptbxl_superclass"))
    assert '"needs_positive": true' in documents.dump(task("ptbxl_form"))


def test_a_recording_of_the_2017_challenge_has_exactly_one_rhythm():
    targets = task("cinc2017_rhythm").targets([[f"CINC2017:{name}"] for name in "NAO~"])
    np.testing.assert_array_equal(targets, np.eye(4))
    assert not task("cinc2017_rhythm").multilabel


def test_a_column_of_a_hospitals_own_file_is_a_label():
    asked = csv_task(["paced", "AF"])
    codes = [column_code("paced"), column_code("AF", False)]
    np.testing.assert_array_equal(asked.targets([codes]), [[1, 0]])


def test_an_empty_cell_leaves_only_its_own_column_unknown():
    targets = csv_task(["paced", "AF"]).targets([[column_code("AF", False)]])
    np.testing.assert_array_equal(targets, [[np.nan, 0]])


def test_a_column_named_like_a_class_answers_that_class():
    yes, unknown = answers("nine_class", [column_code("AF"), column_code("PVC", False)])
    assert yes == ["AF"]
    assert "PVC" not in unknown
    assert "RBBB" in unknown


@pytest.mark.parametrize("columns", [[], ["AF", "AF"], ["a:b"], [" "]])
def test_columns_that_make_no_task_are_refused(columns):
    with pytest.raises(ConfigError):
        csv_task(columns)


def test_a_doubled_task_name_is_an_error():
    with pytest.raises(ConfigError, match="two tasks"):
        register_task(Task("nine_class", "Another", (Label("x", frozenset({"X:x"})),)))


def test_an_unknown_task_names_those_there_are():
    with pytest.raises(ConfigError, match="nine_class"):
        task("ten_class")


def test_ptbxls_own_table_puts_every_diagnostic_statement_where_we_do(real_data):
    with (real_data / "ptb-xl" / "scp_statements.csv").open() as file:
        table = {row[""]: row["diagnostic_class"] for row in csv.DictReader(file) if row["diagnostic"]}
    assert len(table) == 44
    for code, superclass in table.items():
        assert answers("ptbxl_superclass", [f"SCP:{code}"])[0] == [superclass]


def test_label_counts_of_the_real_ptbxl_records_are_the_published_ones(real_data):
    tables = ("ptb-xl/ptbxl_database.csv", "ptb-xl-zscored/index.csv")
    codes = []
    for table in tables:
        with (real_data / table).open() as file:
            rows = csv.DictReader(file)
            codes += [[f"SCP:{code}" for code in ast.literal_eval(row["scp_codes"])] for row in rows]
    five = task("ptbxl_superclass").targets(codes).sum(axis=0)
    assert five.tolist() == [1307, 374, 642, 553, 254]
    nine = dict(
        zip(task("nine_class").label_names, task("nine_class").targets(codes).sum(axis=0), strict=True)
    )
    assert np.isnan(nine.pop("STE"))
    expected = {
        "AF": 147,
        "I-AVB": 87,
        "LBBB": 68,
        "Normal": 1307,
        "RBBB": 58,
        "PAC": 46,
        "PVC": 107,
        "STD": 139,
    }
    assert nine == expected
