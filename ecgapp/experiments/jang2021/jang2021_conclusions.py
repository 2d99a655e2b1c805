"""The sentences that the results of the study of Jang et al. (2021) carry, and those they do not."""

from ecgapp.experiments.jang2021.jang2021_arms import FROZEN, TRAINED, image_kind
from ecgapp.experiments.jang2021.jang2021_comparison import (
    SIGNIFICANT,
    ArmComparison,
    compared,
    compared_arms,
    p_text,
    share_values,
)
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, LabelShare
from ecgapp.experiments.jang2021.jang2021_tables import FAILED, learning_losses
from ecgapp.experiments.jang2021.jang2021_trial_tables import (
    F1,
    LCI,
    PUBLISHED_SHARES,
    image_kinds,
    image_titles,
)
from ecgapp.experiments.paper_tables.published_trials import published_trials
from ecgapp.experiments.study_protocol import Results

_LIMITS = (
    "All trials share the same test records, and each trial draws its own training records: p values and "
    "intervals over trials hold for these test records. The tables also give intervals over records.",
    "No correction is made for the number of comparisons.",
)


def all_conclusions(config: Jang2021Config, results: Results) -> tuple[str, ...]:
    """The conclusions that the results carry, in the order in which they should be read."""
    return (
        *_failed_trainings(config, results),
        *_transfer(config, results),
        *_frozen(config, results),
        *_images(config, results),
        *_index(config, results),
        *_paper(),
        *_LIMITS,
    )


def difference_sentence(names: tuple[str, str], share: LabelShare, pair: ArmComparison) -> str:
    """The difference of two arms, or that none is shown."""
    test, n = pair.paired, pair.paired.n
    figures = f"{pair.second.mean:.3f} and {pair.first.mean:.3f}"
    head = f"At {share.percent} % of the labels, {names[1]} and {names[0]} reach a weighted F1 of {figures}"
    if not pair.is_significant:
        return f"{head}: no difference shown ({p_text(test.p)}, n = {n} pairs)."
    interval = f"95 % interval {test.low:+.3f} to {test.high:+.3f}"
    return f"{head}: difference {test.difference:+.3f} ({interval}, paired {p_text(test.p)}, n = {n} pairs)."


def _failed_trainings(config: Jang2021Config, results: Results) -> list[str]:
    """The arms whose training loss stayed at that of a constant answer: they are said first."""
    sentences = []
    for share in config.shares:
        for kind in TRAINED:
            losses = learning_losses(results, kind, share)
            if losses is not None and losses[0] > FAILED * losses[1]:
                sentences.append(
                    f"The arm {kind} failed to train at {share.percent} % of the labels: its training loss "
                    f"ends at {losses[0]:.3f}, and a constant answer has {losses[1]:.3f}. A difference to "
                    "this arm is no evidence for transfer."
                )
    return sentences


def _transfer(config: Jang2021Config, results: Results) -> list[str]:
    pairs = [(share, compared_arms(results, TRAINED, share)) for share in config.shares]
    names = ("random initialisation", "transfer")
    return [difference_sentence(names, share, pair) for share, pair in pairs if pair]


def _frozen(config: Jang2021Config, results: Results) -> list[str]:
    pairs = [(share, compared_arms(results, FROZEN, share)) for share in config.shares]
    names = (
        "a linear head on frozen random encoders",
        "a linear head on the frozen pretrained encoder",
    )
    return [difference_sentence(names, share, pair) for share, pair in pairs if pair]


def _images(config: Jang2021Config, results: Results) -> list[str]:
    sentences = []
    for kind, title in image_titles(config, results).items():
        names = (f"a linear head on images in a frozen {title}", "transfer")
        pairs = [(share, compared_arms(results, (kind, "transfer"), share)) for share in config.shares]
        sentences += [difference_sentence(names, share, p) for share, p in pairs if p]
    absent = [
        name
        for name in config.images
        if results.get(image_kind(name)) and image_kind(name) not in image_kinds(config, results)
    ]
    return sentences + [
        f"The image arm with {name} has no figures: its weights are not installed." for name in absent
    ]


def _index(config: Jang2021Config, results: Results) -> list[str]:
    """The range of the learning curve index, without a conclusion."""
    values = [
        value
        for share in config.shares
        for kind in TRAINED
        for value in share_values(results, kind, share, "lci")
        if value is not None
    ]
    if not values:
        return []
    return [
        f"The learning curve index of single trials lies between {min(values):.2g} and {max(values):.3g} "
        f"(n = {len(values)}); it varies too much between seeds for a conclusion."
    ]


def _paper() -> list[str]:
    """The paper's own trials through the same statistics."""
    sentences = []
    for percent in PUBLISHED_SHARES:
        f1, index = (
            compared(*(published_trials(figure, kind, int(percent)) for kind in TRAINED))
            for figure in (F1, LCI)
        )
        if f1 and index:
            sentences.append(
                f"The paper's own trials of random initialisation and transfer at {percent} %: weighted F1 "
                f"{f1.first.mean:.3f} (SD {f1.first.sd:.3f}) and {f1.second.mean:.3f} "
                f"(SD {f1.second.sd:.3f}), {_welch(f1)}; learning curve index "
                f"{index.first.mean:.3f} and {index.second.mean:.3f}, {_welch(index)}."
            )
    return sentences


def _welch(pair: ArmComparison) -> str:
    """Welch's p with the number of trials, or that it shows no difference."""
    figures = f"Welch's {p_text(pair.welch.p)}, n = {pair.welch.n} trials each"
    shows = pair.welch.p is not None and pair.welch.p < SIGNIFICANT
    return figures if shows else f"no difference shown ({figures})"
