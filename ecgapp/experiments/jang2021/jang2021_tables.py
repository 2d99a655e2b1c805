"""The tables of the study of Jang et al. (2021) that compare two arms, and those of its trainings."""

from ecgapp.experiments.jang2021.jang2021_arms import FROZEN, PRETRAINING, TRAINED
from ecgapp.experiments.jang2021.jang2021_comparison import (
    ArmComparison,
    compared,
    compared_arms,
    p_cell,
    share_values,
)
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, LabelShare
from ecgapp.experiments.jang2021.jang2021_trial_tables import (
    F1,
    PUBLISHED_SHARES,
    image_titles,
    paper_table_2,
    paper_table_3,
    table_2,
    table_3,
)
from ecgapp.experiments.paper_tables.published_trials import published_trials
from ecgapp.experiments.report_parts import Cell, ResultTable
from ecgapp.experiments.study_protocol import Results

PAPER_ERROR = 626.583  # summed over the 2,048 samples of a window, on the paper's own test records
FAILED = (
    0.95  # of a constant answer's loss: a training loss that stays above it shows that nothing was learnt
)
_FIGURES = (
    "Labels", "Trials", "First, mean", "First, SD", "Second, mean", "Second, SD", "Difference", "95 % low",
    "95 % high", "Paired p", "Welch p", "Over records, low", "Over records, high",
)  # fmt: skip
_NOTES = (
    "Differences are second minus first. The first interval is of the paired t-test over trials; all trials "
    "share the test records, so it does not contain the chance by which these were sampled. The interval "
    "over records does: it is of the mean over trials, from 1,000 draws of the test records.",
)

Row = tuple[Cell, ...]


def all_tables(config: Jang2021Config, results: Results) -> tuple[ResultTable, ...]:
    """Every table of the report: ours as far as there are results, and the paper's."""
    return (
        transfer_table(config, results),
        frozen_table(config, results),
        image_table(config, results),
        learning_table(config, results),
        table_2(config, results, as_published=True),
        table_2(config, results, as_published=False),
        table_3(config, results),
        reconstruction_table(results),
        paper_table_2(),
        paper_table_3(),
    )


def transfer_table(config: Jang2021Config, results: Results) -> ResultTable:
    """Transfer against random initialisation for each share of the labels, beside the paper's figures."""
    rows: list[Row] = []
    for share in config.shares:
        if share.percent in PUBLISHED_SHARES:
            trials = [published_trials(F1, kind, int(share.percent)) for kind in TRAINED]
            rows += _row("Paper, best epoch on its test records", share, compared(*trials))
        best = compared_arms(results, TRAINED, share, "best_f1")
        rows += _row("Ours, best epoch on the test records", share, best)
        rows += _row("Ours, epoch chosen on validation", share, compared_arms(results, TRAINED, share))
    title = "Weighted F1 of random initialisation (first) and transfer (second)"
    return ResultTable("transfer", title, ("Source", *_FIGURES), tuple(rows), _NOTES)


def frozen_table(config: Jang2021Config, results: Results) -> ResultTable:
    """The controls: a linear head on the frozen pretrained encoder, and on frozen random encoders."""
    rows: list[Row] = []
    for share in config.shares:
        rows += _row("Linear head", share, compared_arms(results, FROZEN, share))
    title = (
        "Weighted F1 of a linear head on frozen random encoders (first) and on the pretrained one (second)"
    )
    return ResultTable("frozen", title, ("Source", *_FIGURES), tuple(rows), _NOTES)


def image_table(config: Jang2021Config, results: Results) -> ResultTable:
    """The image arms against transfer: the paper's GoogLeNet, and each image network that ran here."""
    rows: list[Row] = []
    for share in config.shares:
        if share.percent in PUBLISHED_SHARES:
            trials = [published_trials(F1, kind, int(share.percent)) for kind in ("image", "transfer")]
            rows += _row("Paper, GoogLeNet of ImageNet", share, compared(*trials))
        for kind, title in image_titles(config, results).items():
            rows += _row(title, share, compared_arms(results, (kind, "transfer"), share))
    title = "Weighted F1 of spectrogram images with a linear head (first) and transfer (second)"
    return ResultTable("images", title, ("Images", *_FIGURES), tuple(rows), _NOTES)


def learning_table(config: Jang2021Config, results: Results) -> ResultTable:
    """The training loss at the end beside that of a constant answer, which shows whether an arm learnt."""
    rows: list[Row] = []
    for share in config.shares:
        for kind in TRAINED:
            losses = learning_losses(results, kind, share)
            if losses is not None:
                learnt = "no" if losses[0] > FAILED * losses[1] else "yes"
                rows.append((f"{share.percent} %", kind, share.epochs, share.passes, *losses, learnt))
    columns = (
        "Labels", "Start", "Epochs", "Passes an epoch", "Training loss at the end", "Constant answer's loss",
        "Learnt",
    )  # fmt: skip
    note = f"An arm has learnt nothing if its training loss stays above {FAILED:g} of the constant answer's."
    return ResultTable("learning", "Training losses, means over trials", columns, tuple(rows), (note,))


def learning_losses(results: Results, kind: str, share: LabelShare) -> tuple[float, float] | None:
    """The mean training loss at the end, and the mean loss of a constant answer; None without a trial."""
    names = ("train_loss", "constant_loss")
    losses = [[v for v in share_values(results, kind, share, name) if v is not None] for name in names]
    if not losses[0]:
        return None
    trained, constant = (sum(values) / len(values) for values in losses)
    return trained, constant


def reconstruction_table(results: Results) -> ResultTable:
    """The autoencoder's error on our test records, beside the paper's on its own."""
    rows: list[Row] = [("Paper", None, None, PAPER_ERROR, PAPER_ERROR / 2048, None, None)]
    if PRETRAINING in results:
        trial = results[PRETRAINING].trials[0]
        v, n = trial.values, trial.counts
        figures = (v["summed"], v["mse"], v["mse_low"], v["mse_high"])
        rows.append(("Ours, test records", n["records"], n["windows"], *figures))
    columns = (
        "Source", "Records", "Windows", "Summed over a window", "Per sample", "95 % low", "95 % high"
    )  # fmt: skip
    title = "Squared error of the reconstruction, z-scored units"
    note = "The paper's data, filter and lead are others, so the two errors do not compare as such."
    return ResultTable("reconstruction", title, columns, tuple(rows), (note,))


def _row(source: str, share: LabelShare, pair: ArmComparison | None) -> list[Row]:
    """One row of a comparison; none without one."""
    if pair is None:
        return []
    over = pair.records.difference if pair.records else None
    trials: Row = (pair.first.mean, pair.first.sd, pair.second.mean, pair.second.sd)
    test: Row = (
        pair.paired.difference,
        pair.paired.low,
        pair.paired.high,
        p_cell(pair.paired.p),
        p_cell(pair.welch.p),
    )
    records: Row = (over.low, over.high) if over else (None, None)
    return [(source, f"{share.percent} %", pair.paired.n, *trials, *test, *records)]
