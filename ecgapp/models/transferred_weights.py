"""Weights of one network in another: an encoder, or all but the last layer."""

from ecgapp.errors import WeightsMismatchError
from ecgapp.models.registry import Autoencoder, EncoderClassifier, Network

_ENCODER = "encoder."


def transfer_encoder(source: Network, target: Network) -> None:
    """Copy the encoder, batch-norm statistics and all, of an autoencoder or a classifier into ``target``.

    Raises:
        WeightsMismatchError: the two encoders are not built alike.
    """
    _copy(source, target, [name for name in source.state_dict() if name.startswith(_ENCODER)])


def transfer_network(source: Network, target: Network) -> None:
    """Copy all that does not depend on the labels into ``target``.

    That is a whole autoencoder into an autoencoder; a classifier but for its last layer into a classifier of
    the same architecture; else the encoder.

    Raises:
        WeightsMismatchError: the two networks are not built alike.
    """
    names = list(source.state_dict())
    if isinstance(source, EncoderClassifier) and type(source) is type(target):
        names = [name for name in names if not name.startswith(source.last_layer)]
    elif not (isinstance(source, Autoencoder) and type(source) is type(target)):
        return transfer_encoder(source, target)
    return _copy(source, target, names)


def _copy(source: Network, target: Network, names: list[str]) -> None:
    theirs, ours = source.state_dict(), target.state_dict()
    wanted = {name for name in ours if name.startswith(_ENCODER)} | set(names)
    if not names or any(name not in theirs or name not in ours for name in wanted):
        raise _mismatch()
    if any(theirs[name].shape != ours[name].shape for name in wanted):
        raise _mismatch()
    target.load_state_dict(ours | {name: theirs[name] for name in wanted})


def _mismatch() -> WeightsMismatchError:
    return WeightsMismatchError(
        "The pretrained encoder does not fit this network: leads, window and widths must be equal."
    )
