"""The task ``statements``: narrower and broader statements, and what a source never says."""

import numpy as np
import pytest
from dataset_sources import ecg, written_store

from benchmarks.statement_counts import markdown, statement_counts
from ecgapp.datasets import DatasetStore, StoreManifest, label_counts
from ecgapp.datasets.membership import Membership
from ecgapp.evaluate.challenge.scored_labels import scored_labels
from ecgapp.records import LEADS
from ecgapp.storage import documents
from ecgapp.tasks import Task, column_code, task
from ecgapp.tasks.statement_task import STATEMENTS, statement_label
from ecgapp.tasks.statement_vocabulary import statement, vocabulary

RECORDS = [
    ("one", ("SCP:AFIB",)),
    ("one", ("SCP:AMI",)),
    ("one", ("SCP:NORM", "SCP:SR")),
    ("two", ("SCP:AFIB", "SCP:LAFB")),
    ("two", ("SCP:SR",)),
    ("two", ()),
]
SOURCES, CODES = zip(*RECORDS, strict=True)


def answered(targets, key, names=STATEMENTS.label_names):
    """The column of a label, unknown as None."""
    return [None if np.isnan(value) else int(value) for value in targets[:, names.index(key)]]


def answer(key, *codes):
    value = statement_label(key).answer(codes)
    return None if np.isnan(value) else int(value)


def test_a_narrower_statement_is_a_yes_to_every_broader_one():
    assert answer("MI", "SCP:ASMI") == 1
    assert answer("AFIB/AFLT", "SNOMED:314208002") == 1
    assert answer("LPR", "CPSC:I-AVB") == 1
    assert answer("MI", column_code("ASMI")) == 1


def test_a_broader_statement_leaves_narrower_ones_open():
    assert answer("AMI", "SNOMED:164865005") is None
    assert answer("AMI", "SNOMED:164865005", "SNOMED:54329005") == 1
    assert answer("AMI", "SNOMED:426783006") == 0
    assert answer("CLBBB", "SNOMED:6374002") is None
    assert answer("VCLVH", "SNOMED:164873001") == 0


def test_a_denied_narrower_column_denies_nothing_broader():
    assert answer("MI", column_code("ASMI", False)) is None
    assert answer("ASMI", column_code("ASMI", False)) == 0


def test_what_clinicians_keep_apart_does_not_answer_the_other():
    assert answer("CLBBB", "SCP:ILBBB") == 0
    assert answer("SBRAD", "SNOMED:426627000") is None
    assert answer("STE", "SNOMED:428417006") == 0
    assert answer("STE", "SCP:STE_") is None
    assert answer("MI", "SCP:INJAS") == 0


def test_a_statement_that_a_source_never_uses_is_unknown_there_and_not_absent():
    targets = STATEMENTS.targets(CODES, SOURCES)
    assert answered(targets, "AFIB") == [1, 0, 0, 1, 0, None]
    assert answered(targets, "LAFB") == [None, None, None, 1, 0, None]
    assert answered(targets, "MI") == [0, 1, 0, None, None, None]
    assert answered(targets, "IRBBB") == [None] * 6


def test_the_statements_that_a_source_uses_are_those_one_of_its_records_has():
    used = STATEMENTS.used_labels(CODES, SOURCES)
    assert used == {
        "one": {"AFIB", "AFIB/AFLT", "SVARR", "AMI", "MI", "NORM", "SR"},
        "two": {"AFIB", "AFIB/AFLT", "SVARR", "LAFB", "SR"},
    }
    assert STATEMENTS.used_labels([], []) == {}


def test_targets_follow_their_records_into_any_order():
    order = np.array([4, 0, 5, 2, 1, 3])
    shuffled = STATEMENTS.targets([CODES[k] for k in order], [SOURCES[k] for k in order])
    np.testing.assert_array_equal(shuffled, STATEMENTS.targets(CODES, SOURCES)[order])


def test_without_sources_all_records_are_of_one():
    targets = STATEMENTS.targets(CODES)
    np.testing.assert_array_equal(targets, STATEMENTS.targets(CODES, ["same"] * len(CODES)))
    assert answered(targets, "LAFB") == [0, 0, 0, 1, 0, None]


def test_a_no_in_a_hospitals_own_column_is_known_even_if_no_record_has_a_yes():
    targets = STATEMENTS.targets([[column_code("LAFB", False)], [column_code("AFIB")]], ["own", "own"])
    assert answered(targets, "LAFB") == [0, None]
    assert answered(targets, "AFIB") == [None, 1]


def test_no_records_have_no_targets():
    assert STATEMENTS.targets([], []).shape == (0, len(STATEMENTS.labels))


def test_other_tasks_are_answered_as_before_whatever_the_source_says():
    nine = task("nine_class")
    np.testing.assert_array_equal(nine.targets(CODES, SOURCES), nine.targets(CODES))
    assert answered(nine.targets(CODES, SOURCES), "PVC", nine.label_names) == [0, 0, 0, 0, 0, None]


def test_a_saved_task_gives_the_same_targets_and_others_are_written_as_before():
    saved = documents.load(Task, documents.dump(STATEMENTS))
    np.testing.assert_array_equal(saved.targets(CODES, SOURCES), STATEMENTS.targets(CODES, SOURCES))
    for name in ("by_source", "narrower", "broader"):
        assert name not in documents.dump(task("nine_class"))


def test_technical_statements_are_no_labels():
    assert all(statement(key).group != "technical" for key in STATEMENTS.label_names)
    assert set(STATEMENTS.label_names) <= set(vocabulary())


@pytest.fixture
def store(tmp_path):
    """The records above in folds 1 to 6."""
    manifest = StoreManifest("mixed", "folder", 500.0, tuple(LEADS), "mV", "none")
    with written_store(tmp_path / "mixed", manifest) as part:
        for k, (source, codes) in enumerate(RECORDS):
            part.add(ecg(k), Membership(f"t/{k}", f"p{k}", k + 1, codes, source))
    return DatasetStore.open(tmp_path / "mixed")


def test_targets_in_a_store_do_not_depend_on_the_rows_that_are_asked_for(store):
    every = store.targets(STATEMENTS)
    np.testing.assert_array_equal(every, STATEMENTS.targets(CODES, SOURCES))
    for row in range(len(store)):
        np.testing.assert_array_equal(store.targets(STATEMENTS, np.array([row])), every[[row]])


def test_counts_of_labels_in_a_store_leave_out_what_a_source_never_says(store):
    counts = [count for count in label_counts(store, STATEMENTS) if count.label == "LAFB"]
    assert sum(count.n_positive for count in counts) == 1
    assert sum(count.n_known for count in counts) == 2


def test_the_table_of_counts_adds_up_to_the_records_of_each_source(store):
    counts = statement_counts([store, store], STATEMENTS)
    assert {source: count.sum(axis=0).tolist() for source, count in counts.items()} == {
        "one": [6] * len(STATEMENTS.labels),
        "two": [6] * len(STATEMENTS.labels),
    }
    assert "| LAFB | left anterior fascicular block | 2 | 0 / 0 / 6 | 2 / 2 / 2 |" in markdown(
        STATEMENTS, counts
    )


def test_the_challenge_scores_a_statement_unless_it_also_follows_of_another_class():
    scored = scored_labels(STATEMENTS)
    assert {"AFIB", "PAC", "PVC", "CRBBB", "LAFB", "1AVB"} <= set(scored.scored)
    assert {"LPR", "TAB", "BRADY", "MI", "STD"} <= set(scored.unscored)
