"""Models in use: who put them there and why, rolled back to, never half installed, never lost by a kill."""

from dataclasses import replace

import pytest
import tiny_models
from finished_runs import finished_run
from run_processes import set_columns
from small_training import FINETUNING
from stored_predictions import validation_predictions

from ecgapp.analysis import available_models, open_model
from ecgapp.config import Settings
from ecgapp.errors import JobError, ModelError, ModelNotFoundError, StorageError, WeightsMismatchError
from ecgapp.jobs import RunStore
from ecgapp.models import TrainedModel, installed_models, object_path, save_model, weights
from ecgapp.promotion import (
    Decision,
    History,
    delete_version,
    headline_words,
    in_use,
    n_validated,
    promote_run,
    remove,
    roll_back,
    versions,
)
from ecgapp.storage import documents

ADA = Decision("Ada", "the better on our own patients")
BEN = Decision("Ben", "too many false alarms")


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "home", tmp_path / "shipped")


@pytest.fixture
def runs(settings):
    return RunStore(settings.runs)


def promote(runs, run_id, name, decision, settings):
    """Promote with the model's name typed, because one of its classes has two positives only."""
    return promote_run(runs, run_id, name, replace(decision, despite=name), settings)


def promoted(runs, settings, bias=0.0, decision=ADA, thresholds=None):
    """The sha256 of a new run's model, promoted as "ward"."""
    run_id, sha256 = finished_run(runs, bias, thresholds)
    promote(runs, run_id, "ward", decision, settings)
    return sha256


def story(settings):
    return [(line.action, line.sha256, line.author) for line in History(settings).entries("ward")]


def objects(settings):
    return {path.stem for path in (settings.weights / "objects").glob("*.safetensors")}


def test_the_history_keeps_who_when_why_the_run_the_hash_and_the_figures_of_that_time(runs, settings):
    run_id, sha256 = finished_run(runs)
    promote(runs, run_id, "ward", ADA, settings)
    (line,) = History(settings).entries()
    assert (line.action, line.name, line.author, line.reason) == ("promoted", "ward", ADA.by, ADA.reason)
    assert (line.sha256, line.run_id) == (sha256, run_id)
    assert line.time > runs.get(run_id).created
    assert line.read_card().validation == open_model("ward", settings).card.validation
    assert runs.events(run_id)[-1].text.startswith(f"Promoted as ward by Ada, sha256 {sha256}")


@pytest.mark.parametrize(("by", "reason"), [("", "better"), ("  ", "better"), ("Ada", ""), ("Ada", " \n")])
def test_nobody_decides_without_a_name_and_a_reason(by, reason):
    with pytest.raises(ModelError, match="Say "):
        Decision(by, reason)


def test_an_earlier_version_comes_back_with_its_weights_thresholds_and_predictions(runs, settings):
    first = promoted(runs, settings, thresholds=(0.7,) * 9)
    second = promoted(runs, settings, bias=1.0)
    assert open_model("ward", settings).card.sha256 == second
    roll_back("ward", first[:12], BEN, settings)
    card = open_model("ward", settings).card
    assert (card.sha256, card.thresholds) == (first, (0.7,) * 9)
    assert validation_predictions("ward", settings) is not None
    assert story(settings) == [
        ("rolled back", first, "Ben"), ("promoted", second, "Ada"), ("promoted", first, "Ada")
    ]  # fmt: skip


def test_the_same_weights_with_other_thresholds_are_another_version_that_can_be_rolled_back_to(
    runs, settings
):
    sha256 = promoted(runs, settings)
    assert promoted(runs, settings, thresholds=(0.9,) * 9) == sha256
    assert open_model("ward", settings).card.thresholds == (0.9,) * 9
    used, first = versions("ward", settings)
    assert (used.in_use, first.in_use) == (True, False)
    roll_back("ward", first.digest, BEN, settings)
    assert open_model("ward", settings).card.thresholds == (0.5,) * 9
    roll_back("ward", sha256, ADA, settings)  # only one with these weights is not in use
    assert open_model("ward", settings).card.thresholds == (0.9,) * 9
    assert delete_version("ward", first.digest, BEN, settings) == 0  # the weights serve the other one
    assert open_model("ward", settings).card.sha256 == sha256


def test_weights_that_several_versions_share_are_named_by_the_card(runs, settings):
    for threshold in (0.5, 0.7, 0.9):
        sha256 = promoted(runs, settings, thresholds=(threshold,) * 9)
    others = [version for version in versions("ward", settings) if not version.in_use]
    with pytest.raises(ModelNotFoundError, match=f"{others[0].digest[:12]}, {others[1].digest[:12]}"):
        roll_back("ward", sha256, BEN, settings)
    for version in others:
        roll_back("ward", version.digest[:12], BEN, settings)
        assert open_model("ward", settings).card.digest == version.digest


def other_leads(runs, settings, name="ward"):
    """A finished run of a model of the same task that reads other leads; promoted under ``name``."""
    run = runs.create("trained", "finetune", "cpu", documents.dump(FINETUNING))
    set_columns(runs, run.id, state="finished")
    model, known = tiny_models.classifier("trained")
    turned = replace(model.card.preprocessing, leads=tuple(reversed(model.card.preprocessing.leads)))
    save_model(
        runs.folder(run.id) / "result", replace(model, card=replace(model.card, preprocessing=turned)), known
    )
    return promote(runs, run.id, name, ADA, settings).sha256


def test_a_model_of_other_leads_takes_no_other_ones_name(runs, settings):
    sha256 = promoted(runs, settings)
    with pytest.raises(ModelError, match="This one has other leads"):
        other_leads(runs, settings)
    assert open_model("ward", settings).card.sha256 == sha256


def test_nobody_rolls_back_to_a_model_that_answers_another_question(runs, settings):
    first = other_leads(runs, settings)
    remove("ward", BEN, settings)
    now = promoted(runs, settings, bias=1.0)
    before = story(settings)
    version = next(version for version in versions("ward", settings) if not version.in_use)
    with pytest.raises(ModelError, match="is in use for another purpose"):
        roll_back("ward", version.digest, BEN, settings)
    assert (open_model("ward", settings).card.sha256, story(settings)) == (now, before)
    remove("ward", BEN, settings)
    roll_back("ward", version.digest, BEN, settings)
    assert open_model("ward", settings).card.sha256 == first


def test_a_promotion_never_puts_a_model_in_the_place_of_one_with_another_task(runs, settings):
    shipped = save_model(settings.shipped_weights, tiny_models.classifier("ward", "ptbxl_superclass")[0])
    run_id, _ = finished_run(runs)
    with pytest.raises(ModelError, match="is in use for another purpose: Tiny ptbxl_superclass"):
        promote(runs, run_id, "ward", ADA, settings)
    assert open_model("ward", settings).card == shipped
    assert story(settings) == []


def test_figures_on_too_few_positives_are_told_as_that(runs, settings):
    card = tiny_models.classifier("ward")[0].card
    rare = card.validation.per_label[-1]
    assert headline_words(card)["Macro F1"].endswith("); insufficient (n = 2)")
    enough = replace(card.validation, per_label=card.validation.per_label[:-1])
    assert "insufficient" not in headline_words(replace(card, validation=enough))["Macro F1"]
    few = replace(card.validation, per_label=(rare, replace(rare, n_positive=0)))
    assert headline_words(replace(card, validation=few))["Macro AUROC"] == "insufficient (n = 2)"


def test_the_figures_of_a_ventricular_network_each_say_on_how_many_records_they_rest():
    card = tiny_models.ventricular().card
    assert n_validated(card) == 90
    assert headline_words(card) == {
        "Sensitivity": "0.80 (0.65-0.90); n = 40",
        "False alarms": "0.02 (0.00-0.10); n = 50",
    }


def test_the_shipped_model_comes_back_when_the_promoted_one_is_rolled_back(runs, settings):
    shipped = save_model(settings.shipped_weights, tiny_models.classifier("ward", thresholds=(0.2,) * 9)[0])
    ours = promoted(runs, settings, bias=1.0)
    roll_back("ward", shipped.sha256, BEN, settings)
    assert open_model("ward", settings).card == shipped
    assert in_use("ward", settings).origin == "shipped"
    assert in_use("ward", settings).entry.author == "Ben"
    roll_back("ward", ours, ADA, settings)
    assert open_model("ward", settings).card.sha256 == ours


def test_a_removed_model_is_not_offered_and_can_come_back(runs, settings):
    sha256 = promoted(runs, settings)
    remove("ward", BEN, settings)
    assert available_models(settings) == {}
    with pytest.raises(ModelNotFoundError):
        remove("ward", BEN, settings)
    roll_back("ward", sha256, ADA, settings)
    assert list(available_models(settings)) == ["ward"]


def test_a_version_in_use_unknown_or_given_by_too_few_digits_is_no_place_to_roll_back_to(runs, settings):
    sha256 = promoted(runs, settings)
    with pytest.raises(ModelError, match="in use already"):
        roll_back("ward", sha256, BEN, settings)
    for digits in ("", sha256[:5]):
        with pytest.raises(ModelNotFoundError, match="at least 6 characters"):
            roll_back("ward", digits, BEN, settings)
    with pytest.raises(ModelNotFoundError, match="No version of ward"):
        roll_back("ward", "f" * 64, BEN, settings)
    assert len(story(settings)) == 1


@pytest.mark.parametrize("step", [1, 2, 3])
def test_an_installation_killed_at_any_of_its_writes_leaves_the_old_model_whole(
    runs, settings, monkeypatch, step
):
    """Weights, predictions and card: each write in turn never happens."""
    first = promoted(runs, settings, thresholds=(0.7,) * 9)
    before = validation_predictions("ward", settings)
    second, _ = finished_run(runs, bias=1.0)
    # other predictions than the first run's, so that all three files are new
    model, _ = tiny_models.classifier("trained")
    model.network.head[1].bias += 1.0
    save_model(runs.folder(second) / "result", model, tiny_models.predictions(9, seed=5))
    die_at_write(monkeypatch, step)
    with pytest.raises(KeyboardInterrupt):
        promote(runs, second, "ward", BEN, settings)
    card = open_model("ward", settings).card
    assert (card.sha256, card.thresholds) == (first, (0.7,) * 9)
    assert (validation_predictions("ward", settings).probabilities == before.probabilities).all()
    assert [action for action, _, _ in story(settings)] == ["promoted"]
    monkeypatch.undo()
    promote(runs, second, "ward", BEN, settings)
    assert [author for _, _, author in story(settings)] == ["Ben", "Ada"]


def die_at_write(monkeypatch, step):
    """Fail as in a kill: no handler of the app catches it."""
    write, written = weights.write_atomically, []

    def dying(path, content):
        written.append(path)
        if len(written) == step:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(weights, "write_atomically", dying)


def test_a_kill_right_after_the_switch_loses_neither_who_nor_why(runs, settings, monkeypatch):
    run_id, sha256 = finished_run(runs)

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ecgapp.promotion.history._place", killed)
        with pytest.raises(KeyboardInterrupt):
            promote(runs, run_id, "ward", ADA, settings)
    assert open_model("ward", settings).card.sha256 == sha256
    assert story(settings) == [("promoted", sha256, "Ada")]
    later = promoted(runs, settings, bias=1.0, decision=BEN)
    assert story(settings) == [("promoted", later, "Ben"), ("promoted", sha256, "Ada")]


def test_a_full_disk_is_a_sentence_and_the_old_model_stays(runs, settings, monkeypatch):
    first = promoted(runs, settings)
    run_id, _ = finished_run(runs, bias=1.0)

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ecgapp.models.weights.write_atomically", full)
    with pytest.raises(JobError, match="disk is not full"):
        promote(runs, run_id, "ward", BEN, settings)
    assert open_model("ward", settings).card.sha256 == first
    assert len(story(settings)) == 1


def test_lines_of_the_history_can_neither_be_changed_nor_deleted(runs, settings):
    promoted(runs, settings)
    history = History(settings)
    for statement in ("UPDATE lines SET author = 'Eve'", "DELETE FROM lines"):
        with pytest.raises(StorageError), history._database.write() as connection:
            connection.execute(statement)
    assert story(settings)[0][2] == "Ada"


def test_deleting_an_old_version_frees_its_files_and_keeps_its_line(runs, settings):
    first = promoted(runs, settings)
    second = promoted(runs, settings, bias=1.0)
    old = next(version for version in versions("ward", settings) if not version.in_use)
    assert old.frees == object_path(settings.weights, first).stat().st_size  # its predictions serve both
    assert delete_version("ward", first, BEN, settings) == old.frees
    assert first not in objects(settings)
    assert story(settings)[0] == ("deleted", first, "Ben")
    assert [version.sha256 for version in versions("ward", settings)] == [second]
    assert validation_predictions("ward", settings) is not None


def test_files_that_another_name_uses_too_stay_when_one_deletes_a_version(runs, settings):
    run_id, first = finished_run(runs)
    promote(runs, run_id, "night", ADA, settings)
    promote(runs, run_id, "ward", ADA, settings)
    promoted(runs, settings, bias=1.0)
    assert delete_version("ward", first, BEN, settings) == 0
    assert open_model("night", settings).card.sha256 == first


def test_the_version_in_use_and_the_shipped_one_are_never_deleted(runs, settings):
    shipped = save_model(settings.shipped_weights, tiny_models.classifier("ward", thresholds=(0.2,) * 9)[0])
    ours = promoted(runs, settings, bias=1.0)
    for sha256 in (ours, shipped.sha256):
        with pytest.raises(ModelError, match="cannot be deleted"):
            delete_version("ward", sha256, BEN, settings)


def test_a_model_copied_in_by_hand_is_found_and_can_come_back(runs, settings):
    copied = save_model(settings.weights, *tiny_models.classifier("ward", thresholds=(0.3,) * 9))
    promoted(runs, settings, bias=1.0)
    assert [action for action, _, _ in story(settings)] == ["promoted", "found"]
    roll_back("ward", copied.sha256, BEN, settings)
    assert open_model("ward", settings).card == copied
    assert validation_predictions("ward", settings) is not None


def test_a_damaged_version_is_not_rolled_back_to(runs, settings):
    first, second = promoted(runs, settings), promoted(runs, settings, bias=1.0)
    object_path(settings.weights, first).write_bytes(b"damaged")
    with pytest.raises(WeightsMismatchError):
        roll_back("ward", first, BEN, settings)
    assert open_model("ward", settings).card.sha256 == second


def test_two_names_keep_one_copy_of_the_same_weights(runs, settings):
    run_id, sha256 = finished_run(runs)
    for name in ("ward", "night"):
        promote(runs, run_id, name, ADA, settings)
    assert len(objects(settings)) == 2  # weights and predictions
    assert {card.sha256 for card in installed_models([settings.weights]).values()} == {sha256}


def test_damaged_predictions_are_a_sentence(runs, settings):
    promoted(runs, settings)
    digest = available_models(settings)["ward"].predictions_sha256
    object_path(settings.weights, digest).write_bytes(b"damaged")
    with pytest.raises(WeightsMismatchError, match="validation predictions of ward"):
        validation_predictions("ward", settings)


def test_a_plain_save_that_is_killed_leaves_no_card_beside_other_weights(tmp_path, monkeypatch):
    save_model(tmp_path, *tiny_models.classifier("ward"))
    model, known = tiny_models.classifier("ward")
    model.network.head[1].bias += 1.0
    die_at_write(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        save_model(tmp_path, TrainedModel(model.network, replace(model.card, title="new")), known)
    assert installed_models([tmp_path]) == {}
