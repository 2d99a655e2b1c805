"""The papers' numbers: our statistics of the printed trials give the printed means, SDs and p values."""

import math

import pytest

from ecgapp.evaluate import trial_summary, welch_test
from ecgapp.experiments.paper_tables.published_figures import SOURCES, published_figures
from ecgapp.experiments.paper_tables.published_trials import published_arms, published_trials

F1, LCI = "weighted F1", "learning curve index"
PRINTED_F1 = {  # arm, percent: mean, SD
    ("random", 100): (0.843, 0.004), ("image", 100): (0.811, 0.005), ("transfer", 100): (0.857, 0.004),
    ("random", 50): (0.831, 0.005), ("image", 50): (0.796, 0.003), ("transfer", 50): (0.843, 0.004),
    ("random", 25): (0.543, 0.009), ("image", 25): (0.782, 0.003), ("transfer", 25): (0.835, 0.008),
}  # fmt: skip
PRINTED_LCI = {
    ("random", 100): (1.370, 0.178), ("transfer", 100): (1.440, 0.205),
    ("random", 50): (1.211, 0.183), ("transfer", 50): (1.678, 0.266),
    ("random", 25): (0.557, 0.075), ("transfer", 25): (1.184, 0.242),
}  # fmt: skip
COUNTS = {"ansari2020": 8, "singstad2020": 22, "verma2021": 15, "ptbxl_benchmark": 60}


def printed(value):
    """The value to three digits, rounded or cut off: the paper does both."""
    return round(value, 3), math.floor(value * 1000) / 1000


def test_each_table_has_ten_trials_of_each_arm():
    assert {(each.arm, each.percent) for each in published_arms(F1)} == set(PRINTED_F1)
    assert {(each.arm, each.percent) for each in published_arms(LCI)} == set(PRINTED_LCI)
    assert all(len(each.trials) == 10 for figure in (F1, LCI) for each in published_arms(figure))
    assert published_trials(LCI, "image", 100) == ()


@pytest.mark.parametrize("arm", PRINTED_F1)
def test_the_printed_means_and_sds_of_the_weighted_f1_come_out(arm):
    summary = trial_summary(published_trials(F1, *arm))
    assert summary.mean == pytest.approx(
        PRINTED_F1[arm][0], abs=0.001
    )  # 0.8107 is printed as 0.811, 0.5432 as 0.543
    rounding = 0.001 if arm == ("image", 100) else 0.0005  # 0.0056 is printed as 0.005
    assert summary.sd == pytest.approx(PRINTED_F1[arm][1], abs=rounding + 1e-9)


@pytest.mark.parametrize("arm", PRINTED_LCI)
def test_the_printed_means_of_the_index_come_out_and_its_sds_are_those_of_a_population(arm):
    summary = trial_summary(published_trials(LCI, *arm))
    assert PRINTED_LCI[arm][0] in printed(summary.mean)
    assert PRINTED_LCI[arm][1] in printed(summary.sd * math.sqrt(9 / 10))


def test_the_sample_sds_of_the_index():
    sds = [trial_summary(each.trials).sd for each in published_arms(LCI)]
    assert sds == pytest.approx([0.188, 0.216, 0.193, 0.280, 0.079, 0.256], abs=0.0006)


@pytest.mark.parametrize(
    ("figure", "other", "percent", "p"),
    [
        (F1, "random", 100, 2e-6), (F1, "random", 50, 1.3e-5), (F1, "random", 25, 4e-24),
        (F1, "image", 100, 2e-13), (F1, "image", 50, 7.5e-17), (F1, "image", 25, 1.4e-9),
        (LCI, "random", 50, 5.1e-4), (LCI, "random", 25, 1.6e-5),
    ],
)  # fmt: skip
def test_transfer_differs_from_the_other_arms_by_welchs_test(figure, other, percent, p):
    tested = welch_test(
        published_trials(figure, other, percent), published_trials(figure, "transfer", percent)
    )
    assert tested.p == pytest.approx(p, rel=0.3)
    assert tested.low > 0


def test_the_index_at_all_training_data_does_not_differ():
    tested = welch_test(published_trials(LCI, "random", 100), published_trials(LCI, "transfer", 100))
    assert tested.p == pytest.approx(0.45, abs=0.005)
    assert tested.low < 0 < tested.high


@pytest.mark.parametrize("study", COUNTS)
def test_every_printed_figure_has_its_source_and_lies_between_zero_and_one(study):
    figures = published_figures(study)
    assert len(figures) == COUNTS[study]
    assert all(figure.source in SOURCES and figure.citation for figure in figures)
    assert all(0 < figure.value < 1 for figure in figures)
    assert all(figure.half_width is None or 0 < figure.half_width < 0.05 for figure in figures)
    keys = [(each.source, each.model, each.setting, each.figure) for each in figures]
    assert len(set(keys)) == len(keys)


def test_some_figures_as_the_papers_print_them():
    def value(study, source, model, setting, figure):
        chosen = [
            e for e in published_figures(study) if (e.source, e.model, e.setting) == (source, model, setting)
        ]
        return next(each.value for each in chosen if each.figure == figure)

    benchmark = ("ptbxl_benchmark", "ptbxl_benchmark", "xresnet1d101")
    assert value(*benchmark, "PTB-XL, superdiagnostic", "macro AUROC") == 0.928
    assert value(*benchmark, "ICBEB (CPSC2018)", "F2") == 0.819
    assert value("ansari2020", "ansari2020", "autoencoder code", "hidden test", "G2") == 0.545
    assert value("singstad2020", "singstad2020", "CNN-LSTM", "CPSC2018, training data, STE", "recall") == 0.65
    assert value("verma2021", "verma2021", "xresnet1d101", "G12EC, fine-tuned", "macro AUROC") == 0.916


def test_an_unknown_study_has_no_figures():
    assert published_figures("another") == ()
