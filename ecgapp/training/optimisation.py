"""The choices of a training's loss, steps and best epoch."""

from enum import StrEnum


class Optimiser(StrEnum):
    """The rule of a step. Weight decay is AdamW's decoupled one, else a penalty on the squared weights.

    SGD has no momentum, as in Keras: that of Singstad and Tronstad 2020.
    """

    ADAMW = "adamw"
    ADAM = "adam"
    SGD = "sgd"


class Schedule(StrEnum):
    """The learning rate over the steps: one rise and one fall, or always the same."""

    ONE_CYCLE = "one-cycle"
    CONSTANT = "constant"


class Loss(StrEnum):
    """A classifier's loss.

    ``binary`` asks of each label alone, or of the one true label if the task has only one. ``categorical`` on
    labels of which several may be true is Keras's categorical cross-entropy of sigmoid answers, which are
    first divided by their sum: that of Singstad and Tronstad 2020.
    """

    BINARY = "binary"
    CATEGORICAL = "categorical"


class KeptBy(StrEnum):
    """The figure by which the best epoch is kept: a classifier's macro AUROC, or the validation loss."""

    SCORE = "score"
    LOSS = "loss"
