"""``python -m ecgapp models``: lists, tells the history, carries, promotes and rolls back."""

import pytest
import tiny_models
from run_processes import set_columns
from small_training import FINETUNING

from ecgapp import __main__
from ecgapp.analysis import open_model
from ecgapp.config import Settings
from ecgapp.jobs import RunStore
from ecgapp.models import save_model
from ecgapp.storage import documents

WHO = ("--by", "Ada", "--reason", "better on our own patients")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """One shipped model, "ward"."""
    alone = Settings(tmp_path / "home", tmp_path / "shipped")
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: alone)
    save_model(alone.shipped_weights, *tiny_models.classifier("ward"))
    return alone


@pytest.fixture
def models(settings, capsys):
    def command(*words: object) -> tuple[int, str, str]:
        code = __main__.main(["models", *[str(word) for word in words]])
        return code, *capsys.readouterr()

    return command


def finished_run(settings):
    runs = RunStore(settings.runs)
    run = runs.create("trained", "finetune", "cpu", documents.dump(FINETUNING))
    set_columns(runs, run.id, state="finished")
    model, known = tiny_models.classifier("trained", thresholds=(0.9,) * 9)
    model.network.head[1].bias += 1.0
    save_model(runs.folder(run.id) / "result", model, known)
    return run.id


def test_the_list_shows_what_is_in_use_with_its_hash_and_figures(models, settings):
    code, out, _ = models()
    row = out.splitlines()[1]
    card = open_model("ward", settings).card
    assert code == 0
    assert row.startswith("ward  nine_class")
    for told in (
        card.sha256[:12],
        "shipped",
        f"Macro AUROC {card.validation.macro_auroc.value:.3f} (",
        "200",
    ):
        assert told in row


def test_a_model_with_something_against_it_is_promoted_only_by_its_name(models, settings):
    run = finished_run(settings)
    for despite in ((), ("--despite", "other")):
        code, out, err = models("promote", run, "night", *despite, *WHO)
        assert (code, out) == (1, "")
        assert "Fewer than 30 of its validation records have STE (2)" in err
        assert err.endswith("type its name: night.\n")
    assert models("promote", run, "night", "--despite", "night", *WHO)[0] == 0


def test_what_speaks_against_an_imported_or_former_model_is_told(models, settings, tmp_path):
    shipped = open_model("ward", settings).card.sha256
    file = tmp_path / "ward.zip"
    assert models("export", "ward", file)[0] == 0
    assert "Although: Fewer than 30" in models("import", file, *WHO)[1]
    models("promote", finished_run(settings), "ward", "--despite", "ward", *WHO)
    assert "Although: Fewer than 30" in models("roll-back", "ward", shipped, *WHO)[1]


def test_a_promotion_and_a_roll_back_are_told_by_list_and_history(models, settings):
    shipped = open_model("ward", settings).card.sha256
    assert models("history")[1] == "No model was changed yet.\n"
    code, out, _ = models("promote", finished_run(settings), "ward", "--despite", "ward", *WHO)
    assert (code, open_model("ward", settings).card.thresholds) == (0, (0.9,) * 9)
    assert "in use now" in out
    assert "promoted" in models()[1]
    assert models("remove", "ward", "--by", "Ben", "--reason", "false alarms")[0] == 0
    assert open_model("ward", settings).card.thresholds == (0.5,) * 9
    lines = models("history", "ward")[1].splitlines()[1:]
    assert [("removed" in line, "promoted" in line) for line in lines] == [(True, False), (False, True)]
    assert lines[0].endswith("false alarms")
    code, _, err = models("roll-back", "ward", shipped[:12], *WHO)
    assert code == 1
    assert "in use already" in err


def test_a_model_is_carried_by_a_file(models, settings, tmp_path):
    file = tmp_path / "ward.ecgapp-model.zip"
    assert models("export", "ward", file)[0] == 0
    code, out, _ = models("import", file, "--name", "night", *WHO)
    sha256 = open_model("ward", settings).card.sha256
    assert (code, out.splitlines()[0]) == (0, f"night is in use now, sha256 {sha256}.")
    assert "imported" in models()[1]
    code, _, err = models("import", tmp_path / "nothing.zip", *WHO)
    assert (code, str(tmp_path) in err) == (1, False)
    file.write_bytes(b"PK")
    assert models("import", file, *WHO)[2].startswith("This file is no model bundle")


def test_an_old_version_is_deleted_with_what_it_frees(models, settings):
    save_model(settings.weights, *tiny_models.classifier("night", thresholds=(0.3,) * 9))
    old = open_model("night", settings).card.sha256
    assert "cannot be deleted" in models("delete", "night", old, *WHO)[2]
    models("promote", finished_run(settings), "night", "--despite", "night", *WHO)
    code, out, _ = models("delete", "night", old, *WHO)
    assert (code, out.startswith("Deleted, which frees 0.")) == (0, True)
    assert models("roll-back", "night", old, *WHO)[0] == 1


@pytest.mark.parametrize(
    "words", [("promote", "0" * 12, "ward"), ("roll-back", "ward", "abcdef"), ("remove", "ward")]
)
def test_no_change_without_who_and_why(models, words, capsys):
    with pytest.raises(SystemExit):
        models(*words)
    capsys.readouterr()
    code, _, err = models(*words, "--by", " ", "--reason", "x")
    assert (code, err.startswith("Say who you are")) == (1, True)
