"""Reviews become training labels: what is exported is what the importer of folders takes."""

import csv
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from dataset_sources import ecg
from review_events import A, N, P, answers, event

from ecgapp.__main__ import main
from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, ImportOptions, import_dataset, store_tasks
from ecgapp.errors import ReviewError
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.records.archive import Archive
from ecgapp.reviews import EventKind, Journal, ReviewAnswer, export_reviews, packed_reviews
from ecgapp.reviews.label_export import GONE, NO_VOLTS, UNCONFIRMED, UNJUDGED
from ecgapp.reviews.review_journal import _INSERT, _values
from ecgapp.tasks import csv_task
from ecgapp.tasks.statement_task import STATEMENTS

LABELS = {0: {"AF": P, "PVC": A}, 1: {"AF": A, "PVC": N}, 2: {"AF": A, "PVC": P}}


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "home")


def reviewed(settings, record, states, keep=True, statements=(), confirmed=()):
    """Let a reader decide on ``record``, and keep it to train on; ``confirmed`` are answers to confirm."""
    journal, key = Journal(settings), fingerprint(record)
    if confirmed:
        journal.add(event(EventKind.CONFIRMED, record=key, answers=confirmed))
    else:
        journal.add(event(EventKind.EDITED, record=key, answers=answers(**states), statements=statements))
    if keep:
        Archive(settings).keep(record)
        journal.add(event(EventKind.KEPT, record=key))
    return key


@pytest.fixture
def hospital(settings):
    """Three reviewed ECGs that were kept, and one that was not."""
    for seed, states in LABELS.items():
        reviewed(settings, ecg(seed, codes=("SNOMED:164889003",)), states)
    reviewed(settings, ecg(3), {"AF": P}, keep=False)
    return settings


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_reviews_become_labels_that_a_task_of_the_csv_finds_after_an_import(hospital, tmp_path):
    folder = tmp_path / "export"
    assert export_reviews(folder, hospital).n_records == 3
    report = import_dataset("folder", folder, tmp_path / "stores" / "reviewed", ImportOptions())
    assert (report.read, report.n_refused) == (3, 0)
    store = DatasetStore.open(tmp_path / "stores" / "reviewed")
    task = csv_task(store.manifest.label_columns)
    assert set(task.label_names) == {"AF", "PVC"}
    found = task.targets(store.codes())
    columns = [task.label_names.index(label) for label in ("AF", "PVC")]
    rows = {tuple(np.nan_to_num(row[columns], nan=-1)) for row in found}
    assert rows == {(1.0, 0.0), (0.0, -1.0), (0.0, 1.0)}
    assert "nine_class" in [asked.name for asked in store_tasks(store)]


def test_the_ecgs_come_back_to_the_microvolt(hospital, tmp_path):
    export_reviews(tmp_path / "export", hospital)
    import_dataset("folder", tmp_path / "export", tmp_path / "stores" / "s", ImportOptions())
    store = DatasetStore.open(tmp_path / "stores" / "s")
    kept = [ecg(seed).signal for seed in LABELS]
    for row in range(3):
        signal = store.record(row).signal
        assert min(float(np.abs(signal - one).max()) for one in kept) < 0.002


def test_an_export_holds_no_other_codes_and_names_records_by_their_fingerprint(hospital, tmp_path):
    export_reviews(tmp_path / "export", hospital)
    headers = sorted((tmp_path / "export" / "records").glob("*.hea"))
    assert {path.stem for path in headers} == {f"ecg-{fingerprint(ecg(seed))[:16]}" for seed in LABELS}
    assert not any("Dx" in path.read_text() for path in headers)
    rows = table((tmp_path / "export" / "labels.csv").read_text())
    assert all(row["record"] == row["patient"] for row in rows)


def test_what_cannot_be_exported_is_left_out_and_counted(hospital, tmp_path):
    gone = reviewed(hospital, ecg(4), {"AF": P})
    Archive(hospital).delete(gone)
    reviewed(hospital, replace(ecg(5), units="z-score"), {"AF": P})
    key = reviewed(hospital, ecg(6), {"AF": P})
    Journal(hospital).add(event(EventKind.REOPENED, record=key))
    exported = export_reviews(tmp_path / "export", hospital)
    assert exported.n_records == 3
    assert exported.left_out == {GONE: 1, NO_VOLTS: 1, UNCONFIRMED: 1}


def test_what_nobody_judged_is_unknown_after_an_import_and_never_absent(settings, tmp_path):
    """Of nine classes the reader confirmed the one that the model found."""
    confirmed = (*answers(AF=P), *answers(0.1, **dict.fromkeys(("Normal", "PVC", "STE"), N)))
    reviewed(settings, ecg(0), {}, confirmed=confirmed)
    reviewed(settings, ecg(1), {"STE": A, "AF": N})
    export_reviews(tmp_path / "export", settings)
    import_dataset("folder", tmp_path / "export", tmp_path / "stores" / "s", ImportOptions())
    store = DatasetStore.open(tmp_path / "stores" / "s")
    (asked,) = (asked for asked in store_tasks(store) if asked.name == "nine_class")
    targets = asked.targets(store.codes())
    judged = {(row, asked.label_names[column]) for row, column in np.argwhere(~np.isnan(targets))}
    assert sorted(label for _, label in judged) == ["AF", "STE"]
    assert sorted(targets[~np.isnan(targets)]) == [0.0, 1.0]


def test_a_record_of_which_nothing_was_judged_is_left_out(settings, tmp_path):
    key = reviewed(settings, ecg(0), {"AF": P})
    reviewed(settings, ecg(1), {"AF": N}, statements=("LVH",))
    unjudged = event(EventKind.EDITED, record=key, answers=answers(AF=N), statements=("LVH",))
    Journal(settings).add(unjudged)
    Journal(settings).add(replace(unjudged, answers=answers(AF=P), statements=()))
    assert export_reviews(tmp_path / "one", settings).left_out == {}
    _write_as_an_older_version(settings, replace(unjudged, statements=()))
    assert export_reviews(tmp_path / "two", settings).left_out == {UNJUDGED: 1}


def _write_as_an_older_version(settings, told):
    """Into the journal past its refusals: an event that only an older version of the app let through."""
    journal = Journal(settings)
    with journal.database.write() as connection:
        connection.execute(_INSERT, _values(told))


def test_withdrawn_answers_do_not_come_back_as_labels_with_a_decision_on_another_task(settings, tmp_path):
    key = reviewed(settings, ecg(0), {"AF": P})
    Journal(settings).add(event(EventKind.REOPENED, record=key))
    decided = (ReviewAnswer("superclass", "MI", A, 0.9, 0.5),)
    Journal(settings).add(event(EventKind.EDITED, record=key, answers=decided))
    assert export_reviews(tmp_path / "export", settings).columns == ("MI",)


def test_a_label_that_begins_like_a_formula_is_none_in_the_label_file(settings, tmp_path):
    reviewed(settings, ecg(0), {"AF": P}, statements=("=1+1",))
    export_reviews(tmp_path / "export", settings)
    (row,) = table((tmp_path / "export" / "labels.csv").read_text())
    assert row["'=1+1"] == "1"


def test_what_is_no_longer_kept_is_not_exported(hospital, tmp_path):
    Journal(hospital).add(event(EventKind.FORGOTTEN, record=fingerprint(ecg(0))))
    assert export_reviews(tmp_path / "export", hospital).n_records == 2


def test_statements_of_the_readers_own_are_columns_with_ones(settings, tmp_path):
    reviewed(settings, ecg(0), {"AF": P}, statements=("LVH: voltage", "fold", "AF"))
    exported = export_reviews(tmp_path / "export", settings)
    assert exported.columns == ("AF", "LVH voltage", "stated AF", "stated fold")
    (row,) = table((tmp_path / "export" / "labels.csv").read_text())
    assert (row["LVH voltage"], row["stated fold"]) == ("1", "1")
    report = import_dataset("folder", tmp_path / "export", tmp_path / "stores" / "s", ImportOptions())
    assert report.read == 1


def test_a_statement_of_the_vocabulary_keeps_its_key_as_column_and_its_codes_in_a_table(settings, tmp_path):
    reviewed(settings, ecg(0), {"AF": P}, statements=("LAFB", "STEMI", "held by hand"))
    reviewed(settings, ecg(1), {"AF": A}, statements=("LAFB",))
    exported = export_reviews(tmp_path / "export", settings)
    assert exported.columns == ("AF", "LAFB", "STEMI", "held by hand")
    rows = table((tmp_path / "export" / "statements.csv").read_text())
    assert [row["column"] for row in rows] == ["LAFB", "STEMI"]
    assert rows[0]["name"] == "left anterior fascicular block"
    assert rows[0]["codes"].split("; ") == ["SCP:LAFB", "SNOMED:445118002", "LUDB:Left anterior hemiblock"]
    assert rows[1]["codes"] == ""


def test_an_exported_statement_answers_the_task_statements_after_an_import(settings, tmp_path):
    reviewed(settings, ecg(0), {"AF": P}, statements=("AMI", "LAFB"))
    reviewed(settings, ecg(1), {"AF": A}, statements=("held by hand",))
    export_reviews(tmp_path / "export", settings)
    import_dataset("folder", tmp_path / "export", tmp_path / "stores" / "s", ImportOptions())
    targets = DatasetStore.open(tmp_path / "stores" / "s").targets(STATEMENTS)
    yes = {STATEMENTS.label_names[column] for _, column in np.argwhere(targets == 1)}
    assert yes == {"AMI", "MI", "LAFB"}
    assert not (targets == 0).any()  # what a reader does not state is unknown, not absent


def test_a_statement_named_like_a_judged_label_keeps_its_codes_beside_its_column(settings, tmp_path):
    reviewed(settings, ecg(0), {"PVC": N, "AF": P}, statements=("PVC",))
    export_reviews(tmp_path / "export", settings)
    (row,) = table((tmp_path / "export" / "statements.csv").read_text())
    assert (row["column"], row["statement"]) == ("stated PVC", "PVC")


def test_a_folder_that_holds_something_is_refused(hospital, tmp_path):
    with pytest.raises(ReviewError, match="not empty"):
        export_reviews(tmp_path, hospital)


def test_the_zip_holds_the_same_files_and_leaves_nothing_behind(hospital, tmp_path):
    export_reviews(tmp_path / "export", hospital)
    with zipfile.ZipFile(io.BytesIO(packed_reviews(hospital))) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "export" / name).read_bytes()
        assert len(archive.namelist()) == 9
    assert not list(hospital.uploads.iterdir())


def test_a_zip_for_which_there_is_no_room_is_refused_in_a_sentence(hospital):
    hospital.uploads.parent.mkdir(parents=True, exist_ok=True)
    hospital.uploads.write_bytes(b"a file in the way")
    with pytest.raises(ReviewError, match="disk is not full"):
        packed_reviews(hospital)


def test_the_command_line_lists_exports_and_tells_the_trail(hospital, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: hospital)
    assert main(["reviews", "list"]) == 0
    out = capsys.readouterr().out
    assert out.count("edited by AB") == 4
    assert main(["reviews", "export", str(tmp_path / "export")]) == 0
    assert "Exported 3 reviewed ECGs with the labels AF, PVC." in capsys.readouterr().out
    assert main(["reviews", "audit", str(tmp_path / "audit.csv")]) == 0
    assert len(table((tmp_path / "audit.csv").read_text())) == 7
    assert main(["reviews", "export", str(tmp_path / "export")]) == 1
    assert "not empty" in capsys.readouterr().err


def test_without_reviews_the_list_says_so(settings, monkeypatch, capsys):
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: settings)
    assert main(["reviews", "list"]) == 0
    assert "No ECG has been reviewed" in capsys.readouterr().out


def test_a_record_with_missing_samples_and_few_leads_is_exported_as_it_is(settings, tmp_path):
    signal = np.ones((2, 500), np.float32)
    signal[0, 10:20] = np.nan
    reviewed(settings, ECGRecord("x", signal, 250.0, ("I", "II")), {"AF": P})
    assert export_reviews(tmp_path / "export", settings).n_records == 1
