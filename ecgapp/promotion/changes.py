"""Changes to the models in use. Each change is atomic (one file rename) and adds one history entry."""

import re
from contextlib import suppress
from dataclasses import replace

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
from ecgapp.promotion.history import Action, Decision, History, HistoryEntry, entry_of
from ecgapp.promotion.versions import Version, files_of_its_own, in_use, versions

SHORTEST_DIGEST = 6  # characters of a sha256 that identify it

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
_UNRECORDED = Decision("unknown", "Found in the model folder; who installed it is unknown.")
_RESULT = "result"  # the subfolder of a run's folder with its model


def promote_run(store: RunStore, run_id: str, name: str, decision: Decision, settings: Settings) -> ModelCard:
    """Install the run's model, card and validation predictions as ``name``.

    The model it replaces stays available for rollback. The promotion is also an event of the run.

    Raises:
        JobError: the run has not finished, its model is missing, or the disk is full.
        ModelError: the name is invalid or belongs to a model of another task; or the model was changed
            since it was trained; or there are concerns and the user did not type the model's name to confirm
            (``decision.despite``).
    """
    packed = run_model(store, run_id)
    card = replace(packed.card, name=name)
    check_same_task(card, settings)
    concerns = concerns_here(card, settings)
    if concerns and decision.despite.strip() != name:
        raise ModelError(f"{' '.join(concerns)} To promote it despite these concerns, type its name: {name}.")
    entry = entry_of(Action.PROMOTED, card, decision, run_id)
    _install(replace(packed, card=card), entry, settings)
    words = f"Promoted as {name} by {entry.author}, sha256 {card.sha256}. Why: {entry.reason}"
    words = " ".join((words, *(["Although:", *concerns] if concerns else ())))
    store.add_event(run_id, "promoted", words)
    return card


def concerns_here(card: ModelCard, settings: Settings) -> tuple[str, ...]:
    """The concerns about using this model under its card's name, in place of the one in use.

    Raises:
        StorageError: the history cannot be read.
    """
    version = in_use(card.name, settings)
    return promotion_concerns(card, version.card if version is not None else None)


def run_model(store: RunStore, run_id: str) -> PackedModel:
    """The model that the run has trained.

    Raises:
        JobError: the run has not finished, or its model is missing.
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
    """Install a model from another machine, checked by ``read_bundle``, under its card's name.

    Raises:
        JobError: the disk is full.
        ModelError: the name is invalid or belongs to a model of another task.
    """
    check_same_task(packed.card, settings)
    _install(packed, entry_of(Action.IMPORTED, packed.card, decision), settings)


def roll_back(name: str, sha256: str, decision: Decision, settings: Settings) -> ModelCard:
    """Use another version of the model ``name`` from now on; it may be the shipped one.

    ``sha256`` is that of the version's weights or of its card, or its first digits.

    Returns:
        The card of that version.

    Raises:
        ModelNotFoundError: there is no such version.
        ModelError: it is in use already, its files are damaged, or it has another task than the one in use.
    """
    version = find_version(name, sha256, settings)
    if version.in_use or version.card is None:
        why = "is in use already" if version.in_use else "was made for another version of the app"
        raise ModelError(f"This version of {name} {why}. Choose another one.")
    check_same_task(version.card, settings)
    entry = entry_of(
        Action.ROLLED_BACK, version.card, decision, version.entry.run_id if version.entry else ""
    )
    if version.shipped:
        _take_out_of_use(entry, settings)
    else:
        _install(read_version(settings.weights, version.card), entry, settings)
    return version.card


def remove(name: str, decision: Decision, settings: Settings) -> None:
    """Take this machine's model of this name out of use; a shipped one replaces it.

    Raises:
        ModelNotFoundError: this machine has no model of its own of this name.
    """
    version = in_use(name, settings)
    if version is None or version.shipped or version.card is None:
        raise ModelNotFoundError(f"There is no model {name} of this machine's own to remove.")
    _take_out_of_use(entry_of(Action.REMOVED, version.card, decision), settings)


def delete_version(name: str, sha256: str, decision: Decision, settings: Settings) -> int:
    """Delete the files of a version that no other version uses.

    Returns:
        The bytes that were freed.

    Raises:
        ModelNotFoundError: there is no such version.
        ModelError: it is in use, or it is the shipped one.
    """
    version = find_version(name, sha256, settings)
    if version.in_use or version.shipped or version.entry is None:
        raise ModelError("A version in use and the shipped version cannot be deleted.")
    deleted = replace(version.entry, action=Action.DELETED, installed=False, time=0.0)
    entry = replace(deleted, author=decision.by.strip(), reason=decision.reason.strip())
    doomed = files_of_its_own(entry, settings)
    History(settings).add(entry)
    freed = 0
    for path in doomed:
        freed += path.stat().st_size
        path.unlink()
    return freed


def find_version(name: str, sha256: str, settings: Settings) -> Version:
    """The version of this name whose weights or card have a sha256 that begins with ``sha256``.

    If several match, versions not in use take precedence.

    Raises:
        ModelNotFoundError: there is no such version, or more than one of those remains.
    """
    matching = [
        version
        for version in versions(name, settings)
        if version.sha256.startswith(sha256) or version.digest.startswith(sha256)
    ]
    others = [version for version in matching if not version.in_use] or matching
    if len(sha256) < SHORTEST_DIGEST:
        raise ModelNotFoundError(f"Give at least {SHORTEST_DIGEST} characters of a version's sha256.")
    if not matching:
        raise ModelNotFoundError(f"No version of {name} has a sha256 that begins with {sha256}.")
    digests = dict.fromkeys(version.digest for version in others)
    if len(digests) > 1:
        cards = ", ".join(digest[:12] for digest in digests)
        raise ModelNotFoundError(
            f"{len(digests)} versions of {name} begin with {sha256}. Name one by its card's sha256: {cards}."
        )
    return others[0]


def check_same_task(card: ModelCard, settings: Settings) -> None:
    """Refuse a model with another task or other leads than the model in use under its name.

    Raises:
        ModelError: the model in use under this name has another purpose, task, labels or leads.
    """
    version = in_use(card.name, settings)
    if version is None or version.card is None:
        return
    before, now = _task_and_leads(version.card), _task_and_leads(card)
    other = [part for part, value in before.items() if value != now[part]]
    if other:
        raise ModelError(
            f"{card.name} is in use for another purpose: {version.card.title}. "
            f"This one has other {' and '.join(other)}. "
            "Choose another name, or take that model out of use first."
        )


def _task_and_leads(card: ModelCard) -> dict[str, object]:
    """The outputs of a model (a task's labels, or its purpose without a task), and its leads."""
    answers: object = card.purpose, card.asks_if_readable
    if card.task is not None:
        answers = card.task.name, card.task.label_names
    return {"answers": answers, "leads": card.preprocessing.leads}


def refuse_bad_name(name: str) -> None:
    """Refuse a model name that is no valid file name.

    Raises:
        ModelError: the name is empty, too long, or has other characters.
    """
    if not _NAME.fullmatch(name):
        raise ModelError("Name the model with up to 60 letters, digits, dots, dashes or underscores.")


def _install(packed: PackedModel, entry: HistoryEntry, settings: Settings) -> None:
    refuse_bad_name(packed.card.name)
    unpack(packed)
    history = History(settings)
    try:
        _log_untracked_model(packed.card.name, history, settings)
        keep_version(settings.weights, packed)
    except OSError as error:
        raise JobError("The model cannot be installed. Check that the disk is not full.") from error
    history.change(entry, lambda: use_version(settings.weights, packed.card))


def _take_out_of_use(entry: HistoryEntry, settings: Settings) -> None:
    """Take this machine's own model of the entry's name out of use."""
    history = History(settings)
    _log_untracked_model(entry.name, history, settings)
    card = settings.weights / f"{entry.name}.json"
    history.change(replace(entry, installed=False), lambda: card.unlink(missing_ok=True))


def _log_untracked_model(name: str, history: History, settings: Settings) -> None:
    """Add an entry for a model that was copied here by hand, so that a rollback to it is possible."""
    own = installed_models([settings.weights]).get(name)
    if own is None or any(entry.installed and entry.read_card() == own for entry in history.entries(name)):
        return
    with suppress(ModelError):  # a damaged model is not recorded
        unpack(read_version(settings.weights, own))
        keep_plain_files(settings.weights, own)
        history.add(entry_of(Action.FOUND, own, _UNRECORDED))
