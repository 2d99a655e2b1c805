"""The figures of the study of Jang et al. (2021): reconstructions, learning curves, and F1 by share."""

from ecgapp.evaluate import trial_summary
from ecgapp.experiments.jang2021.jang2021_arms import FROZEN, PRETRAINING, TRAINED, arm_key
from ecgapp.experiments.jang2021.jang2021_comparison import share_values
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, LabelShare
from ecgapp.experiments.jang2021.jang2021_trial_tables import image_kinds
from ecgapp.experiments.report_parts import FigurePanel, FigureSeries, ResultFigure
from ecgapp.experiments.study_protocol import Results

_DIGITS = 3  # of the samples and curves in figures


def all_figures(config: Jang2021Config, results: Results) -> tuple[ResultFigure, ...]:
    """The figures for which there are results."""
    figures = (figure_4(config, results), figure_5(config, results), shares_figure(config, results))
    return tuple(figure for figure in figures if figure.panels)


def figure_4(config: Jang2021Config, results: Results) -> ResultFigure:
    """Figure 4 of the paper: windows of test records and their reconstructions."""
    panels: list[FigurePanel] = []
    if PRETRAINING in results:
        arrays = results[PRETRAINING].arrays(0)
        pairs = zip(arrays["windows"].tolist(), arrays["reconstructions"].tolist(), strict=True)
        panels = [_reconstruction(config, *pair, number) for number, pair in enumerate(pairs, 1)]
    caption = (
        "Test records whose error lies at the middle of each quarter of all, the best reconstructed first."
    )
    return ResultFigure("figure4_reconstructions", "Figure 4: reconstructions", tuple(panels), caption)


def figure_5(config: Jang2021Config, results: Results) -> ResultFigure:
    """Figure 5 of the paper: the weighted F1 on the test records after each epoch, of the first trial."""
    panels = []
    for share in config.shares:
        series = [line for kind in TRAINED for line in _curve(results, kind, share)]
        if series:
            title = f"{share.percent} % of the labels"
            panels.append(FigurePanel(title, "Epoch", "Weighted F1, test records", tuple(series)))
    caption = "The first trial. Points mark the best epoch on the test records, as in the paper."
    return ResultFigure("figure5_learning_curves", "Figure 5: learning curves", tuple(panels), caption)


def shares_figure(config: Jang2021Config, results: Results) -> ResultFigure:
    """The mean weighted F1 of every arm by share of the labels, with one SD over trials."""
    series = []
    for kind in (*TRAINED, *FROZEN, *image_kinds(config, results)):
        points = [(share, _defined(results, kind, share)) for share in config.shares]
        points = [(share, values) for share, values in points if values]
        if points:
            summaries = [trial_summary(values) for _, values in points]
            low = tuple(s.mean - (s.sd or 0.0) for s in summaries)
            high = tuple(s.mean + (s.sd or 0.0) for s in summaries)
            x = tuple(f"{share.percent} %" for share, _ in points)
            series.append(FigureSeries(kind, x, tuple(s.mean for s in summaries), "points", low, high))
    panel = FigurePanel("All arms", "Share of the labels", "Weighted F1, test records", tuple(series))
    caption = "Means over trials with one SD; trained arms at the epoch chosen on validation."
    title = "Weighted F1 by share of the labels"
    return ResultFigure("f1_by_share", title, (panel,) if series else (), caption)


def _reconstruction(
    config: Jang2021Config, window: list[float], answer: list[float], number: int
) -> FigurePanel:
    rate = config.preprocessing.sampling_rate
    x = tuple(round(sample / rate, _DIGITS) for sample in range(len(window)))
    series = tuple(
        FigureSeries(name, x, tuple(round(value, _DIGITS) for value in values))
        for name, values in (("ECG", window), ("Reconstruction", answer))
    )
    return FigurePanel(f"Test record {number}", "Time, s", "z-scored", series)


def _curve(results: Results, kind: str, share: LabelShare) -> list[FigureSeries]:
    key = arm_key(kind, share)
    if key not in results:
        return []
    trial = results[key].trials[0]
    f1, best = trial.curves["test_f1"], trial.counts["best_epoch"]
    epochs = tuple(float(epoch) for epoch in range(1, len(f1) + 1))
    mark = FigureSeries(f"{kind}, best epoch", (float(best),), (f1[best - 1],), "points")
    return [FigureSeries(kind, epochs, f1), mark]


def _defined(results: Results, kind: str, share: LabelShare) -> list[float]:
    return [value for value in share_values(results, kind, share) if value is not None]
