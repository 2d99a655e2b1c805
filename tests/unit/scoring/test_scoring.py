"""Archives are scored in parts: each once, whole, by the models that the plan names."""

import errno
import os
import shutil
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import tiny_models
from archives import MODEL, contents, order, scored, write_archive
from worklists import ecg, small_home

from ecgapp.analysis import available_models, find, open_model
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.outcomes import REFUSED, SCORED, WITHHELD
from ecgapp.datasets import import_dataset
from ecgapp.errors import EcgAppError, ScoringError
from ecgapp.models import save_model
from ecgapp.records import read_record, write_wfdb
from ecgapp.scoring import chunk_pool, chunk_scorer, collect, open_source, part_scoring, scoring_plan
from ecgapp.scoring.chunk_scorer import Chunk, ScoredRecord
from ecgapp.scoring.score_table import UNREADABLE
from ecgapp.scoring.scoring_plan import number_of_parts
from ecgapp.storage.lock import claimed

N, CHUNK = 13, 2  # records, and records in a chunk: 7 chunks in 7 parts


class StopError(Exception):
    """Whatever ends a scoring."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    for module in (scoring_plan, part_scoring):
        monkeypatch.setattr(module, "CHUNK_RECORDS", CHUNK)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return small_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("archive"), N)


@pytest.fixture(scope="module")
def whole(archive, settings, tmp_path_factory):
    """The output folder of an archive that was scored without an interruption; only read."""
    out = tmp_path_factory.mktemp("whole") / "scores"
    with pytest.MonkeyPatch.context() as patched:
        for module in (scoring_plan, part_scoring):
            patched.setattr(module, "CHUNK_RECORDS", CHUNK)
        scored(archive, out, settings)
    return out


def table_of(out, settings):
    """All rows of the output folder's table, as dicts."""
    source = order_of(out, settings)
    collect(source.plan, out, source.card)
    return pq.read_table(out / "scores.parquet").to_pylist()


def order_of(out, settings):
    """An order for the plan that lies in ``out``, whatever its source."""
    card = available_models(settings)[MODEL]
    return part_scoring.ScoringOrder(scoring_plan._read(out), out, (), card, None, 1)


def collected(out, settings):
    wanted = order_of(out, settings)
    return collect(wanted.plan, out, wanted.card)


def test_each_record_has_one_row_with_the_answers_that_it_has_alone(archive, whole, settings):
    rows = table_of(whole, settings)
    names = {row["record"]: row["name"] for row in pq.read_table(whole / "records.parquet").to_pylist()}
    model = open_model(MODEL, settings)
    assert [row["record"] for row in rows] == list(range(1, N + 1))
    assert sorted(names.values()) == sorted(f"ward-{k % 2}/r{k:03d}" for k in range(N))
    for row in (rows[0], rows[-1]):
        alone = find(read_record([archive / f"{names[row['record']]}.hea"]), model)
        for finding in alone.rows:
            assert row[f"probability_{finding.label}"] == pytest.approx(finding.probability, abs=1e-6)
            assert row[f"threshold_{finding.label}"] == finding.threshold
        assert row["labels"] == [finding.label for finding in alone.rows if finding.positive]
        assert (row["state"], row["reason"], row["model"]) == (SCORED, None, MODEL)
        assert (row["model_sha256"], row["duration_s"]) == (model.card.sha256, 4.0)


def test_no_file_that_can_be_given_away_holds_a_name_from_the_archive(archive, whole, settings):
    collected(whole, settings)
    for path in [*whole.glob("*.json"), whole / "scores.parquet", *(whole / "parts").iterdir()]:
        assert b"ward-" not in path.read_bytes()
        assert str(archive).encode() not in path.read_bytes()
    assert not (whole / "records.parquet").stat().st_mode & 0o077


def test_what_cannot_be_scored_has_a_row_with_the_reason(settings, tmp_path, monkeypatch):
    folder = tmp_path / "archive"
    write_wfdb(ecg(1, 4.0), folder, "a-good")
    write_wfdb(replace(ecg(2, 4.0), signal=ecg(2, 4.0).signal[:1], leads=("V1",)), folder, "b-one-lead")
    write_wfdb(ecg(3, 4.0), folder, "c-cut")
    (folder / "c-cut.dat").write_bytes(b"\0" * 100)
    write_wfdb(ecg(4, 4.0), folder, "d-breaks")
    (folder / "e-notes.txt").write_text("no ECG")
    breaking = read_record([folder / "d-breaks.hea"]).signal
    original = chunk_scorer.score

    def score(ecgs, model):
        if any(np.array_equal(one.record.signal, breaking) for one in ecgs):
            raise ZeroDivisionError
        return original(ecgs, model)

    monkeypatch.setattr(chunk_scorer, "score", score)
    scored(folder, tmp_path / "out", settings)
    rows = table_of(tmp_path / "out", settings)
    states = [row["state"] for row in rows]
    assert states == [SCORED, WITHHELD, UNREADABLE, REFUSED, UNREADABLE]
    assert "no lead" in rows[1]["reason"]
    assert rows[3]["reason"].startswith("Scoring it broke down")
    for row in rows[1:]:
        assert row["reason"].endswith(".")
        assert (row["labels"], row["probability_AF"]) == ([], None)
    assert [row["fingerprint"] is None for row in rows] == [False, False, True, False, True]
    summary = collected(tmp_path / "out", settings)
    assert summary.states == {UNREADABLE: 2, WITHHELD: 1, REFUSED: 1, SCORED: 1}
    assert sum(summary.reasons.values()) == 4
    assert set(summary.labels) == {finding.label for finding in _labels(settings)}


def _labels(settings):
    return find(ecg(1, 10.0), open_model(MODEL, settings)).rows


def test_critical_findings_and_remarks_stand_in_the_row(settings, tmp_path, monkeypatch):
    alarm = CriticalFinding(CriticalKind.PAUSE, "a pause", ("II",), 1.0, 4.5, "3.5 s.", "Noise.", "ours")
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.critical", lambda ecg: (alarm,))
    signal = ecg(1, 10.0).signal.copy()
    signal[11] = 0.0
    write_wfdb(replace(ecg(1, 10.0), signal=signal), tmp_path / "archive", "r")
    scored(tmp_path / "archive", tmp_path / "out", settings)
    (row,) = table_of(tmp_path / "out", settings)
    (finding,) = row["critical"]
    assert finding["kind"] == "pause"
    assert finding["sentence"] == "Read this ECG now: a pause."
    assert (finding["leads"], finding["start_s"], finding["end_s"]) == (["II"], 1.0, 4.5)
    assert row["judgement"][0]["severity"] == "critical"
    assert "No signal in V6." in row["remarks"]
    assert collected(tmp_path / "out", settings).critical == {"pause": 1}


def test_parts_have_about_a_thousand_records_and_small_archives_can_be_shared_out_too():
    sizes = {1: 1, 2 * CHUNK: 2, 1_000: 8, 8_000: 8, 21_799: 22, 1_000_000: 1_000}
    assert {n: number_of_parts(n) for n in sizes} == sizes


def test_shares_score_every_part_once_and_together_are_the_whole(archive, whole, settings, tmp_path):
    out = tmp_path / "scores"
    reports = [scored(archive, out, settings, (place, 3)) for place in (1, 2, 3)]
    assert sum(report.n_records for report in reports) == N
    assert [report.n_before for report in reports] == [0, 0, 0]
    assert contents(out) == contents(whole)
    assert (out / "plan.json").read_bytes() == (whole / "plan.json").read_bytes()


def written_parts(out):
    """When and as which file each part was written; a new file may get the number of a deleted one."""
    states = {path.name: path.stat() for path in (out / "parts").iterdir()}
    return {name: (state.st_ino, state.st_mtime_ns) for name, state in states.items()}


def test_a_finished_part_is_skipped_and_a_damaged_one_is_scored_again(archive, whole, settings, tmp_path):
    out = tmp_path / "scores"
    shutil.copytree(whole, out)
    before = written_parts(out)
    (out / "parts" / "part-00001.parquet").write_bytes(b"PAR1")
    (out / "parts" / "part-00002.parquet").unlink()
    told = []
    report = scored(archive, out, settings, follow=lambda done, total: told.append((done, total)))
    after = written_parts(out)
    again = {name for name in after if after[name] != before[name]}
    assert again == {"part-00001.parquet", "part-00002.parquet"}
    assert (report.n_scored, report.n_before) == (2, len(before) - 2)
    assert told[-1] == (N, N)
    assert contents(out) == contents(whole)


def test_an_interrupted_scoring_leaves_whole_parts_only_and_goes_on(archive, whole, settings, tmp_path):
    out = tmp_path / "scores"

    def stop(done, total):
        if done >= 6:
            raise StopError

    with pytest.raises(StopError):
        scored(archive, out, settings, follow=stop)
    left = contents(out)
    assert 0 < len(left) < len(contents(whole))
    assert left.items() <= contents(whole).items()
    missing = collected(out, settings).missing
    assert len(missing) == len(contents(whole)) - len(left)
    assert scored(archive, out, settings).n_before == len(left)
    assert contents(out) == contents(whole)


def test_what_a_kill_left_of_a_part_is_removed(archive, whole, settings, tmp_path):
    out = tmp_path / "scores"
    shutil.copytree(whole, out)
    (out / "parts" / "part-00000.parquet").unlink()
    (out / "parts" / ".part-00000.parquet.abc.unfinished").write_bytes(b"half")
    scored(archive, out, settings)
    assert contents(out) == contents(whole)


def test_a_part_of_another_process_is_left_to_it(archive, whole, settings, tmp_path):
    out = tmp_path / "scores"
    shutil.copytree(whole, out)
    part = out / "parts" / "part-00003.parquet"
    part.unlink()
    with claimed(part):
        report = scored(archive, out, settings)
        assert (report.n_elsewhere, report.complete, part.exists()) == (1, False, False)
    assert scored(archive, out, settings).complete
    assert contents(out) == contents(whole)


def test_the_table_of_a_part_of_the_parts_says_which_are_missing(archive, whole, settings, tmp_path):
    out = tmp_path / "scores"
    shutil.copytree(whole, out)
    first = collected(out, settings)
    both = (out / "scores.parquet").read_bytes(), (out / "summary.json").read_bytes()
    assert (first.missing, first.n_collected) == ((), N)
    (out / "parts" / "part-00002.parquet").unlink()
    assert collected(out, settings).missing == (2,)
    assert len(pq.read_table(out / "scores.parquet")) == N - CHUNK
    scored(archive, out, settings)
    collected(out, settings)
    assert ((out / "scores.parquet").read_bytes(), (out / "summary.json").read_bytes()) == both


@pytest.mark.parametrize("change", ["added", "gone", "touched"])
def test_a_changed_source_is_refused(archive, settings, tmp_path, change):
    own, out = tmp_path / "archive", tmp_path / "scores"
    shutil.copytree(archive, own)
    order(own, out, settings)
    header = own / "ward-0" / "r000.hea"
    if change == "added":
        shutil.copy(header, own / "another.hea")
    elif change == "gone":
        header.unlink()
    else:
        os.utime(header, ns=(0, 0))
    with pytest.raises(ScoringError, match="records have changed"):
        order(own, out, settings)


def test_a_file_that_changes_under_way_ends_the_scoring(archive, settings, tmp_path):
    own, out = tmp_path / "archive", tmp_path / "scores"
    shutil.copytree(archive, own)
    wanted = order(own, out, settings)
    (own / "ward-1" / "r011.dat").write_bytes(b"short")
    with pytest.raises(ScoringError, match="records have changed"):
        part_scoring.score_parts(wanted, lambda done, total: None)


def test_other_models_than_those_of_the_plan_are_refused(archive, settings, tmp_path):
    home, out = tmp_path / "home", tmp_path / "scores"
    own = small_home(home)
    order(archive, out, own)
    save_model(own.weights, tiny_models.ventricular())
    with pytest.raises(ScoringError, match="other models for the gate"):
        order(archive, out, own)
    shutil.rmtree(home)
    own = replace(own)
    save_model(own.weights, *tiny_models.classifier(thresholds=(0.25,) * 9))
    with pytest.raises(ScoringError, match="another model"):
        order(archive, out, own)


def test_unsuitable_output_folders_are_refused(archive, settings, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(ScoringError, match="other files"):
        order(archive, tmp_path / "mine", settings)
    for inside in (archive, archive / "scores"):
        with pytest.raises(ScoringError, match="inside"):
            order(archive, inside, settings)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoringError, match="no records"):
        order(tmp_path / "empty", tmp_path / "out", settings)
    with pytest.raises(ScoringError, match="no folder and no data set"):
        order(tmp_path / "nowhere", tmp_path / "out", settings)


def test_the_records_of_a_data_set_are_scored_in_the_order_of_their_import(archive, settings, tmp_path):
    import_dataset("folder", archive, settings.stores / "ward")
    out = tmp_path / "scores"
    scored("ward", out, settings)
    rows = table_of(out, settings)
    names = [row["name"] for row in pq.read_table(out / "records.parquet").to_pylist()]
    store = open_source("ward", settings).store
    assert names == store.record_ids()
    assert [row["state"] for row in rows] == [SCORED] * N
    alone = find(store.record(3), open_model(MODEL, settings))
    assert rows[3][f"probability_{alone.rows[0].label}"] == pytest.approx(alone.rows[0].probability, abs=1e-6)
    (shard,) = store.manifest.shards
    (store.path / shard.signals).write_bytes(bytes(10))
    with pytest.raises(EcgAppError, match="damaged"):
        scored("ward", tmp_path / "again", settings)


class _Processes:
    """Processes that are lost whenever they score the record 7; the others are scored in this one."""

    def __init__(self, setup, workers):
        self._scorer = setup.scorer()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def submit(self, chunk: Chunk) -> Future[list[ScoredRecord]]:
        future: Future[list[ScoredRecord]] = Future()
        if 7 in [record.number for record in chunk.records]:
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(self._scorer.score(chunk))
        return future


def test_a_record_that_ends_its_process_is_refused_and_no_other(
    archive, settings, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(chunk_pool, "ScorerProcesses", _Processes)
    assert scored(archive, tmp_path / "scores", settings, workers=2).complete
    rows, others = table_of(tmp_path / "scores", settings), table_of(whole, settings)
    assert [row["record"] for row in rows] == list(range(1, N + 1))
    assert [row["record"] for row in rows if row["state"] != SCORED] == [7]
    assert "ended its process twice" in rows[6]["reason"]
    assert [row["labels"] for row in rows if row["record"] != 7] == [
        row["labels"] for row in others if row["record"] != 7
    ]


def test_where_every_process_is_lost_no_record_is_blamed(archive, settings, tmp_path, monkeypatch):
    class Lost(_Processes):
        def submit(self, chunk):
            future = Future()
            future.set_exception(BrokenProcessPool())
            return future

    monkeypatch.setattr(chunk_pool, "ScorerProcesses", Lost)
    with pytest.raises(ScoringError, match="fewer --workers"):
        scored(archive, tmp_path / "scores", settings, workers=2)
    assert contents(tmp_path / "scores") == {}


def test_a_scorer_gives_the_same_rows_for_the_same_chunk(archive, settings):
    setup = chunk_pool.ScorerSetup(open_source(str(archive), settings), MODEL, settings)
    chunk = Chunk(0, 0, tuple(setup.source.listed())[:5])
    assert setup.scorer().score(chunk) == setup.scorer().score(chunk)


def test_a_full_disk_ends_the_scoring_in_a_sentence_and_leaves_no_half_part(
    archive, settings, tmp_path, monkeypatch
):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    wanted = order(archive, tmp_path / "scores", settings)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ScoringError, match="disk is not full"):
            part_scoring.score_parts(wanted, lambda done, total: None)
        with pytest.raises(ScoringError, match="disk is not full"):
            order(archive, tmp_path / "others", settings)
    assert contents(tmp_path / "scores") == {}
    assert scored(archive, tmp_path / "scores", settings).complete
