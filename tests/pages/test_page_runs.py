"""The runs on the Training page: found, queued, named, continued, begun again, compared, exported."""

import inspect
import math
import shutil
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_models
from admin_pages import make_run, open_page, said, twelve_lead_store
from dataset_sources import ecg, make_store
from metric_files import add_metrics
from run_processes import set_columns
from small_training import FINETUNING, PRETRAINING, small_settings, write_store

from ecgapp.datasets import DatasetStore
from ecgapp.errors import AccessError, JobError
from ecgapp.jobs import ACTIVE, ENDED, NEW_RUN, RESUME, RunStore, metric_names
from ecgapp.runs.run_comparison import differing_settings, newest_alike
from ecgapp.runs.start_training import start_run
from ecgapp.storage import documents
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.training import Initialisation, Phase, TrainingConfig
from ecgapp.training.result.examples import (
    RankedAnswer,
    RankedRecord,
    RankedRecords,
    Reconstructions,
    write_ranking,
    write_reconstructions,
)
from ecgapp.training.training_config import LARGEST_SEED
from ecgapp.ui.shell import admin_action, auth
from ecgapp.ui.training import curves, live_chart, run_actions, run_dialogs, run_list
from ecgapp.ui.training.training_form import CURRENT_FORM

EPOCHS = 6


def trained_run(runs, config=FINETUNING, **columns):
    """A finished run with curves of ``EPOCHS`` epochs and of 600 steps."""
    run = make_run(
        runs, "finished", config, done=EPOCHS, total=EPOCHS, started=1e9, ended=1e9 + 90, **columns
    )
    steps, epochs = range(1, 601), range(1, EPOCHS + 1)
    points = [
        (name, step, 1 / step)
        for name in (metric_names.STEP_LOSS, metric_names.GRADIENT_NORM)
        for step in steps
    ]
    points += [(metric_names.LEARNING_RATE, step, 1e-3) for step in steps]
    points += [
        (name, epoch, 1 / epoch)
        for name in (metric_names.TRAIN_LOSS, metric_names.VALIDATION_LOSS)
        for epoch in epochs
    ]
    if config.phase == "finetune":
        points += [
            (name, epoch, 0.1 * epoch) for name in (metric_names.F1, metric_names.AUROC) for epoch in epochs
        ]
        points += [(metric_names.F1_OF_LABEL + "fast", epoch, 0.1 * epoch) for epoch in epochs]
    points += [(metric_names.CPU_PERCENT, second, 90.0) for second in (2, 4)]
    add_metrics(runs, run.id, points)
    return run


def press(page, key):
    page.button(key=key).click()
    return page.run()


def dialog(settings, runs, opens, config=FINETUNING):
    """A finished run, and its page with the dialog that this button opens."""
    run = trained_run(runs, config)
    return run, press(open_page("training", settings), f"{opens}_{run.id}")


def labels(page):
    return [button.label for button in page.button]


def charts(page):
    """The keys of the figures on the page; the runner knows no figure, but keeps each one's id."""
    found = [element.proto.id for element in page.get("plotly_chart")]
    return {name.rpartition("-")[2] for name in found if name}


def config_of(runs, run_id):
    return documents.load(TrainingConfig, runs.get(run_id).config)


# The list and the queue


def test_runs_are_found_by_words_state_and_phase(runs):
    one = make_run(runs, "finished", replace(FINETUNING, name="ward"))
    two = make_run(runs, "queued", PRETRAINING)
    runs.rename(two.id, "Night shift", "with all leads")
    every = runs.all()

    def found(*asked):
        return {run.id for run in run_list.matching(every, *asked)}

    assert found("") == {one.id, two.id}
    assert found("night LEADS") == {two.id}
    assert found(one.id[:6]) == {one.id}
    assert found("", ("Done",)) == {one.id}
    assert found("", ("Queued", "Under way")) == {two.id}
    assert found("", (), "pretrain") == {two.id}
    assert found("ward", ("Queued",)) == set()


@pytest.fixture
def refused(settings, runs, monkeypatch):
    """A run under way and its page, on which stopping it was refused once."""
    run, page = make_run(runs, "running"), open_page("training", settings)

    def refuse(*_arguments):
        raise JobError("The disk is full. Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr(RunStore, "request_stop", refuse)
        press(page, f"stop_{run.id}")
    return run, page


def test_a_refusal_stays_to_be_read_while_the_page_looks_again(refused, monkeypatch):
    _, page = refused
    for _ in range(3):
        assert "The disk is full. Free some space." in said(page)
        page.run()
    now = time.monotonic()
    monkeypatch.setattr(admin_action.time, "monotonic", lambda: now + admin_action.STAYS)
    page.run()
    assert "The disk is full" not in said(page)


def test_a_refusal_goes_with_the_next_action_that_is_done(runs, refused):
    run, page = refused
    press(page, f"stop_{run.id}")
    assert runs.get(run.id).state == "stopping"
    assert "The disk is full" not in said(page)


def test_what_somebody_called_a_run_is_no_picture_wherever_it_is_said(settings, runs):
    picture = "![x](http://evil.example/p.png)"
    holder = make_run(runs, "running")
    runs.rename(holder.id, picture, picture)
    queued = make_run(runs, "queued")
    page = open_page("training", settings)
    page.selectbox(key="chosen_run").set_value(queued.id).run()
    assert "is busy with" in said(page)
    assert "evil" in said(page)
    assert picture not in said(page)
    assert "](" not in said(page)
    assert "://" not in said(page)


def test_a_search_that_finds_nothing_says_so_and_goes_on_showing_a_run(settings, runs):
    trained_run(runs)
    page = open_page("training", settings)
    page.text_input(key="find_run").set_value("nothing like it").run()
    assert "No run matches" in said(page)
    assert not page.exception


def test_the_queue_is_shown_in_its_order_and_moved_and_cancelled_from(settings, runs):
    holder = make_run(runs, "running")
    first, second = (make_run(runs, "queued", replace(FINETUNING, name=name)) for name in ("one", "two"))
    page = open_page("training", settings)
    assert "1 under way, 2 queued, 0 done." in said(page)
    assert page.button(key=f"Earlier_{first.id}").disabled
    assert page.button(key=f"Later_{second.id}").disabled
    press(page, f"Earlier_{second.id}")
    assert [run.id for run in runs.queue("cpu")] == [second.id, first.id]
    press(page, f"cancel_{first.id}")
    assert runs.get(first.id).state == "stopped"
    assert runs.get(holder.id).state == "running"


def test_a_device_of_its_own_is_nobodys_queue(settings, runs):
    other = make_run(runs, "queued")
    set_columns(runs, other.id, device="cuda:0")
    make_run(runs, "queued")
    page = open_page("training", settings)
    assert page.button(key=f"Later_{other.id}").disabled
    assert page.button(key=f"Earlier_{other.id}").disabled


def test_the_queue_is_left_alone_once_the_session_is_no_administrators(settings, runs):
    run = make_run(runs, "queued")
    page = open_page("training", settings)
    (settings.home / "admin.json").unlink()
    press(page, f"cancel_{run.id}")
    assert runs.get(run.id).state == "queued"


# One run


def test_a_run_gets_a_name_and_a_note_which_its_line_shows(settings, runs):
    run, page = dialog(settings, runs, "name")
    page.text_input(key="run_title").set_value("With [all](//a.example) leads")
    page.text_area(key="run_note").set_value("better than the last one")
    press(page, "save_name")
    assert (runs.get(run.id).title, runs.get(run.id).note) == (
        "With [all](//a.example) leads", "better than the last one",
    )  # fmt: skip
    assert page.dataframe[0].value["Run"].tolist() == ["With [all](//a.example) leads"]
    assert "better than the last one" in said(page)
    assert "[all](//a.example)" not in said(page)  # Markdown would make a link of it


def test_delete_says_what_it_frees(settings, runs):
    run = trained_run(runs)
    (runs.folder(run.id) / "checkpoint").write_bytes(bytes(34_000_000))
    page = open_page("training", settings)
    assert "which frees 34 MB" in said(page)
    press(page, f"delete_run_{run.id}")
    assert runs.all() == ()


def test_curves_by_step_the_index_over_epochs_and_the_machine_are_drawn(settings, runs):
    run = trained_run(runs)
    add_metrics(runs, run.id, [(metric_names.F1, EPOCHS + 1, 0.1)])
    page = open_page("training", settings)
    drawn = charts(page)
    expected = {"live_loss", "live_f1", "live_step_loss", "live_rate", "live_gradient"}
    assert expected | {"live_lci", "live_changes", "live_processor"} <= drawn
    assert not page.exception


def test_a_chart_without_a_point_is_not_drawn(settings, runs):
    run = trained_run(runs)  # whose F1 has not dropped
    bare = make_run(runs, "finished", done=2, total=2)
    add_metrics(
        runs, bare.id, [(metric_names.VALIDATION_LOSS, 1, 0.5), (metric_names.STEP_LOSS, 1, math.nan)]
    )
    page = open_page("training", settings)
    page.selectbox(key="chosen_run").set_value(run.id).run()
    assert "live_lci" not in charts(page)
    assert "At threshold 0.5" in said(page)
    page.selectbox(key="chosen_run").set_value(bare.id).run()
    assert not {"live_f1", "live_step_loss", "live_lci"} & charts(page)
    assert "Learning curve index" not in said(page)
    assert "No class has an F1 yet" in said(page)


def test_what_looks_wrong_is_said_above_the_curves(settings, runs):
    run = trained_run(runs)
    add_metrics(runs, run.id, [(metric_names.TRAIN_LOSS, EPOCHS + 1, 9.0)])
    page = open_page("training", settings)
    assert any("The training loss explodes" in box.value for box in page.warning)


@pytest.mark.parametrize("resume_helps", [True, False])
def test_what_helps_a_failed_run_is_said_once_and_stands_out_among_its_buttons(settings, runs, resume_helps):
    words = RESUME if resume_helps else NEW_RUN
    run = make_run(runs, "failed", message=f"It broke. {words}", resume_helps=resume_helps)
    page = open_page("training", settings)
    assert [box.value for box in page.error] == [escape_markdown(f"Failed: It broke. {words}")]
    primary = [key for key in (f"resume_{run.id}", f"again_{run.id}") if is_primary(page.button(key=key))]
    assert primary == [f"resume_{run.id}" if resume_helps else f"again_{run.id}"]


def is_primary(button):
    return button.proto.type == "primary"


def ranked(store, row, loss):
    return RankedRecord(store.name, row, loss, store.record_ids([row])[0], store.manifest.digest)


def test_the_best_and_worst_records_open_their_tracing(settings, runs):
    twelve_lead_store(settings, "hospital")
    (settings.stores / "hospital").rename(settings.home / "elsewhere")
    store = DatasetStore.open(settings.home / "elsewhere")
    run = trained_run(runs, replace(FINETUNING, stores=(str(settings.home / "elsewhere"),)))
    write_ranking(runs.folder(run.id), RankedRecords(6, (ranked(store, 0, 0.01),), (ranked(store, 3, 2.5),)))
    page = open_page("training", settings)
    assert "after epoch 6" in said(page)
    press(page, "worst_0")
    record = escape_markdown(store.record_ids([3])[0])
    assert f"Loss 2.5000. Record {record} of hospital. Codes: SCP\\:AFIB." in said(page)
    assert page.button(key="worst_0").label == f"1. loss 2.5000, {record}"
    assert "ranked_tracing" in charts(page)
    assert str(settings.home) not in said(page)
    assert not page.exception


def test_labels_and_probabilities_stand_beside_the_tracing_with_thresholds_where_they_are_known(
    settings, runs
):
    store = twelve_lead_store(settings, "hospital")
    run = trained_run(runs, replace(FINETUNING, stores=("hospital",)))
    learning = (
        RankedAnswer("AF", 0.0, 0.91),
        RankedAnswer("PVC", 1.0, 0.2),
        RankedAnswer("I-AVB", None, 0.1),
    )
    over = tuple(replace(answer, kept=0.3, threshold=0.25) for answer in learning)
    best = replace(ranked(store, 0, 0.01), answers=learning)
    write_ranking(
        runs.folder(run.id), RankedRecords(6, (best,), (replace(ranked(store, 3, 2.5), answers=over),))
    )
    page = open_page("training", settings)
    press(page, "best_0")
    table = next(frame.value for frame in page.dataframe if "By its codes" in frame.value)
    assert table.to_numpy().tolist() == [["PVC", "yes", 0.2], ["AF", "no", 0.91], ["I-AVB", "not known", 0.1]]
    assert "Thresholds are chosen when the training ends" in said(page)
    press(page, "worst_0")
    table = next(frame.value for frame in page.dataframe if "By its codes" in frame.value)
    assert table["Threshold"].tolist() == [0.25] * 3
    assert not page.exception


def test_no_tracing_is_shown_of_a_data_set_that_has_changed_since(settings, runs):
    store = twelve_lead_store(settings, "hospital")
    run = trained_run(runs, replace(FINETUNING, stores=("hospital",)))
    write_ranking(runs.folder(run.id), RankedRecords(6, (ranked(store, 0, 0.01),), ()))
    page = open_page("training", settings)
    shutil.rmtree(settings.stores / "hospital")
    make_store(settings.stores / "hospital", [ecg(seed) for seed in range(5, 8)])
    press(page, "best_0")
    assert "The data set has changed since this training" in said(page)
    assert "ranked_tracing" not in charts(page)


def test_a_tracing_is_not_drawn_for_a_stranger(settings, runs, monkeypatch):
    """The page has let nobody in: the dialog itself asks once more."""
    store = twelve_lead_store(settings, "hospital")
    run = trained_run(runs, replace(FINETUNING, stores=("hospital",)))
    drawn, refused = [], []
    monkeypatch.setattr(run_dialogs, "tracing", lambda *_: drawn.append(1))
    monkeypatch.setattr(run_dialogs.st, "session_state", {auth.PASS: "of yesterday"})
    monkeypatch.setattr(run_dialogs.st, "error", refused.append)
    run_dialogs.draw_tracing(run_dialogs.DialogContext(run, runs, settings, ranked(store, 0, 0.01)))
    assert drawn == []
    assert "not signed in any more" in refused[0]


def test_which_weights_are_kept_is_said_where_it_is_known(settings, runs):
    store = twelve_lead_store(settings, "hospital")
    run = trained_run(runs)
    add_metrics(runs, run.id, [(metric_names.AUROC, 7, 0.5), (metric_names.VALIDATION_LOSS, 7, 0.1)])
    write_ranking(runs.folder(run.id), RankedRecords(7, (ranked(store, 0, 0.01),), ()))
    page = open_page("training", settings)
    assert "that is kept is that of epoch 6, which had the highest macro AUROC" in said(page)


def test_curves_by_step_are_there_before_the_first_epoch_has_ended(settings, runs):
    run = make_run(runs, "running")
    steps = (metric_names.STEP_LOSS, metric_names.LEARNING_RATE, metric_names.GRADIENT_NORM)
    add_metrics(runs, run.id, [(name, step, 0.5) for name in steps for step in (10, 20)])
    page = open_page("training", settings)
    assert charts(page) == {"live_step_loss", "live_rate", "live_gradient"}
    assert "The curves by epoch begin with the end of the first epoch." in said(page)
    assert not page.exception


@pytest.mark.parametrize(("together", "member"), [(1, 3), (2, 5)])
def test_whose_best_and_worst_records_an_ensemble_shows_is_said(settings, runs, together, member):
    store = twelve_lead_store(settings, "hospital")
    six = trained_run(runs, replace(FINETUNING, members=6, resampling="bootstrap", epochs=2))
    alone = trained_run(runs)
    numbers = range(1, together + 1)
    add_metrics(runs, six.id, [(f"{metric_names.F1_OF_MEMBER}{number}", 1, 0.5) for number in numbers])
    for run in (six, alone):
        write_ranking(runs.folder(run.id), RankedRecords(2, (ranked(store, 0, 0.01),), ()))
    page = open_page("training", settings)
    assert "alone judged them" not in said(page)
    page.selectbox(key="chosen_run").set_value(six.id).run()
    assert f"Member {member} of 6 alone judged them" in said(page)


def test_reconstructions_of_two_epochs_stand_side_by_side(settings, runs):
    run = trained_run(runs, PRETRAINING)
    windows = np.random.default_rng(0).normal(size=(3, 2, 128)).astype(np.float32)
    answers = np.stack([windows * share for share in (0.0, 0.5, 1.0)])
    write_reconstructions(runs.folder(run.id), Reconstructions(windows, answers, (1, 4, 9)))
    page = open_page("training", settings)
    assert "live_reconstructions" in charts(page)
    page.selectbox(key=f"shown_earlier_{run.id}").set_value(4).run()
    page.selectbox(key=f"shown_lead_{run.id}").set_value("I").run()
    assert not page.exception


# On from a run


def test_a_finished_run_is_continued_with_as_many_epochs_as_asked(settings, runs):
    run, page = dialog(settings, runs, "more")
    page.number_input(key="further_epochs").set_value(11).run()
    assert "then there are 14" in said(page)
    press(page, "continue")
    assert runs.get(run.id).state == "queued"
    assert config_of(runs, run.id) == replace(FINETUNING, further_epochs=(11,))


@pytest.fixture
def small(settings):
    """The data set of ``FINETUNING``: 60 records to learn from in folds 1 to 3."""
    write_store(settings.stores / "small", 100)


def test_a_new_run_has_the_settings_of_the_old_but_for_what_is_changed(settings, runs, small):
    run, page = dialog(settings, runs, "again")
    assert "None: the same settings" in said(page)
    page.text_input(key="again_name").set_value("twin")
    page.number_input(key="again_batch").set_value(8)
    page.number_input(key="again_seed").set_value(3).run()
    assert "batch size\\: 4 → 8" in said(page)
    press(page, "again_start")
    new = runs.all()[0]
    assert new.id != run.id
    assert config_of(runs, new.id) == replace(FINETUNING, name="twin", batch_size=8, seed=3)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("small", "Data set small: There is no data set"), ("../evil", "A model's name consists of")],
)
def test_a_new_run_without_its_data_set_or_with_a_bad_name_is_refused_in_the_dialog(
    settings, runs, name, sentence
):
    run, page = dialog(settings, runs, "again")
    page.text_input(key="again_name").set_value(name).run()
    press(page, "again_start")
    assert sentence in said(page)
    assert runs.all() == (run,)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"batch_size": 64},
            "2 devices cannot share 60 records out evenly in batches of 64. Choose batch size 30,",
        ),
        ({"compiled": True}, "A compiled network learns on one device"),
    ],
)
def test_a_new_run_that_two_gpus_cannot_learn_is_refused_in_the_dialog(
    settings, runs, small, monkeypatch, changes, sentence
):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    run, page = dialog(settings, runs, "again", replace(FINETUNING, **changes))
    page.selectbox(key="again_device").set_value("cuda:0+cuda:1").run()
    press(page, "again_start")
    assert sentence in said(page)
    assert runs.all() == (run,)


def test_a_new_run_of_settings_beyond_what_the_fields_offer_keeps_them(settings, runs, small):
    """A file may have set them."""
    beyond = replace(FINETUNING, epochs=20_000, batch_size=65_538, learning_rate=2.0, seed=LARGEST_SEED)
    run = trained_run(runs, beyond)
    assert not press(open_page("training", settings), f"more_{run.id}").exception
    page = press(open_page("training", settings), f"again_{run.id}")
    assert not page.exception
    page.text_input(key="again_name").set_value("twin").run()
    press(page, "again_start")
    assert config_of(runs, runs.all()[0].id) == replace(beyond, name="twin")


def test_a_new_run_on_three_gpus_tells_what_they_share_before_it_starts(settings, runs, small, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    _, page = dialog(settings, runs, "again")
    page.selectbox(key="again_device").set_value("cuda:0+cuda:1+cuda:2").run()
    assert "batch size 3 is taken instead of 4" in said(page)
    assert "lanes\\: 8 → 9" in said(page)
    press(page, "again_start")
    new = config_of(runs, runs.all()[0].id)
    assert (new.lanes, new.batch_size) == (9, 3)


def test_a_dialog_does_nothing_once_the_session_is_no_administrators(settings, runs, monkeypatch):
    """The page has let nobody in: each action of a dialog asks once more."""
    run = trained_run(runs)
    done, refused = [], []
    monkeypatch.setattr(run_dialogs.st, "session_state", {auth.PASS: "of yesterday"})
    monkeypatch.setattr(run_dialogs.st, "error", refused.append)
    run_dialogs.DialogContext(run, runs, settings, None).run_as_admin(lambda: done.append(1))
    assert done == []
    assert "not signed in any more" in refused[0]


@pytest.mark.parametrize(
    ("opens", "acts"), [("more", "continue"), ("again", "again_start"), ("name", "save_name")]
)
def test_every_dialogs_action_asks_for_the_right(settings, runs, monkeypatch, opens, acts):
    run = trained_run(runs)
    page = press(open_page("training", settings), f"{opens}_{run.id}")
    monkeypatch.setattr(run_dialogs.auth, "check_admin", deny_in(admin_action.act_now))
    press(page, acts)
    assert "no right" in said(page)
    assert runs.all() == (run,)


def deny_in(function):
    """A check that is passed everywhere but in ``function``."""

    def check(_settings):
        if inspect.currentframe().f_back.f_code is function.__code__:
            raise AccessError("There is no right.")

    return check


def test_an_export_is_packed_only_while_the_right_lasts(settings, runs, monkeypatch):
    run = trained_run(runs)
    packed = []
    monkeypatch.setattr(
        run_dialogs.st, "download_button", lambda _label, data, *_more, **_looks: packed.append(data)
    )
    press(open_page("training", settings), f"export_{run.id}")
    assert packed[-1]().startswith(b"PK")
    (settings.home / "admin.json").unlink()
    with pytest.raises(AccessError, match="not signed in any more"):
        packed[-1]()


def test_a_dialog_does_not_open_by_itself_after_another_page(settings, runs):
    _, page = dialog(settings, runs, "name")
    assert "save_name" in {button.key for button in page.button}
    page.session_state["page"] = "Review"  # its heading was drawn since
    page.run()
    assert "save_name" not in {button.key for button in page.button}


def test_the_form_is_filled_in_to_start_from_a_runs_weights(settings, runs):
    small_settings(settings.home)
    run = trained_run(runs, PRETRAINING)
    card = tiny_models.autoencoder("small", leads=("I", "II"))
    tiny_models.save_model(runs.folder(run.id) / "result", card)
    page = press(open_page("training", settings), f"from_{run.id}")
    assert page.radio(key="train_start").value == Initialisation.TRANSFER
    assert page.selectbox(key="train_pretrained").value == f"run:{run.id}"
    page.multiselect(key="train_folds").set_value([1, 2])
    page.multiselect(key="train_validation").set_value([3])
    next(button for button in page.button if button.label == "Start training").click()
    page.run()
    new = config_of(runs, runs.all()[0].id)
    assert (new.phase, new.initialisation, new.pretrained) == (Phase.FINETUNE, "transfer", f"run:{run.id}")
    assert new.network.encoder == card.card.network


def test_the_form_is_filled_in_without_a_data_set_that_was_named_by_its_path(settings, runs):
    small_settings(settings.home)
    _, page = dialog(
        settings, runs, "from", replace(PRETRAINING, stores=("small", str(settings.home / "elsewhere")))
    )
    assert page.multiselect(key="train_stores").value == ["small"]
    assert not page.exception


def test_settings_that_differ_show_no_path():
    configs = {name: replace(FINETUNING, stores=(f"/home/jane/{name}",)) for name in ("first", "second")}
    (line,) = differing_settings(configs).to_dict("records")
    assert line == {"Setting": "stores", "first": "first", "second": "second"}


def test_what_was_filled_in_is_said_by_the_page_and_so_is_a_data_set_that_is_gone(settings, runs):
    small_settings(settings.home)
    _, page = dialog(settings, runs, "from", replace(PRETRAINING, stores=("small", "gone")))
    assert [toast.value for toast in page.toast] == [
        "The form at the top is filled in. Choose the labels there, and start."
    ]
    assert "data set gone is not among those" in said(page)
    assert page.multiselect(key="train_stores").value == ["small"]
    page.run()
    assert not page.toast


def test_a_form_that_is_sent_twice_starts_one_run_whatever_became_of_it(runs):
    first = start_run(FINETUNING, runs, "this")
    for state in ("queued", *ACTIVE, *ENDED):
        set_columns(runs, first.id, state=state)
        assert start_run(FINETUNING, runs, "this").id == first.id
    assert len(runs.all()) == 1


def test_the_same_settings_of_another_tab_are_refused_by_the_runs_name_until_it_has_ended(
    settings, runs, small
):
    first = start_run(FINETUNING, runs, "this")
    page = press(open_page("training", settings), f"again_{first.id}")
    press(page, "again_start")
    assert f"is queued already: small (finetune, {first.id[:6]})" in said(page)
    assert [run.id for run in runs.all()] == [first.id]
    page.number_input(key="again_seed").set_value(3).run()
    press(page, "again_start")
    assert len(runs.all()) == 2
    set_columns(runs, first.id, state="finished")
    assert start_run(FINETUNING, runs, "that").id != first.id


def test_the_page_shows_another_form_once_one_was_sent(settings, runs):
    """A second click on the old one belongs to a button that is no more, or makes no second run."""
    small_settings(settings.home)
    page = open_page("training", settings)
    page.multiselect(key="train_folds").set_value([1, 2])
    page.multiselect(key="train_validation").set_value([3])
    form = page.session_state[CURRENT_FORM]
    press(page, f"start_{form}")
    assert page.session_state[CURRENT_FORM] != form
    page.session_state[CURRENT_FORM] = form
    press(page.run(), f"start_{form}")
    assert len(runs.all()) == 1
    assert not page.error


def test_a_second_continue_adds_no_second_cycle(settings, runs):
    run, page = dialog(settings, runs, "more")
    runs.extend(run.id, documents.dump(replace(FINETUNING, further_epochs=(5,))))
    press(page, "continue")
    assert config_of(runs, run.id).further_epochs == (5,)
    assert "waiting or under way" in said(page)


def test_a_run_of_another_version_offers_nothing_that_needs_its_settings(settings, runs):
    run = make_run(runs, "finished")
    set_columns(runs, run.id, config='{"from": "the future"}')
    page = open_page("training", settings)
    assert not {"Continue with more epochs", "New run from these settings"} & set(labels(page))
    assert {"Export", "Name and note"} <= set(labels(page))


# Several runs, and out of the app


def test_two_runs_are_compared_by_curves_settings_and_results(settings, runs):
    trained_run(runs)
    trained_run(runs, replace(FINETUNING, learning_rate=0.5))
    page = open_page("training", settings)
    page.segmented_control(key="runs_view").set_value("Compare runs").run()
    assert {"compare_loss", "compare_f1", "compare_label_f1"} <= charts(page)
    tables = [frame.value for frame in page.dataframe]
    results = next(table for table in tables if "Best F1" in table)
    assert results["Best F1"].tolist() == [0.6, 0.6]
    assert results["Minutes"].tolist() == [1.5, 1.5]
    differing = next(table for table in tables if "Setting" in table)
    assert differing["Setting"].tolist() == ["learning_rate"]
    page.text_input(key="find_setting").set_value("batch").run()
    assert "None of this name." in said(page)
    assert not page.exception


def test_the_newest_two_of_one_phase_among_those_found_are_compared_at_first(runs):
    old, coder, new, other = (
        trained_run(runs, config) for config in (FINETUNING, PRETRAINING, FINETUNING, FINETUNING)
    )
    waiting = make_run(runs, "queued", PRETRAINING)
    assert newest_alike([waiting, other, new, coder, old], 2) == [other, new]
    assert newest_alike([waiting, new, coder, old], 2) == [new, old]
    assert newest_alike([waiting, new, coder], 2) == []


def test_only_runs_that_the_list_shows_and_those_chosen_before_are_offered_to_compare(settings, runs):
    *tuned, coder = (trained_run(runs, config) for config in (FINETUNING, FINETUNING, PRETRAINING))
    page = open_page("training", settings)
    page.segmented_control(key="runs_view").set_value("Compare runs").run()
    assert set(page.multiselect(key="compared").value) == {run.id for run in tuned}
    page.text_input(key="find_run").set_value(coder.id).run()
    assert len(page.multiselect(key="compared").options) == 3
    page.multiselect(key="compared").set_value([]).run()
    assert len(page.multiselect(key="compared").options) == 1
    assert not page.exception


def test_one_run_is_compared_with_nothing(settings, runs):
    trained_run(runs)
    page = open_page("training", settings)
    page.segmented_control(key="runs_view").set_value("Compare runs").run()
    assert "Choose two or more runs" in said(page)


def test_the_export_names_the_command(settings, runs):
    _, page = dialog(settings, runs, "export")
    assert "python -m ecgapp train config.json" in said(page)


def test_what_deleting_frees_is_measured_once(settings, runs, monkeypatch):
    trained_run(runs)
    measured = []
    monkeypatch.setattr(RunStore, "size", lambda store, run_id: measured.append(run_id) or 0)
    page = open_page("training", settings)
    page.run()
    assert len(measured) == 1
    assert run_actions.SIZES in page.session_state


def test_a_figure_is_drawn_anew_only_when_its_curve_has_grown(settings, runs, monkeypatch):
    drawn = []

    def counted(name, draw):
        return lambda *points, **looks: drawn.append(name) or draw(*points, **looks)

    for name in ("loss_curves", "f1_curves", "step_curve", "lci_curve", "change_bars", "use_curve"):
        monkeypatch.setattr(curves, name, counted(name, getattr(curves, name)))
    run = trained_run(runs)
    add_metrics(runs, run.id, [(metric_names.F1, EPOCHS + 1, 0.1)])
    page = open_page("training", settings)
    assert set(drawn) == {"loss_curves", "f1_curves", "step_curve", "lci_curve", "change_bars", "use_curve"}
    drawn.clear()
    page.run()
    assert drawn == []
    add_metrics(runs, run.id, [(metric_names.STEP_LOSS, 601, 0.5)])
    page.run()
    assert set(drawn) == {"step_curve"}
    add_metrics(runs, run.id, [(metric_names.VALIDATION_LOSS, EPOCHS + 2, 0.5)])
    page.run()
    assert {"loss_curves", "f1_curves"} <= set(drawn)


def watched(settings, runs, monkeypatch):
    """A run under way, its page, and a list that grows with each curve by step that is drawn."""
    drawn, draw = [], curves.step_curve
    monkeypatch.setattr(
        curves, "step_curve", lambda *points, **looks: drawn.append(1) or draw(*points, **looks)
    )
    run = trained_run(runs)
    set_columns(runs, run.id, state="running")
    return run, open_page("training", settings), drawn


def test_the_figures_of_a_run_under_way_wait_for_growth_that_shows(settings, runs, monkeypatch):
    run, page, drawn = watched(settings, runs, monkeypatch)
    looks = []
    for step in range(602, 622, 2):
        drawn.clear()
        add_metrics(runs, run.id, [(metric_names.STEP_LOSS, step, 0.5)])
        page.run()
        looks.append(bool(drawn))
    assert 2 <= sum(looks) <= 5  # of ten: 3 % of growth


def test_a_curve_that_grows_slowly_is_drawn_anew_after_half_a_minute(settings, runs, monkeypatch):
    run, page, drawn = watched(settings, runs, monkeypatch)
    now = time.monotonic()
    for seconds, grows, anew in ((29, True, False), (31, True, True), (60, True, False), (99, False, True)):
        drawn.clear()
        if grows:
            add_metrics(runs, run.id, [(metric_names.STEP_LOSS, 600 + seconds / 100, 0.5)])
        monkeypatch.setattr(live_chart, "time", SimpleNamespace(monotonic=lambda: now + seconds))  # noqa: B023
        page.run()
        assert bool(drawn) == anew, seconds
    drawn.clear()
    monkeypatch.setattr(live_chart, "time", SimpleNamespace(monotonic=lambda: now + 999))
    page.run()
    assert not drawn  # it has not grown
