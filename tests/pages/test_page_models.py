"""The Models page: closed to strangers, shows what is in use and why, and changes it with who and why."""

import pytest
import tiny_models
from admin_pages import open_page, said

from ecgapp.analysis import available_models, open_model
from ecgapp.config import Settings
from ecgapp.models import pack, save_model
from ecgapp.promotion import Decision, History, export_bundle, install_import
from ecgapp.storage import admin_password
from ecgapp.ui.shell import auth

ADA = Decision("Ada", "trained on our own patients")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A shipped model "ward" and, in its place, an imported one with other weights."""
    monkeypatch.setattr(admin_password, "COST", 2**8)
    alone = Settings(tmp_path / "home", tmp_path / "shipped")
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: alone)
    save_model(alone.shipped_weights, *tiny_models.classifier("ward"))
    install_import(packed("ward"), ADA, alone)
    return alone


def packed(name):
    """A model with other weights and thresholds than the shipped one."""
    model, known = tiny_models.classifier(name, thresholds=(0.9,) * 9)
    model.network.head[1].bias += 1.0
    return pack(model, known)


def decide(page, key, by="Ben", why="too many false alarms"):
    page.text_input(key=f"by_{key}").set_value(by).run()
    page.text_input(key=f"why_{key}").set_value(why).run()


def test_a_stranger_sees_no_model_and_no_history(settings):
    page = open_page("models", settings, signed_in=False)
    assert not page.dataframe
    assert "use_ward" not in {button.key for button in page.button}
    assert not page.table


def test_the_table_shows_name_task_hash_origin_since_by_whom_and_figures_with_interval_and_n(settings):
    page = open_page("models", settings)
    (row,) = page.table[0].value.reset_index().to_dict("records")
    card = open_model("ward", settings).card
    macro = card.validation.macro_auroc
    assert (row["Model"], row["Task"], row["sha256"]) == ("ward", "nine_class", card.sha256[:12])
    assert (row["Origin"], row["By"], row["n"]) == ("imported", "Ada", "200")
    figure = f"{macro.value:.2f} ({macro.low:.2f}-{macro.high:.2f})"
    assert row["Figures"].startswith(f"Macro AUROC {figure}; insufficient (n = 2), Macro F1 ")
    assert row["Since"].endswith("UTC")
    assert "-" not in row.values()  # Markdown's bullet
    assert page.table[1].value["Why"].tolist() == [ADA.reason]


def test_rolling_back_to_the_shipped_model_needs_who_and_why_and_is_a_line_of_the_history(settings):
    page = open_page("models", settings)
    page.button(key="use_ward").click().run()
    assert "Say who you are" in said(page)
    decide(page, "ward")
    page.button(key="use_ward").click().run()
    assert not page.error
    assert open_model("ward", settings).card.thresholds == (0.5,) * 9
    assert page.table[0].value["Origin"].tolist() == ["shipped"]
    assert page.table[1].value[["What", "By", "Why"]].to_numpy().tolist() == [
        ["rolled back", "Ben", "too many false alarms"], ["imported", "Ada", ADA.reason]
    ]  # fmt: skip
    assert page.text_input(key="by_ward").value == "Ben"
    assert page.text_input(key="why_ward").value == ""


def test_an_old_version_is_deleted_with_the_bytes_that_it_frees(settings):
    page = open_page("models", settings)
    decide(page, "ward")
    page.button(key="remove_ward").click().run()
    decide(page, "ward", why="the disk is small")
    assert page.button(key="delete_ward").label == "Delete this version (frees under 1 MB)"
    page.button(key="delete_ward").click().run()
    assert History(settings).entries()[0].action == "deleted"
    assert "delete_ward" not in {button.key for button in page.button}


def test_a_bundle_from_another_machine_is_imported_or_refused_in_a_sentence(settings, tmp_path):
    there = Settings(tmp_path / "there", tmp_path / "nothing")
    install_import(packed("night"), ADA, there)
    bundle = export_bundle("night", there)
    page = open_page("models", settings)
    decide(page, "import_model", why="from the other ward")
    page.button(key="import_model").click().run()
    assert "Choose a file first" in said(page)
    page.file_uploader(key="import_model_0").set_value(("x.zip", bundle[:-9], "application/zip")).run()
    page.button(key="import_model").click().run()
    assert "no model bundle, or it is damaged" in said(page)
    assert list(available_models(settings)) == ["ward"]
    page.file_uploader(key="import_model_0").set_value(("x.zip", bundle, "application/zip")).run()
    page.button(key="import_model").click().run()
    assert "night is in use now" in page.success[0].value
    assert page.table[0].value.index.tolist() == ["night", "ward"]
    assert History(settings).entries("night")[0].reason == "from the other ward"


def test_a_dropped_bundle_is_shown_above_what_it_would_replace_before_anything_is_kept(settings, tmp_path):
    there = Settings(tmp_path / "there", tmp_path / "nothing")
    save_model(there.weights, *tiny_models.classifier("ward", thresholds=(0.3,) * 9))
    save_model(there.weights, tiny_models.autoencoder("coder"))
    page = open_page("models", settings)
    bundle = export_bundle("ward", there)
    page.file_uploader(key="import_model_0").set_value(("x.zip", bundle, "application/zip")).run()
    table = next(frame.value for frame in page.dataframe if "Trained on" in frame.value)
    assert table["Model"].tolist() == ["in this file", "ward, in use now"]
    assert "in place of ward, which can be rolled back to" in said(page)
    page.text_input(key="name_import_model").set_value("night").run()
    table = next(frame.value for frame in page.dataframe if "Trained on" in frame.value)
    assert table["Model"].tolist() == ["in this file"]
    coder = export_bundle("coder", there)
    page.file_uploader(key="import_model_0").set_value(("y.zip", coder, "application/zip")).run()
    page.text_input(key="name_import_model").set_value("ward").run()
    assert "is in use for another purpose" in said(page)
    decide(page, "import_model")
    page.button(key="import_model").click().run()
    assert open_model("ward", settings).card.is_classifier
    assert len(History(settings).entries()) == 1


def test_an_administrator_who_was_signed_out_meanwhile_changes_nothing(settings):
    page = open_page("models", settings)
    decide(page, "ward")
    page.session_state[auth.PASS] = "of yesterday"
    page.button(key="use_ward").click().run()
    assert open_model("ward", settings).card.thresholds == (0.9,) * 9
    assert len(History(settings).entries()) == 1


def test_the_page_opens_without_any_model(tmp_path, monkeypatch):
    monkeypatch.setattr(admin_password, "COST", 2**8)
    alone = Settings(tmp_path / "home", tmp_path / "shipped")
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: alone)
    page = open_page("models", alone)
    assert "No model yet" in said(page)
    assert not page.exception


def test_a_damaged_history_is_a_sentence(settings):
    (settings.home / "models.sqlite").write_bytes(b"damaged" * 1000)
    page = open_page("models", settings)
    assert "history of the models cannot be read" in said(page)
    assert not page.exception
