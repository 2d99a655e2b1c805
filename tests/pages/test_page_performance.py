"""The performance page: figures with intervals and n, and a slider that moves all of them."""

import json
from dataclasses import replace

import pytest
import tiny_models
from streamlit.testing.v1 import AppTest

from ecgapp.analysis import version_predictions
from ecgapp.config import DISCLAIMER, PROJECT, Settings
from ecgapp.evaluate import metrics_at, overall_figures
from ecgapp.models import TrainedModel, pack, save_model
from ecgapp.models.card_words import with_interval
from ecgapp.promotion import Decision, install_import
from ecgapp.tasks import task
from ecgapp.ui.performance.model_view import JANG
from ecgapp.ui.shell import model_choice

PAGE = str(PROJECT / "pages" / "performance.py")


def open_page(home, monkeypatch):
    tiny_models.stand_alone(monkeypatch, home)
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


@pytest.fixture
def page(tmp_path, monkeypatch):
    tiny_models.install(tmp_path / "weights")
    return open_page(tmp_path, monkeypatch)


def macro(page):
    return page.dataframe[0].value.iloc[0]


def per_class(page):
    return page.dataframe[1].value.set_index("Class")


def test_it_opens_empty_with_the_disclaimer_and_a_hint(tmp_path, monkeypatch):
    page = open_page(tmp_path, monkeypatch)
    assert DISCLAIMER in page.caption[0].value
    assert "none is installed" in page.info[0].value


def test_it_opens_with_a_classifier_and_names_its_test_set(page):
    assert "made, fold 9" in page.markdown[0].value
    assert "200 records" in page.markdown[0].value
    assert "95 % bootstrap intervals" in page.markdown[0].value


def test_each_class_has_its_figures_with_intervals_and_n(page):
    table = per_class(page)
    assert list(table.index) == list(task("nine_class").label_names)
    for label, row in table.iterrows():
        assert row["n"].endswith("of 200")
        for figure in ("Precision", "Recall", "F1", "AUROC", "AUPRC"):
            assert label == "STE" or row[figure].count("(") == 1


def test_a_class_with_few_positives_shows_no_percentage(page):
    row = per_class(page).loc["STE"]
    assert row["Precision"] == "insufficient validation data (n = 2)"
    assert list(row[["Recall", "F1", "AUROC", "AUPRC"]]) == ["-"] * 4


def test_the_means_are_those_of_the_card(page):
    model, _ = tiny_models.classifier()
    figures = model.card.validation
    assert macro(page)["Macro AUROC"] == with_interval(figures.macro_auroc)
    assert macro(page)["F2"] == with_interval(figures.f2)
    assert macro(page)["G2"] == with_interval(figures.g2)


def test_beside_the_means_stand_the_figures_of_all_classes_and_what_the_challenge_scores(page):
    known, card = tiny_models.predictions(9), tiny_models.classifier()[0].card
    figures = overall_figures(card.task, known.probabilities, known.targets, card.thresholds, n_bootstrap=200)
    assert macro(page)["Weighted F1"] == with_interval(figures.weighted_f1.figure)
    assert macro(page)["Accuracy"] == with_interval(figures.accuracy.figure)
    assert macro(page)["Challenge 2021"] == with_interval(figures.challenge_2021.figure)
    words = " ".join(caption.value for caption in page.caption)
    assert "Weighted F1 200, Accuracy 200, Challenge 2021 200" in words
    assert "does not score STD, STE" in words


def test_there_is_one_two_by_two_a_class_and_each_adds_up(page):
    tables = [table.value for table in page.table][:9]
    assert len(tables) == 9
    assert all(int(table.to_numpy().sum()) == 200 for table in tables)


def test_the_slider_moves_every_figure_of_every_class(page):
    before, means = per_class(page), macro(page)
    boxes = [table.value.to_numpy().tolist() for table in page.table][:9]
    page.slider[0].set_value(0.8).run()
    assert not page.exception
    assert set(per_class(page)["Threshold"]) == {0.8}
    for label in ("AF", "PVC"):
        assert per_class(page).loc[label, "Precision"] != before.loc[label, "Precision"]
        assert per_class(page).loc[label, "Recall"] != before.loc[label, "Recall"]
        assert per_class(page).loc[label, "AUROC"][:4] == before.loc[label, "AUROC"][:4]
    for figure in ("Macro F1", "F2", "G2"):
        assert macro(page)[figure] != means[figure]
    assert [table.value.to_numpy().tolist() for table in page.table][:9] != boxes


def test_the_moved_figures_are_those_of_the_kept_predictions(page):
    page.slider[0].set_value(0.3).run()
    known = tiny_models.predictions(9)
    figures = metrics_at(task("nine_class"), known.probabilities, known.targets, (0.3,) * 9)
    for metrics in figures.per_label[:-1]:
        assert per_class(page).loc[metrics.label, "Recall"].startswith(f"{metrics.recall.value:.2f} ")
    assert macro(page)["F2"].startswith(f"{figures.f2.value:.2f} ")


def test_the_slider_moves_one_class_alone_where_one_is_chosen(page):
    next(box for box in page.selectbox if box.label.startswith("Try")).set_value("PVC").run()
    page.slider[0].set_value(0.9).run()
    thresholds = per_class(page)["Threshold"]
    assert thresholds["PVC"] == 0.9
    assert set(thresholds.drop("PVC")) == {0.5}


def test_the_curves_carry_a_dot_at_the_threshold_in_force(page):
    spec = json.loads(page.get("plotly_chart")[0].proto.spec)
    lines = [trace for trace in spec["data"] if trace["mode"] == "lines"]
    dots = [trace for trace in spec["data"] if trace["mode"] == "markers"]
    assert len(lines) == len(dots) == 8  # STE has too few positives
    assert all(dot["name"].endswith("at 0.50") for dot in dots)


def test_the_curves_are_those_of_the_version_shown_though_another_came_into_use_meanwhile(tmp_path):
    settings = Settings(tmp_path, tmp_path / "shipped")
    model, known = tiny_models.classifier("ward")
    shown = pack(model, known)
    install_import(shown, Decision("Ada", "first"), settings)
    install_import(pack(model, tiny_models.predictions(9, seed=5)), Decision("Ben", "next"), settings)
    assert (version_predictions(shown.card, settings).probabilities == known.probabilities).all()


def test_models_that_share_a_title_are_told_apart_by_name(tmp_path, monkeypatch):
    for name in ("ward", "night"):
        save_model(tmp_path / "weights", *tiny_models.classifier(name))
    options = open_page(tmp_path, monkeypatch).selectbox(key="performance_model").options
    assert options == ["Tiny nine_class (night)", "Tiny nine_class (ward)"]


def test_an_autoencoder_shows_its_error_beside_the_papers(page):
    page.selectbox(key="performance_model").set_value("tiny_cae").run()
    assert page.dataframe[0].value.iloc[0]["MSE per sample"] == "0.20 (0.10-0.30)"
    assert JANG in [caption.value for caption in page.caption]


def test_a_classifier_without_kept_predictions_shows_its_card(tmp_path, monkeypatch):
    save_model(tmp_path / "weights", tiny_models.classifier()[0])
    page = open_page(tmp_path, monkeypatch)
    assert len(per_class(page)) == 9
    assert "were not kept" in page.info[0].value


def test_damaged_predictions_are_told_and_the_cards_figures_stay(tmp_path, monkeypatch):
    save_model(tmp_path / "weights", *tiny_models.classifier())
    (tmp_path / "weights" / "tiny_nine.predictions.safetensors").write_bytes(b"damaged")
    page = open_page(tmp_path, monkeypatch)
    assert len(per_class(page)) == 9
    assert "validation predictions of tiny_nine" in page.warning[0].value


def test_an_unvalidated_classifier_is_not_to_be_relied_on(tmp_path, monkeypatch):
    model, _ = tiny_models.classifier()
    save_model(tmp_path / "weights", TrainedModel(model.network, replace(model.card, validation=None)))
    assert "not validated" in open_page(tmp_path, monkeypatch).warning[0].value


def test_a_damaged_card_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "broken.json").write_text("{", encoding="utf-8")
    page = open_page(tmp_path, monkeypatch)
    assert len(page.warning) == 1
    assert "broken cannot be read" in page.warning[0].value
    assert not page.exception


@pytest.fixture
def ventricular_page(tmp_path, monkeypatch):
    save_model(tmp_path / "weights", tiny_models.ventricular())
    return open_page(tmp_path, monkeypatch)


def test_a_ventricular_network_says_how_it_was_judged_and_what_its_figures_cannot_tell(ventricular_page):
    words = " ".join(one.value for one in ventricular_page.markdown)
    assert "the one of 2 members that was trained without its patient" in words
    assert "every 32 ms" in words
    assert "not by cardiologists" in words
    assert "those of 30 patients" in words


def test_sensitivity_and_false_alarms_come_with_counts_and_wilsons_interval(ventricular_page):
    rows = ventricular_page.dataframe[0].value.set_index("Figure")
    share = "Share called ventricular (95 %)"
    assert list(rows.loc["Sensitivity"]) == ["80.0% (65.2%-89.5%)", "32", "40"]
    assert rows.loc["False alarms, all", ["Called", "n"]].tolist() == ["1", "50"]
    assert rows.loc["False alarms, other rhythms", share].startswith("0.0% (0.0%-8.8%)")
    assert rows.loc["False alarms, no cardiac activity", share].startswith("10.0% (1.8%-40.4%)")


def test_each_kind_stands_under_what_should_become_of_it_noise_without_patients(ventricular_page):
    ill, well, noise = (table.value for table in ventricular_page.dataframe[1:])
    assert ill["Kind"].tolist() == ["cudb, ventricular"]
    assert (well["Kind"].tolist(), well["Patients"].tolist()) == (["cudb, organised"], ["12"])
    assert noise["Kind"].tolist() == ["white noise"]
    assert "Patients" not in noise


def test_the_chart_has_a_dot_and_an_interval_for_every_kind(ventricular_page):
    spec = json.loads(ventricular_page.get("plotly_chart")[0].proto.spec)
    assert [trace["y"] for trace in spec["data"]] == [
        ["cudb, ventricular (n = 40)"],
        ["cudb, organised (n = 40)"],
        ["white noise (n = 10)"],
    ]
    bar = spec["data"][0]["error_x"]
    assert bar["array"] == pytest.approx([9.5], abs=0.1)
    assert bar["arrayminus"] == pytest.approx([14.8], abs=0.1)
    assert len({trace["marker"]["symbol"] for trace in spec["data"]}) == 3


def test_an_unvalidated_ventricular_network_is_not_given_figures(tmp_path, monkeypatch):
    model = tiny_models.ventricular()
    save_model(tmp_path / "weights", TrainedModel(model.network, replace(model.card, ventricular=None)))
    page = open_page(tmp_path, monkeypatch)
    assert "was not validated" in page.warning[0].value
    assert not page.dataframe


def test_a_ventricular_network_is_offered_as_nothing_else():
    cards = {card.name: card for card in (tiny_models.ventricular().card, tiny_models.autoencoder().card)}
    assert list(model_choice.ventricular(cards)) == ["tiny_ventricular"]
    others = (
        model_choice.classifiers,
        model_choice.autoencoders,
        model_choice.delineators,
        model_choice.gates,
    )
    assert not any("tiny_ventricular" in kind(cards) for kind in others)
