"""Changes of the models in use: each is one rename, and a line of the history says who and why."""

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.errors import JobError, ModelError, ModelNotFoundError
from ecgapp.jobs import RunStore
from ecgapp.models import (
    ModelCard,
    PackedModel,
    installed_models,
    keep_plain_files,
    keep_version,
    read_model,
    read_version,
    unpack,
    use_version,
)
from ecgapp.promotion.concerns import promotion_concerns
from ecgapp.promotion.history import Action, Decision, History, Line, line_of
from ecgapp.promotion.versions import Version, files_of_its_own, in_use, versions

SHORTEST_DIGEST = 6  # characters of a sha256 that may stand for it

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
_UNTOLD = Decision("unknown", "It was in use here, and its coming had not been recorded.")
_RESULT = "result"  # the folder in a run's own that training leaves its model in


def promote_run(store: RunStore, run_id: str, name: str, decision: Decision, settings: Settings) -> ModelCard:
    """Install the run's model, card and validation predictions, as ``name``.

    A model of that name gives way to it and can be rolled back to. The run's events keep the promotion too.

    Raises:
        JobError: the run has not finished, its model is gone, or the disk is full.
        ModelError: the name is no name, or belongs to a model of another kind; or the model was changed
            since it was trained; or something speaks against it, and ``decision.despite`` is not its name.
    """
    packed = run_model(store, run_id)
    card = replace(packed.card, name=name)
    refuse_other_question(card, settings)
    concerns = concerns_here(card, settings)
    if concerns and decision.despite.strip() != name:
        raise ModelError(f"{' '.join(concerns)} To promote it all the same, type its name: {name}.")
    line = line_of(Action.PROMOTED, card, decision, run_id)
    _install(replace(packed, card=card), line, settings)
    told = f"Promoted as {name} by {line.author}, sha256 {card.sha256}. Why: {line.reason}"
    told = " ".join((told, *(["Although:", *concerns] if concerns else ())))
    store.add_event(run_id, "promoted", told)
    return card


def concerns_here(card: ModelCard, settings: Settings) -> tuple[str, ...]:
    """What speaks against using this model under its card's name, in place of the one in use.

    Raises:
        JobError: the history cannot be read.
    """
    version = in_use(card.name, settings)
    return promotion_concerns(card, version.card if version is not None else None)


def run_model(store: RunStore, run_id: str) -> PackedModel:
    """What the run has trained.

    Raises:
        JobError: the run has not finished, or its model is gone.
        WeightsMismatchError: its files cannot be read.
    """
    if store.get(run_id).state != "finished":
        raise JobError("This run has not finished, so there is no model to promote yet.")
    folder = store.folder(run_id) / _RESULT
    trained = list(installed_models([folder]))
    if len(trained) != 1:
        raise JobError("The run's model is no longer there. Train it again.")
    return read_model([folder], trained[0])


def install_import(packed: PackedModel, decision: Decision, settings: Settings) -> None:
    """Install a model of another machine that ``read_bundle`` has checked, under its card's name.

    Raises:
        JobError: the disk is full.
        ModelError: the name is no name, or belongs to a model of another kind.
    """
    refuse_other_question(packed.card, settings)
    _install(packed, line_of(Action.IMPORTED, packed.card, decision), settings)


def roll_back(name: str, sha256: str, decision: Decision, settings: Settings) -> ModelCard:
    """Use another version of the model ``name``, the shipped one included, from now on.

    ``sha256`` is that of the version's weights or of its card, or its first digits.

    Raises:
        ModelNotFoundError: there is no such version.
        ModelError: it is in use already, its files are damaged, or it answers another question than the
            one in use.
    """
    version = find_version(name, sha256, settings)
    if version.in_use or version.card is None:
        why = "is in use already" if version.in_use else "was made for another version of the app"
        raise ModelError(f"This version of {name} {why}. Choose another one.")
    refuse_other_question(version.card, settings)
    line = line_of(Action.ROLLED_BACK, version.card, decision, version.line.run_id if version.line else "")
    if version.shipped:
        _give_way(line, settings)
    else:
        _install(read_version(settings.weights, version.card), line, settings)
    return version.card


def remove(name: str, decision: Decision, settings: Settings) -> None:
    """Offer no model of this name any more, or only the shipped one; the versions here can come back.

    Raises:
        ModelNotFoundError: this machine has none of its own of this name.
    """
    version = in_use(name, settings)
    if version is None or version.shipped or version.card is None:
        raise ModelNotFoundError(f"There is no model {name} of this machine's own to remove.")
    _give_way(line_of(Action.REMOVED, version.card, decision), settings)


def delete_version(name: str, sha256: str, decision: Decision, settings: Settings) -> int:
    """Delete a version's files, where no other version has them too; the bytes that were freed.

    Raises:
        ModelNotFoundError: there is no such version.
        ModelError: it is in use, or it is the shipped one.
    """
    version = find_version(name, sha256, settings)
    if version.in_use or version.shipped or version.line is None:
        raise ModelError("A version in use and the shipped version cannot be deleted.")
    told = replace(version.line, action=Action.DELETED, installed=False, time=0.0)
    line = replace(told, author=decision.by.strip(), reason=decision.reason.strip())
    doomed = files_of_its_own(line, settings)
    History(settings).tell(line)
    return sum(_delete(path) for path in doomed)


def find_version(name: str, sha256: str, settings: Settings) -> Version:
    """The version of this name the sha256 of whose weights, or of whose card, begins so.

    Of versions with the same weights it is the one that is not in use, where only one is not.

    Raises:
        ModelNotFoundError: there is none, or there are several.
    """
    found = [
        version
        for version in versions(name, settings)
        if version.sha256.startswith(sha256) or version.digest.startswith(sha256)
    ]
    others = [version for version in found if not version.in_use] or found
    if len(sha256) < SHORTEST_DIGEST or not found:
        raise ModelNotFoundError(
            f"The model {name} has no version that begins with {sha256 or 'nothing'}. "
            f"Give at least {SHORTEST_DIGEST} digits of one in its history."
        )
    digests = dict.fromkeys(version.digest for version in others)
    if len(digests) > 1:
        cards = ", ".join(digest[:12] for digest in digests)
        raise ModelNotFoundError(
            f"{len(digests)} versions of {name} begin with {sha256}. Name one by its card's sha256: {cards}."
        )
    return others[0]


def refuse_other_question(card: ModelCard, settings: Settings) -> None:
    """Let nobody who asks for the model of a name get answers to another question, or from other leads.

    Raises:
        ModelError: the model in use under this name has another purpose, task, labels or leads.
    """
    version = in_use(card.name, settings)
    if version is None or version.card is None:
        return
    before, now = _question(version.card), _question(card)
    other = [what for what, answer in before.items() if answer != now[what]]
    if other:
        raise ModelError(
            f"The name {card.name} belongs to a model that answers another question: {version.card.title}. "
            f"This one has other {' and '.join(other)}. "
            "Choose another name, or take that model out of use first."
        )


def _question(card: ModelCard) -> dict[str, object]:
    """What a model answers (a task's labels, or what it does without a task), and from which leads."""
    answers: object = card.purpose, card.asks_if_readable
    if card.task is not None:
        answers = card.task.name, card.task.label_names
    return {"answers": answers, "leads": card.preprocessing.leads}


def refuse_bad_name(name: str) -> None:
    """
    Raises:
        ModelError: the name could not be a file's.
    """
    if not _NAME.fullmatch(name):
        raise ModelError("Name the model with up to 60 letters, digits, dots, dashes or underscores.")


def _install(packed: PackedModel, line: Line, settings: Settings) -> None:
    refuse_bad_name(packed.card.name)
    unpack(packed)
    history = History(settings)
    try:
        _record_found(packed.card.name, history, settings)
        keep_version(settings.weights, packed)
    except OSError as error:
        raise JobError("The model cannot be installed. Check that the disk is not full.") from error
    history.change(line, lambda: use_version(settings.weights, packed.card))


def _give_way(line: Line, settings: Settings) -> None:
    """Take this machine's own model of the line's name out of use."""
    history = History(settings)
    _record_found(line.name, history, settings)
    card = settings.weights / f"{line.name}.json"
    history.change(replace(line, installed=False), lambda: card.unlink(missing_ok=True))


def _record_found(name: str, history: History, settings: Settings) -> None:
    """A model that other hands put here gets a line, so that it can come back."""
    own = installed_models([settings.weights]).get(name)
    if own is None or any(line.installed and line.read_card() == own for line in history.lines(name)):
        return
    with suppress(ModelError):  # a damaged one need not come back
        unpack(read_version(settings.weights, own))
        keep_plain_files(settings.weights, own)
        history.tell(line_of(Action.FOUND, own, _UNTOLD))


def _delete(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    return size
