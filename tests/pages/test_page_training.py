"""The Training page: closed to strangers, starts what the form says, shows each state of a run."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import tiny_models
from admin_pages import make_run, open_page, said, twelve_lead_store
from dataset_sources import ecg, make_store
from metric_files import add_metrics
from run_processes import set_columns
from small_training import small_settings
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from ecgapp.jobs import metric_names
from ecgapp.jobs.rows import OLDER
from ecgapp.models import Interval
from ecgapp.promotion import History, in_use
from ecgapp.runs.form_to_config import CLASSIFIERS, JANG
from ecgapp.storage import admin_password, documents
from ecgapp.training import AugmentationConfig, Initialisation, Phase, TrainingConfig
from ecgapp.ui.training import run_list, training_form

F1 = (0.2, 0.5, 0.4, 0.6)
FURTHER = {
    "train_decay": 0.02,
    "train_warmup": 0.1,
    "train_clip": 2.0,
    "train_average": 0.9,
    "augment_polarity": 0.3,
    "augment_gain": 0.2,
    "augment_dropout": 0.05,
    "augment_wander": 0.15,
    "augment_muscle": 0.25,
    "augment_mains": 0.35,
    "augment_shift": 0.5,
}


def press(page, label):
    next(button for button in page.button if button.label == label).click()
    return page.run()


def started_config(runs):
    return documents.load(TrainingConfig, runs.all()[0].config)


def test_a_stranger_sees_a_password_form_and_no_run(settings, runs):
    make_run(runs, "stopped")
    admin_password.set_password(settings, "correct horse")
    page = open_page("training", settings, signed_in=False)
    assert [field.label for field in page.text_input] == ["Password"]
    assert not page.dataframe
    assert not page.exception


@pytest.mark.parametrize("name", ["training", "data"])
def test_a_list_of_runs_of_another_version_is_one_sentence_on_the_page(settings, runs, name):
    settings.runs.mkdir(parents=True)
    with closing(sqlite3.connect(runs.database.path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    page = open_page(name, settings)
    assert not page.exception
    assert [error.value for error in page.error] == [OLDER]


def test_without_a_data_set_the_page_says_where_to_import_one(settings):
    page = open_page("training", settings)
    assert "Import a data set on the Data page first" in said(page)
    assert "not a medical device" in said(page)
    assert not page.exception


def test_pretraining_is_started_as_the_form_says(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.number_input(key="train_epochs_pretrain").set_value(7)
    page.number_input(key="train_batch").set_value(32)
    page.number_input(key="train_seed").set_value(5)
    press(page, "Start training")
    config = started_config(runs)
    assert (config.phase, config.epochs, config.batch_size, config.seed) == (Phase.PRETRAIN, 7, 32, 5)
    assert config.stores == ("hospital",)
    assert runs.all()[0].device == config.device
    assert "Queued" in said(page)
    assert not page.exception


def test_a_started_run_is_shown_until_the_reader_chooses_another(settings, runs):
    twelve_lead_store(settings, "hospital")
    earlier = make_run(runs, "finished", done=4, total=4)
    page = open_page("training", settings)
    assert page.selectbox(key="chosen_run").value == earlier.id
    press(page, "Start training")
    started = runs.all()[0].id
    choice = f"chosen_run_{started}"
    assert page.selectbox(key=choice).value == started
    page.selectbox(key=choice).set_value(earlier.id).run()
    page.run()
    assert page.selectbox(key=choice).value == earlier.id


def test_with_three_gpus_the_form_starts_what_they_can_share(settings, runs, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.number_input(key="train_batch").set_value(4)
    press(page, "Start training")
    config = started_config(runs)
    assert config.device == "cuda:0+cuda:1+cuda:2"
    assert (config.lanes, config.batch_size) == (9, 3)
    assert "batch size 3 is taken instead of 4" in said(page)


def test_a_batch_too_large_for_two_gpus_and_few_records_is_refused_with_one_that_is_not(
    settings, runs, monkeypatch
):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    twelve_lead_store(settings, "hospital")
    page = press(open_page("training", settings), "Start training")
    assert "2 devices cannot share 16 records out evenly in batches of 64. Choose batch size 8," in said(page)
    assert runs.all() == ()
    page.number_input(key="train_batch").set_value(8)
    press(page, "Start training")
    assert started_config(runs).batch_size == 8


def test_a_compiled_network_is_refused_on_two_gpus(settings, runs, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.checkbox(key="train_compiled").check()
    press(page, "Start training")
    assert "A compiled network learns on one device" in said(page)
    assert runs.all() == ()


def test_jangs_network_is_started_on_the_chosen_lead(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.selectbox(key="train_network").set_value(JANG).run()
    page.selectbox(key="train_lead").set_value("V5").run()
    press(page, "Start training")
    config = started_config(runs)
    assert config.network.architecture == "jang_autoencoder"
    assert config.preprocessing.leads == ("V5",)
    assert config.name == "jang_V5"


def test_fine_tuning_is_started_on_a_task_that_the_labels_serve(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.selectbox(key="train_task").set_value("nine_class").run()
    page.number_input(key="train_members").set_value(3)
    press(page, "Start training")
    config = started_config(runs)
    assert (config.task, config.members, config.initialisation) == ("nine_class", 3, Initialisation.RANDOM)
    assert config.network.n_labels == 9


@pytest.mark.parametrize("network", CLASSIFIERS)
def test_every_network_that_needs_labels_is_started_from_the_form(settings, runs, network):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    assert set(page.selectbox(key="train_network").options).isdisjoint(CLASSIFIERS)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.selectbox(key="train_network").set_value(network).run()
    page.selectbox(key="train_task").set_value("nine_class").run()
    press(page, "Start training")
    config = started_config(runs)
    assert config.network == CLASSIFIERS[network].network.with_shape(config.network.shape)
    assert (config.network.shape.n_labels, config.aggregation) == (9, "max")


def test_the_phase_can_be_changed_after_a_network_was_chosen_that_needs_labels(settings):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.selectbox(key="train_network").set_value(next(iter(CLASSIFIERS))).run()
    page.radio(key="train_phase").set_value(Phase.PRETRAIN).run()
    assert not page.exception
    assert page.selectbox(key="train_network").value not in CLASSIFIERS


def test_optimiser_schedule_loss_and_kept_epoch_reach_the_config(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.selectbox(key="train_task").set_value("nine_class").run()
    chosen = {"optimiser": "sgd", "schedule": "constant", "loss": "categorical", "kept": "loss"}
    for key, value in chosen.items():
        page.selectbox(key=f"train_{key}").set_value(value)
    press(page, "Start training")
    config = started_config(runs)
    assert [config.optimiser, config.schedule, config.loss, config.keep_best_by] == list(chosen.values())


def test_a_transfer_can_begin_with_its_head_alone_and_then_have_graded_rates(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.radio(key="train_start").set_value(Initialisation.TRANSFER).run()
    page.selectbox(key="train_pretrained").set_value("cae_12lead").run()
    page.selectbox(key="train_task").set_value("nine_class").run()
    page.number_input(key="train_head_epochs").set_value(3)
    page.checkbox(key="train_graded").check()
    press(page, "Start training")
    config = started_config(runs)
    assert (config.head_epochs, config.graded_rates, config.pretrained) == (3, True, "cae_12lead")


def test_a_hospitals_own_columns_can_be_the_labels(settings, runs):
    small_settings(settings.home)
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    assert page.selectbox(key="train_task").value == "csv"
    page.multiselect(key="train_columns").set_value(["fast"]).run()
    page.multiselect(key="train_folds").set_value([1, 2])
    page.multiselect(key="train_validation").set_value([3])
    press(page, "Start training")
    config = started_config(runs)
    assert (config.task, config.label_columns) == (None, ("fast",))


def test_transfer_without_a_fitting_model_says_so_and_starts_nothing(settings, runs, monkeypatch):
    monkeypatch.setattr("ecgapp.ui.training.training_form.available_models", lambda settings: {})
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.radio(key="train_start").set_value(Initialisation.FROZEN).run()
    assert "No installed model and no finished run fits" in said(page)
    press(page, "Start training")
    assert "Choose the pretrained model" in said(page)
    assert runs.all() == ()


def test_a_data_set_of_lead_i_starts_from_an_encoder_of_lead_ii(settings, runs):
    tiny_models.save_model(settings.weights, tiny_models.autoencoder("of_ii", leads=("II",)))
    records = [ecg(k, leads=("I",), codes=(f"CINC2017:{'NA'[k % 2]}",)) for k in range(20)]
    make_store(settings.stores / "hand_held", records, leads=("I",))
    page = open_page("training", settings)
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.radio(key="train_start").set_value(Initialisation.TRANSFER).run()
    page.selectbox(key="train_pretrained").set_value("of_ii").run()
    assert page.selectbox(key="train_reads_II").value == "I"
    assert "lead I stands for it" in said(page)
    press(page, "Start training")
    config = started_config(runs)
    assert (config.preprocessing.leads, config.preprocessing.stands_for) == (("I",), ("II",))
    assert (config.pretrained, config.augmentation.polarity) == ("of_ii", 0.5)
    assert not page.error


def test_an_encoder_cannot_be_frozen_in_pretraining(settings):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    assert len(page.radio(key="train_start").options) == 2


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("train_validation", [8], "not for both"),
        ("train_validation", [], "at least one fold"),
    ],
)
def test_folds_that_make_no_sense_are_refused_in_one_sentence(settings, runs, key, value, sentence):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    page.multiselect(key=key).set_value(value)
    press(page, "Start training")
    assert sentence in said(page)
    assert runs.all() == ()


def test_folds_that_hold_no_record_are_refused_before_a_run_is_made(settings, runs):
    twelve_lead_store(settings, "hospital", n_records=8)  # folds 1 to 8
    page = press(open_page("training", settings), "Start training")
    assert "The folds for validation hold no record" in said(page)
    assert runs.all() == ()


def test_further_settings_reach_the_config_each_in_its_place(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    for key, value in FURTHER.items():
        page.number_input(key=key).set_value(value)
    page.selectbox(key="train_precision").set_value("fp32")
    page.checkbox(key="train_compiled").check()
    press(page, "Start training")
    config = started_config(runs)
    found = (config.weight_decay, config.warmup, config.clip_gradient, config.ema_decay)
    assert found == (0.02, 0.1, 2.0, 0.9)
    assert (config.precision, config.compiled) == ("fp32", True)
    assert config.augmentation == AugmentationConfig(0.3, 0.2, 0.05, 0.15, 0.25, 0.35, 0.5)


def test_a_start_from_a_session_that_is_no_administrators_is_refused(settings, runs):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    (settings.home / "admin.json").unlink()
    press(page, "Start training")
    assert runs.all() == ()


def test_a_click_is_carried_out_where_the_page_starts_over_before_it_has_come_to_it(
    settings, runs, monkeypatch
):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    with monkeypatch.context() as patch:
        patch.setattr(training_form, "check_before_start", start_over)
        press(page, "Start training")
    assert runs.all() == ()
    page.run()
    assert len(runs.all()) == 1
    page.run()
    assert len(runs.all()) == 1


def test_a_click_is_dropped_where_the_choices_have_changed_before_the_page_has_come_to_it(
    settings, runs, monkeypatch
):
    twelve_lead_store(settings, "hospital")
    page = open_page("training", settings)
    with monkeypatch.context() as patch:
        patch.setattr(training_form, "check_before_start", start_over)
        press(page, "Start training")
    page.radio(key="train_phase").set_value(Phase.FINETUNE).run()
    page.radio(key="train_phase").set_value(Phase.PRETRAIN).run()
    assert runs.all() == ()


def start_over(*_):
    """What Streamlit raises in a run of the page when another click makes it run anew."""
    raise StopException


def test_a_runs_curves_index_and_log_are_shown(settings, runs):
    run = make_run(runs, "finished", done=4, total=4)
    points = [(metric_names.F1, epoch, value) for epoch, value in enumerate(F1, start=1)]
    points += [
        (name, epoch, 0.1)
        for name in (metric_names.TRAIN_LOSS, metric_names.VALIDATION_LOSS)
        for epoch in range(1, 5)
    ]
    add_metrics(
        runs,
        run.id,
        [*points, (metric_names.F1_OF_LABEL + "fast", 1, 0.4), (metric_names.THROUGHPUT, 10, 1234.0)],
    )
    runs.write_log(run.id, "20 records for training.")
    page = open_page("training", settings)
    assert "LCI = 1.500" in said(page)
    assert "20 records for training." in said(page)
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Epoch"] == "4 of 4"
    assert figures["Windows/s"] == "1,234"
    assert figures["Macro F1"] == "0.600"
    paper = next(frame.value for frame in page.dataframe if "Transfer" in frame.value)
    assert paper["Transfer"].tolist() == [1.440, 1.678, 1.184]
    page.toggle(key="live_by_label").set_value(True).run()
    assert not page.exception


def test_without_a_drop_the_page_shows_no_number_for_the_index(settings, runs):
    run = make_run(runs, "finished", done=2, total=4)
    add_metrics(
        runs,
        run.id,
        [
            (name, epoch, epoch / 10)
            for name in (metric_names.F1, metric_names.VALIDATION_LOSS)
            for epoch in (1, 2)
        ],
    )
    page = open_page("training", settings)
    assert "No drop yet" in said(page)
    assert "LCI =" not in said(page)


def test_a_running_run_is_stopped_and_a_stopped_one_resumed(settings, runs):
    run = make_run(runs, "running")
    page = open_page("training", settings)
    page.button(key=f"stop_{run.id}").click().run()
    assert runs.get(run.id).state == "stopping"
    assert "Stopping" in said(page)
    set_columns(runs, run.id, state="stopped", stop_requested=None)
    page.run()
    page.button(key=f"resume_{run.id}").click().run()
    assert runs.get(run.id).state == "queued"


def test_stop_is_refused_once_the_session_is_no_administrators(settings, runs):
    run = make_run(runs, "running")
    page = open_page("training", settings)
    (settings.home / "admin.json").unlink()
    page.button(key=f"stop_{run.id}").click().run()
    assert runs.get(run.id).state == "running"


def test_a_failed_run_says_why_and_can_be_resumed_or_deleted(settings, runs):
    run = make_run(runs, "failed", message="The disk is full.")
    page = open_page("training", settings)
    assert "Failed\\: The disk is full\\." in said(page)
    assert page.button(key=f"resume_{run.id}")
    page.button(key=f"delete_run_{run.id}").click().run()
    assert runs.all() == ()
    assert "No training yet" in said(page)


def test_two_clicks_on_delete_end_in_a_sentence_not_in_a_crash(settings, runs):
    run = make_run(runs, "stopped")
    page = open_page("training", settings)
    runs.delete(run.id)
    page.button(key=f"delete_run_{run.id}").click().run()
    assert not page.exception


def test_a_promotion_needs_a_name_and_a_reason_and_shows_what_it_replaces(settings, runs):
    run = make_run(runs, "finished")
    tiny_models.save_model(runs.folder(run.id) / "result", *tiny_models.classifier(run.name))
    tiny_models.save_model(settings.weights, *tiny_models.classifier("ward", thresholds=(0.9,) * 9))
    page = open_page("training", settings)
    page.text_input(key=f"promote_name_{run.id}").set_value("ward").run()
    assert "ward, in use now" in [row for frame in page.dataframe for row in frame.value.get("Model", [])]
    told = said(page).replace("\\", "")
    assert "Fewer than 30 of its validation records have STE (2)" in told
    assert "(n = 200) of the model in use" in told
    for field, asked in (("by", "Say who you are"), ("why", "Say in a few words why")):
        page.button(key=f"promote_{run.id}").click().run()
        assert asked in said(page)
        assert History(settings).entries() == ()
        page.text_input(key=f"{field}_{run.id}").set_value("Ada" if field == "by" else "best of three").run()
    for typed in ("", "yes"):
        page.text_input(key=f"despite_{run.id}").set_value(typed).run()
        page.button(key=f"promote_{run.id}").click().run()
        assert "To promote it despite these concerns, type its name: ward" in said(page)
        assert History(settings).entries() == ()
    page.text_input(key=f"despite_{run.id}").set_value("ward").run()
    page.button(key=f"promote_{run.id}").click().run()
    line, found = History(settings).entries()
    assert (line.action, line.author, line.reason, line.run_id) == (
        "promoted",
        "Ada",
        "best of three",
        run.id,
    )
    assert found.action == "found"
    assert any("by Ada. best of three" in text.value for text in page.text)
    assert in_use("ward", settings).card.thresholds == (0.5,) * 9


def test_an_autoencoder_that_learnt_nothing_ends_in_amber_and_is_not_promoted_at_one_click(settings, runs):
    run = make_run(runs, "finished", message="Finished. The model mine can be promoted.")
    model = tiny_models.autoencoder(run.name)
    figures = replace(model.card.reconstruction, n=7, mse_per_sample=Interval(1.0, 0.98, 1.01))
    model = replace(model, card=replace(model.card, reconstruction=figures))
    tiny_models.save_model(runs.folder(run.id) / "result", model)
    page = open_page("training", settings)
    (box,) = (one.value for one in page.warning if one.value.startswith("Finished."))
    assert "7 records only" in box
    assert "no better than a flat line" in box
    assert not [one for one in page.success if "promoted" in one.value]
    for field in ("by", "why"):
        page.text_input(key=f"{field}_{run.id}").set_value("Ada").run()
    page.button(key=f"promote_{run.id}").click().run()
    assert History(settings).entries() == ()


def test_only_finished_runs_can_be_promoted(settings, runs):
    run = make_run(runs, "stopped")
    page = open_page("training", settings)
    assert f"promote_{run.id}" not in {button.key for button in page.button}


def test_a_run_of_another_version_does_not_break_the_page(settings, runs):
    run = make_run(runs, "stopped")
    set_columns(runs, run.id, config='{"from": "the future"}')
    page = open_page("training", settings)
    assert "Stopped" in said(page)
    assert not page.exception


def test_the_table_lists_every_run_with_the_newest_first(runs):
    old, new = make_run(runs, "finished"), make_run(runs, "queued")
    set_columns(runs, old.id, created=1.0)
    table = run_list.runs_table(runs.all())
    assert table["State"].tolist() == ["queued", "finished"]
    assert new.id == runs.all()[0].id
