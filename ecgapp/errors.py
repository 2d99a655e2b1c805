"""The errors that the app explains to its users.

A message is one plain sentence (or two) on the problem and its solution. It contains no patient data,
hence no file name and no path. Pages catch ``EcgAppError`` only; any other exception is a bug.

    EcgAppError
    ├── ConfigError              an invalid setting (also a ValueError)
    ├── RecordError              a file is not a usable ECG record
    │   ├── IncompleteRecordError    the header or the signal file is missing
    │   ├── CorruptRecordError       truncated, wrong checksum, invalid header
    │   ├── UnsupportedRecordError   an unknown format
    │   └── UnknownUnitError         a lead's unit is not a voltage
    ├── SignalError              a record is readable, but does not fit the model
    │   ├── LeadsMissingError        a lead that the model needs is absent
    │   └── MissingSamplesError      samples that the recorder marked invalid
    ├── DatasetError             a store or its source is not usable
    │   ├── DatasetLostError         missing or damaged; importing it again restores it
    │   ├── DatasetNewerError        written by a newer version of the app
    │   └── PatientLeakError         one patient in two folds
    ├── ModelError               weights, cards, architectures
    │   ├── ModelNotFoundError       not installed; installing it restores it
    │   │   └── ModelNotMadeError        the run has not made its model
    │   └── WeightsMismatchError     weights and card disagree
    ├── ScoringError             an archive that cannot be scored into this folder
    ├── TrainingError            a training that cannot start or continue: only other settings or data help
    │   └── InterruptedTrainingError  ended by its environment: it can be resumed
    ├── ExperimentError          an experiment lacks data, or an arm that another builds on
    ├── StorageError             a database or folder of the app cannot be read or written
    │   └── LockedError              locked by another process
    ├── JobError                 a run that cannot be queued, stopped, resumed, promoted
    ├── AccessError              the administrator's password is wrong, or was tried too often
    ├── ArchiveError             a stored ECG that cannot be written, opened or deleted
    ├── ReviewError              a review that cannot be stored, or has changed meanwhile
    └── ReportError              a report that cannot be drawn
"""


class EcgAppError(Exception):
    """An error that the app explains to its user.

    If it ends a run, ``resume_helps`` is whether the run can be resumed once the cause is removed; otherwise
    only a new run with other settings helps. The cause of most errors lies in the run itself.
    """

    resume_helps = False


class ConfigError(EcgAppError, ValueError):
    """An invalid setting."""


class RecordError(EcgAppError):
    """The files are not a usable ECG record."""


class IncompleteRecordError(RecordError):
    """One of the files that make up the record is missing."""


class CorruptRecordError(RecordError):
    """The files contradict themselves or each other."""


class UnsupportedRecordError(RecordError):
    """The format is not supported."""


class UnknownUnitError(RecordError):
    """A lead's unit is not a known voltage."""


class SignalError(EcgAppError):
    """The record is readable, but does not fit this model."""


class LeadsMissingError(SignalError):
    """A lead that the model needs is absent."""


class MissingSamplesError(SignalError):
    """The recorder marked samples as invalid."""


class DatasetError(EcgAppError):
    """A dataset store, or the folder to import, is not usable."""


class DatasetLostError(DatasetError):
    """A dataset store is missing or damaged; importing the same files again restores it."""

    resume_helps = True


class DatasetNewerError(DatasetError):
    """A newer version of the app wrote the dataset store; updating this one helps."""

    resume_helps = True


class PatientLeakError(DatasetError):
    """One patient's records lie in two folds."""


class ModelError(EcgAppError):
    """An error of weights, cards or architectures."""


class ModelNotFoundError(ModelError):
    """No model of this name is installed."""

    resume_helps = True


class ModelNotMadeError(ModelNotFoundError):
    """The run has not made a model."""

    resume_helps = False


class WeightsMismatchError(ModelError):
    """Weights and card, or weights and network, disagree."""


class ScoringError(EcgAppError):
    """The records of a folder or data set cannot be scored, or not into this output folder."""


class TrainingError(EcgAppError):
    """A training cannot start or continue, and resuming it does not help."""


class InterruptedTrainingError(TrainingError):
    """A training was ended by its environment: a disk, a machine, another process."""

    resume_helps = True


def training_error(sentence: str, resume_helps: bool) -> TrainingError:
    """The error for a failure in another process of the training."""
    return InterruptedTrainingError(sentence) if resume_helps else TrainingError(sentence)


class ExperimentError(EcgAppError):
    """An experiment cannot start or continue: its data lack something, or an arm waits for another."""

    resume_helps = True


class StorageError(EcgAppError):
    """A database or a folder of the app cannot be read or written at this moment."""

    resume_helps = True


class LockedError(StorageError):
    """The file or folder is locked by another process."""


class JobError(EcgAppError):
    """A run cannot be queued, stopped, resumed or promoted."""

    resume_helps = True


class AccessError(EcgAppError):
    """The administrator's password is wrong, or was tried too often."""


class ReportError(EcgAppError):
    """A report cannot be drawn."""


class ArchiveError(EcgAppError):
    """A stored ECG cannot be written, opened or deleted."""


class ReviewError(EcgAppError):
    """A review cannot be stored, or has changed meanwhile."""
