"""What can go wrong in words that a clinician can act on.

A message is one plain sentence (or two): what is wrong, and what to do. It holds no patient
data, hence no file name and no path. Pages catch ``EcgAppError`` only; anything else is a bug.

    EcgAppError
    ├── ConfigError              a setting that makes no sense (also a ValueError)
    ├── RecordError              a file is not a usable ECG record
    │   ├── IncompleteRecordError    the header or the signal file is missing
    │   ├── CorruptRecordError       truncated, wrong checksum, impossible header
    │   ├── UnsupportedRecordError   a format that no reader knows
    │   └── UnknownUnitError         a lead's unit is not a voltage
    ├── SignalError              a record is readable, but a model cannot take it
    │   ├── LeadsMissingError        a lead that the model needs is absent
    │   └── MissingSamplesError      samples that the recorder marked invalid
    ├── DatasetError             a store or its source is not usable
    │   ├── DatasetLostError         it is gone or damaged: imported again it is what it was
    │   ├── DatasetNewerError        a newer version of the app wrote it: that one can read it
    │   └── PatientLeakError         one patient in two folds
    ├── ModelError               weights, cards, architectures
    │   ├── ModelNotFoundError       installed again it is what it was
    │   │   └── ModelNotMadeError        the run that was to make it has none
    │   └── WeightsMismatchError     weights and card disagree; names both
    ├── TrainingError            a training that cannot start or go on: only other settings or data help
    │   └── InterruptedTrainingError  what was around it ended it: once that is mended it goes on
    ├── StorageError             a database or folder of the app cannot be read or written
    │   └── LockedError              another process has what is asked for
    ├── JobError                 a run that cannot be queued, stopped, resumed, promoted
    ├── AccessError              the administrator's password is wrong, or tried too often
    ├── ArchiveError             a kept ECG that cannot be written, opened or deleted
    ├── ReviewError              a review that cannot be kept as it is, or moved on meanwhile
    └── ReportError              a report that cannot be drawn
"""


class EcgAppError(Exception):
    """Anything that the app can explain to its user.

    Where it ends a run, ``resume_helps`` says whether that run can go on once the cause is mended;
    otherwise only a new run with other settings can. Its message need not say so: the run's does. Few
    do: those whose cause lies outside of what the run is made of.
    """

    resume_helps = False


class ConfigError(EcgAppError, ValueError):
    """A setting that makes no sense."""


class RecordError(EcgAppError):
    """The files are not a usable ECG record."""


class IncompleteRecordError(RecordError):
    """One of the files that make up the record is missing."""


class CorruptRecordError(RecordError):
    """The files contradict themselves or each other."""


class UnsupportedRecordError(RecordError):
    """No reader knows this format."""


class UnknownUnitError(RecordError):
    """A lead's unit is not a voltage that we know."""


class SignalError(EcgAppError):
    """The record is readable, but this model cannot take it."""


class LeadsMissingError(SignalError):
    """A lead that the model needs is absent."""


class MissingSamplesError(SignalError):
    """The recorder marked samples as invalid."""


class DatasetError(EcgAppError):
    """A dataset store, or the folder to import, is not usable."""


class DatasetLostError(DatasetError):
    """A dataset store is not there, or damaged; imported again from the same files it is the same."""

    resume_helps = True


class DatasetNewerError(DatasetError):
    """A newer version of the app wrote the dataset store; after an update of this one it can be read."""

    resume_helps = True


class PatientLeakError(DatasetError):
    """One patient's records lie in two folds."""


class ModelError(EcgAppError):
    """Weights, cards or architectures."""


class ModelNotFoundError(ModelError):
    """No model of this name is installed. Installed again it is what it was."""

    resume_helps = True


class ModelNotMadeError(ModelNotFoundError):
    """The run whose model is asked for has made none."""

    resume_helps = False


class WeightsMismatchError(ModelError):
    """Weights and card, or weights and network, disagree."""


class TrainingError(EcgAppError):
    """A training cannot start or go on, and could not the next time either."""


class InterruptedTrainingError(TrainingError):
    """A training was ended by what is around it: a disk, a machine, another process."""

    resume_helps = True


def training_error(sentence: str, resume_helps: bool) -> TrainingError:
    """The error that another process of the training has had."""
    return InterruptedTrainingError(sentence) if resume_helps else TrainingError(sentence)


class StorageError(EcgAppError):
    """A database or a folder of the app cannot be read or written at this moment."""

    resume_helps = True


class LockedError(StorageError):
    """Another process has locked what is asked for."""


class JobError(EcgAppError):
    """A run cannot be queued, stopped, resumed or promoted."""

    resume_helps = True


class AccessError(EcgAppError):
    """The administrator's password is wrong, or was tried too often."""


class ReportError(EcgAppError):
    """A report cannot be drawn."""


class ArchiveError(EcgAppError):
    """A kept ECG cannot be written, opened or deleted."""


class ReviewError(EcgAppError):
    """A review cannot be kept as it is, or somebody changed it meanwhile."""
