"""What is picked in the training form becomes one config that the training takes, or a sentence."""

import dataclasses

import pytest

from ecgapp.errors import ConfigError
from ecgapp.models import ECGClassifierConfig, EnsembleConfig, ModelCard, PatchAutoencoderConfig, Provenance
from ecgapp.records import LEADS
from ecgapp.runs.form_to_config import (
    FOLD_ONE_LEAD,
    JANG,
    LARGEST_BATCH,
    NETWORKS,
    PATCH,
    Details,
    Schedule,
    Subject,
    batch_words,
    device_words,
    shared_leads,
    suggested_name,
    taken_batch,
    training_config,
    transferable,
)
from ecgapp.runs.next_config import Changes, changes_of, renewed, shared
from ecgapp.signals import PreprocessingConfig
from ecgapp.storage import documents
from ecgapp.tasks import task
from ecgapp.training import AugmentationConfig, Initialisation, Phase, TrainingConfig

PRETRAINING = Subject(Phase.PRETRAIN, Initialisation.RANDOM, ("ptb-xl",), LEADS)
FINETUNING = Subject(Phase.FINETUNE, Initialisation.RANDOM, ("ptb-xl",), LEADS, task="nine_class")
SCHEDULE = Schedule("model")
PLAIN_DETAILS = [
    field
    for field in dataclasses.fields(TrainingConfig)
    if field.name in vars(Details()) and field.default is not dataclasses.MISSING
]
PROVENANCE = Provenance((), "1", "9", 1, 1, 0, 1, "random")


def card(name, network, leads=LEADS, **more):
    preprocessing = PreprocessingConfig(leads=leads, window=1000)
    return ModelCard(name, name, network, preprocessing, PROVENANCE, **more)


AUTOENCODER = card("cae", PatchAutoencoderConfig(latent=33))
CLASSIFIER = card(
    "five",
    ECGClassifierConfig(PatchAutoencoderConfig(latent=44), 5),
    task=task("ptbxl_superclass"),
    thresholds=(0.5,) * 5,
)
ENSEMBLE = card(
    "nine",
    EnsembleConfig(ECGClassifierConfig(PatchAutoencoderConfig(), 9), 2),
    task=task("nine_class"),
    thresholds=(0.5,) * 9,
)
CARDS = {model.name: model for model in (AUTOENCODER, CLASSIFIER, ENSEMBLE)}


@pytest.mark.parametrize("subject", [PRETRAINING, FINETUNING], ids=["pretrain", "finetune"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_of_the_form_gives_a_config_that_survives_its_document(subject, network):
    config = training_config(dataclasses.replace(subject, network=network), SCHEDULE)
    assert documents.load(TrainingConfig, documents.dump(config)) == config
    assert config.encoder.n_samples == config.preprocessing.window
    assert config.encoder.n_leads == len(config.preprocessing.leads)


@pytest.mark.parametrize("network", [JANG, FOLD_ONE_LEAD])
def test_networks_of_one_lead_see_the_papers_window(network):
    preprocessing = training_config(dataclasses.replace(PRETRAINING, network=network), SCHEDULE).preprocessing
    assert preprocessing.leads == ("II",)
    assert (preprocessing.sampling_rate, preprocessing.window) == (250.0, 2048)


def test_a_classifier_has_an_output_for_each_label_of_the_task():
    assert training_config(FINETUNING, SCHEDULE).network.n_labels == 9


def test_own_columns_become_the_labels():
    own = dataclasses.replace(FINETUNING, task=None, label_columns=("sepsis", "pacemaker"))
    config = training_config(own, SCHEDULE)
    assert config.network.n_labels == 2
    assert config.labels().label_names == ("sepsis", "pacemaker")


@pytest.mark.parametrize("start", [Initialisation.TRANSFER, Initialisation.FROZEN])
@pytest.mark.parametrize("model", [AUTOENCODER, CLASSIFIER], ids=lambda model: model.name)
def test_transfer_takes_network_and_preprocessing_from_the_pretrained_model(start, model):
    subject = dataclasses.replace(FINETUNING, start=start, pretrained=model, network=JANG)
    config = training_config(subject, SCHEDULE)
    encoder = getattr(model.network, "encoder", model.network)
    assert config.encoder == encoder
    assert config.preprocessing == model.preprocessing
    assert (config.pretrained, config.initialisation) == (model.name, start)


def test_transfer_without_a_model_is_refused():
    with pytest.raises(ConfigError, match="Choose the pretrained model"):
        training_config(dataclasses.replace(FINETUNING, start=Initialisation.TRANSFER), SCHEDULE)


def test_a_training_without_data_or_folds_is_refused():
    with pytest.raises(ConfigError, match="at least one data set"):
        training_config(dataclasses.replace(PRETRAINING, stores=()), SCHEDULE)
    with pytest.raises(ConfigError, match="fold"):
        training_config(PRETRAINING, dataclasses.replace(SCHEDULE, validation_folds=()))
    with pytest.raises(ConfigError, match="not for both"):
        training_config(PRETRAINING, dataclasses.replace(SCHEDULE, validation_folds=(8,)))


def test_a_lead_that_a_data_set_lacks_is_refused_by_name():
    with pytest.raises(ConfigError, match="lead II"):
        training_config(dataclasses.replace(PRETRAINING, leads=("I",), network=JANG), SCHEDULE)


def test_a_data_set_of_one_lead_trains_the_fast_network_on_it():
    config = training_config(dataclasses.replace(PRETRAINING, leads=("I",), network=PATCH), SCHEDULE)
    assert config.preprocessing.leads == ("I",)


def test_shared_leads_are_those_of_all_in_the_order_of_the_first():
    assert shared_leads([("I", "II", "V1"), ("V1", "I")]) == ("I", "V1")
    assert shared_leads([LEADS, LEADS]) == LEADS
    assert shared_leads([]) == ()


def test_only_encoders_that_fit_are_offered():
    assert set(transferable(CARDS, Phase.FINETUNE, LEADS)) == {"cae", "five"}
    assert set(transferable(CARDS, Phase.PRETRAIN, LEADS)) == {"cae"}
    assert transferable(CARDS, Phase.FINETUNE, ("I", "II")) == {}


@pytest.mark.parametrize("subject", [PRETRAINING, FINETUNING], ids=["pretrain", "finetune"])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_suggested_name_is_one_that_the_config_takes(subject, network):
    subject = dataclasses.replace(subject, network=network)
    assert training_config(subject, Schedule(suggested_name(subject))).name == suggested_name(subject)


def test_the_control_freezes_a_random_encoder_and_needs_no_pretrained_model():
    subject = Subject(Phase.FINETUNE, Initialisation.FROZEN, ("mine",), LEADS, "nine_class", control=True)
    config = training_config(subject, Schedule(suggested_name(subject)))
    assert (config.initialisation, config.pretrained) == ("frozen", None)
    assert config.name == "nine_class_frozen_random"
    with pytest.raises(ConfigError, match="pretrained"):
        training_config(dataclasses.replace(subject, control=False), Schedule("x"))


def test_several_gpus_are_offered_as_one_choice_in_words():
    assert device_words("cuda:0+cuda:1") == "all 2 GPUs together"
    assert device_words("cpu") == "cpu"


@pytest.mark.parametrize(
    ("gpus", "batch", "lanes", "taken"),
    [
        (1, 63, 8, 63),
        (2, 64, 8, 64),
        (3, 64, 9, 63),
        (3, 1, 9, 3),
        (5, 64, 10, 65),
        (6, 60, 12, 60),
        (9, 64, 9, 63),
    ],
)
def test_what_gpus_cannot_share_out_becomes_the_nearest_that_they_can(gpus, batch, lanes, taken):
    device = "+".join(f"cuda:{n}" for n in range(gpus))
    config = training_config(PRETRAINING, dataclasses.replace(SCHEDULE, device=device, batch_size=batch))
    assert (config.lanes, config.batch_size) == (lanes, taken)
    told = batch_words(device, batch)
    assert (str(taken) in told) == (str(batch) in told) == (taken != batch)


@pytest.mark.parametrize(("before", "gpus", "lanes"), [(8, 3, 9), (12, 3, 12), (9, 1, 9), (9, 2, 8)])
def test_a_new_run_keeps_its_lanes_where_its_gpus_can_share_them_out(before, gpus, lanes):
    config = dataclasses.replace(training_config(PRETRAINING, SCHEDULE), lanes=before, batch_size=60)
    wanted = dataclasses.replace(changes_of(config), device="+".join(["cuda:0"] * gpus))
    again = renewed(config, shared(wanted))
    assert (again.lanes, again.batch_size) == (lanes, 60)


def test_what_a_run_made_is_named_by_the_run_and_share_and_members_reach_the_config():
    subject = dataclasses.replace(
        FINETUNING, start=Initialisation.TRANSFER, pretrained=AUTOENCODER, reference="run:0123456789ab"
    )
    schedule = Schedule("small", members=4, resampling="bootstrap", fraction=0.25, class_weighting=0.5)
    config = training_config(subject, schedule)
    assert config.pretrained == "run:0123456789ab"
    assert (config.members, config.resampling) == (4, "bootstrap")
    assert (config.fraction, config.class_weighting) == (0.25, 0.5)


def test_details_left_alone_are_the_trainings_own():
    config = training_config(PRETRAINING, SCHEDULE)
    usual = dataclasses.replace(config, **{field.name: field.default for field in PLAIN_DETAILS})
    assert usual == config
    assert config.augmentation == AugmentationConfig()


def test_a_new_run_keeps_every_setting_that_its_dialog_does_not_ask_for():
    details = Details(0.5, 0.5, 0.5, 0.5, "fp32", True, AugmentationConfig(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5))
    config = training_config(PRETRAINING, dataclasses.replace(SCHEDULE, patience=7, details=details))
    wanted = Changes("other", 3, 32, 0.5, 9, "cuda:0", 1, 8)
    again = renewed(config, shared(wanted))
    kept = {field.name for field in dataclasses.fields(TrainingConfig)} - set(vars(wanted))
    assert {*vars(details), "patience"} <= kept
    assert {name: getattr(again, name) for name in kept} == {name: getattr(config, name) for name in kept}
    assert {name: getattr(again, name) for name in vars(wanted)} == vars(wanted)


@pytest.mark.parametrize("gpus", range(1, 17))
def test_a_batch_that_is_taken_instead_can_be_shared_and_entered(gpus):
    for batch in (1, 63, 64, LARGEST_BATCH - 1, LARGEST_BATCH):
        taken = taken_batch(batch, gpus)
        assert taken % gpus == 0
        assert 1 <= taken <= LARGEST_BATCH
        assert abs(taken - batch) < gpus
        assert taken_batch(taken, gpus) == taken
