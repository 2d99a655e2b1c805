"""The benchmarks: they start, their tables can be read, and accuracy is judged on the right records."""

from dataclasses import replace

import numpy as np
import pytest
from dataset_sources import write_ptb_xl, write_zscored
from tiny_models import autoencoder, classifier

from benchmarks import (
    accuracy,
    archive_scoring,
    beats,
    experiments,
    figures,
    rules,
    st_elevation,
    statement_counts,
    table,
)
from benchmarks.app import __main__ as app
from benchmarks.training import __main__ as training
from benchmarks.training import lead2
from benchmarks.training.contestants import recipe
from ecgapp.config import Settings
from ecgapp.models import Interval, Predictions, TrainedModel


@pytest.mark.parametrize(
    "script",
    [
        accuracy,
        app,
        archive_scoring,
        beats,
        experiments,
        figures,
        rules,
        st_elevation,
        statement_counts,
        training,
    ],
    ids=lambda module: module.__name__,
)
def test_a_script_explains_itself(script, capsys):
    with pytest.raises(SystemExit) as ended:
        script.main(["--help"])
    assert ended.value.code == 0
    assert f"python -m {script.__name__.removesuffix('.__main__')}" in capsys.readouterr().out


def test_a_table_has_one_line_a_row_and_marks_what_was_missed():
    rows = [
        table.Row("AUROC", "0.95", "fold 10", table.at_least(0.9, 0.95), "n = 10"),
        table.Row("time", "3.1 s", "p95 | warm", table.at_most(2.0, 3.1, "s")),
        table.Row("bytes", "7", "no target"),
    ]
    assert table.markdown(rows).splitlines() == [
        "| what | target | measured | n, interval | how |",
        "| --- | --- | --- | --- | --- |",
        "| AUROC | >= 0.9 | 0.95 | n = 10 | fold 10 |",
        "| time | <= 2 s | **3.1 s, missed** | - | p95 \\| warm |",
        "| bytes | - | 7 | - | no target |",
    ]


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (table.at_least(0.9, 0.9), True),
        (table.at_least(0.9, 0.89), False),
        (table.at_most(2.0, 2.0), True),
        (table.at_most(2.0, 2.01), False),
    ],
)
def test_a_target_is_reached_at_its_very_value(target, reached):
    assert target.reached is reached


def test_an_interval_is_told_in_the_digits_of_its_value():
    assert table.interval_words(Interval(0.9312, 0.9001, 0.9599)) == "95 % 0.900-0.960"
    assert table.interval_words(Interval(307.21, 290.04, 320.0)) == "95 % 290.0-320.0"


@pytest.mark.parametrize(
    ("words", "folds"),
    [
        ("folds 1-8", {1, 2, 3, 4, 5, 6, 7, 8}),
        ("folds 1, 3, 10", {1, 3, 10}),
        ("fold 9", {9}),
        ("folds 2-4, each by members trained without it", {2, 3, 4}),
    ],
)
def test_the_folds_that_a_card_names_are_understood(words, folds):
    assert accuracy.fold_numbers(words) == folds


@pytest.mark.parametrize(
    ("folder", "layout"),
    [
        ("ptb-xl", "ptb-xl"),
        ("ptb-xl-1.0.3", "ptb-xl"),
        ("ptb-xl-zscored", "ptb-xl-zscored"),
        ("challenge2021", "challenge"),
        ("mitdb", None),
    ],
)
def test_a_folder_is_imported_by_the_layout_that_it_is_named_after(folder, layout):
    assert accuracy.layout_of(folder) == layout


def test_a_class_with_four_positives_is_left_out_of_the_macro_figure():
    model, known = classifier()
    targets = known.targets.copy()
    targets[:, 0] = 0
    targets[:4, 0] = 1
    names = model.card.task.label_names
    evaluation, left_out = accuracy.common_classes(
        model.card, Predictions(known.probabilities, targets, known.folds)
    )
    assert left_out == [names[0], names[-1]]  # the last label has two positives
    values = [figures.auroc.value for figures in evaluation.per_label if figures.label not in left_out]
    assert evaluation.macro_auroc.value == pytest.approx(np.mean(values))


def test_a_figure_on_training_records_is_never_held_against_its_target():
    target = table.at_least(0.9, 0.99)
    assert accuracy._if(False, target) == table.Target(">= 0.9", None)
    assert accuracy._if(True, target) is target


def test_real_windows_come_from_ptb_xl_alone_and_keep_its_folds(tmp_path):
    data = tmp_path / "data"
    write_ptb_xl(data / "ptb-xl-1.0.3", folds=(1, 9, 9), patients=(1, 2, 2))
    write_zscored(data / "ptb-xl-zscored")
    (data / "mitdb").mkdir()
    config = recipe(batch=2, seed=0, device="cpu")
    records = lead2.real_records(data, config, tmp_path / "home")
    assert sorted(records.folds) == [1, 1, 2, 3, 9, 9]
    assert next(lead2.batches_of(records, config)).shape == (2, 1, 2048)


def test_records_of_training_are_told_from_others(tmp_path):
    """The tiny models' cards name no store of ours; those that do were trained on folds 1 to 8."""
    write_ptb_xl(tmp_path / "data" / "ptb-xl", folds=(1, 9, 10), patients=(1, 2, 3))
    settings = Settings(tmp_path / "home")
    stores = accuracy.import_all(tmp_path / "data", settings, {"ptb-xl"})
    card = autoencoder(leads=("II",)).card
    ours = replace(card, provenance=replace(card.provenance, datasets=("ptb-xl",)))
    every = list(stores.values())
    bench = accuracy.Bench(stores, settings, accuracy.ALL_FOLDS, held_back=False)
    assert bench.seen(card, every) == (0, 3)
    assert bench.seen(ours, every) == (1, 3)
    assert accuracy.Bench(stores, settings, (9, 10), held_back=False).seen(ours, every) == (0, 2)
    assert accuracy.Bench(stores, settings, accuracy.ALL_FOLDS, held_back=True).seen(ours, every) == (0, 3)
    rows = accuracy.autoencoder_rows(bench, TrainedModel(autoencoder(leads=("II",)).network, ours))
    assert [row.how.startswith("IN TRAINING: 1 of 3") for row in rows] == [True, False]
