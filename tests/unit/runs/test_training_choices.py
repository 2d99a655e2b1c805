"""What is picked in the training form becomes one config that the training takes, or a sentence."""

import dataclasses

import pytest
from small_networks import trainable

from ecgapp.errors import ConfigError
from ecgapp.models import (
    ECGClassifierConfig,
    EnsembleConfig,
    ModelCard,
    PatchAutoencoderConfig,
    Provenance,
    ResNetWangConfig,
)
from ecgapp.records import LEADS
from ecgapp.runs.form_to_config import (
    CLASSIFIERS,
    FOLD_ONE_LEAD,
    JANG,
    LARGEST_BATCH,
    NETWORKS,
    PATCH,
    Labels,
    batch_words,
    config_on_network,
    config_on_pretrained,
    device_words,
    on_its_devices,
    shared_leads,
    suggested_name,
    taken_batch,
    transferable,
    usual_settings,
    with_start,
)
from ecgapp.runs.next_config import ASKED, continued, differences, restarted
from ecgapp.signals import PreprocessingConfig
from ecgapp.storage import documents
from ecgapp.tasks import task
from ecgapp.training import AugmentationConfig, Initialisation, Phase, TrainingConfig

STORES = ("ptb-xl",)


def pretraining(network=PATCH, leads=LEADS):
    return with_start(config_on_network(STORES, leads, network, "II"), Initialisation.RANDOM, None)


def finetuning(network=PATCH, task_name="nine_class", columns=(), start=Initialisation.RANDOM):
    config = config_on_network(STORES, LEADS, network, "II", Labels(task_name, columns))
    return with_start(config, start, None)


def transfer(model, start, reference=None):
    config = config_on_pretrained(STORES, model, labels=Labels("nine_class"))
    return with_start(config, start, reference or model.name)


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
SUPERVISED = card(
    "diagnostic",
    ResNetWangConfig(n_samples=1000, n_labels=5),
    task=task("ptbxl_superclass"),
    thresholds=(0.5,) * 5,
    aggregation="max",
)
CARDS = {model.name: model for model in (AUTOENCODER, CLASSIFIER, ENSEMBLE, SUPERVISED)}


@pytest.mark.parametrize("make", [pretraining, finetuning])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_of_the_form_gives_a_config_that_survives_its_document(make, network):
    config = make(network)
    assert documents.load(TrainingConfig, documents.dump(config)) == config
    assert config.encoder.n_samples == config.preprocessing.window
    assert config.encoder.n_leads == len(config.preprocessing.leads)


@pytest.mark.parametrize("network", CLASSIFIERS)
def test_every_classifier_of_the_form_reads_all_leads_in_the_windows_of_its_paper(network):
    config = finetuning(network)
    assert documents.load(TrainingConfig, documents.dump(config)) == config
    preprocessing = config.preprocessing
    assert preprocessing.leads == LEADS
    assert preprocessing.window_seconds == CLASSIFIERS[network].seconds
    assert (preprocessing.window, config.aggregation) == (config.network.shape.n_samples, "max")
    assert config.network.shape.n_labels == 9
    assert config.name == f"nine_class_{config.network.architecture}_random"


def test_a_benchmark_network_sees_overlapping_windows_at_100_hz():
    short = [name for name, offered in CLASSIFIERS.items() if offered.seconds == 2.5]
    assert len(short) == 4
    for network in short:
        preprocessing = finetuning(network).preprocessing
        assert (preprocessing.sampling_rate, preprocessing.window, preprocessing.stride) == (100.0, 250, 125)


def test_every_trainable_network_can_be_chosen_in_the_form():
    chosen = {pretraining(network).network.architecture for network in NETWORKS}
    chosen |= {finetuning(network).network.architecture for network in (*NETWORKS, *CLASSIFIERS)}
    assert chosen == set(trainable())


def test_a_network_that_needs_labels_is_refused_in_pretraining():
    with pytest.raises(ConfigError, match="learns from labels only"):
        pretraining(next(iter(CLASSIFIERS)))


@pytest.mark.parametrize("start", [Initialisation.TRANSFER, Initialisation.FROZEN])
def test_transfer_from_a_supervised_network_keeps_all_but_the_number_of_labels(start):
    config = transfer(SUPERVISED, start)
    assert config.network == dataclasses.replace(SUPERVISED.network, n_labels=9)
    assert config.preprocessing == SUPERVISED.preprocessing
    assert (config.aggregation, config.pretrained) == ("max", "diagnostic")


@pytest.mark.parametrize("network", [JANG, FOLD_ONE_LEAD])
def test_networks_of_one_lead_see_the_papers_window(network):
    preprocessing = pretraining(network).preprocessing
    assert preprocessing.leads == ("II",)
    assert (preprocessing.sampling_rate, preprocessing.window) == (250.0, 2048)


def test_a_classifier_has_an_output_for_each_label_of_the_task():
    assert finetuning().network.n_labels == 9


def test_own_columns_become_the_labels():
    config = finetuning(task_name=None, columns=("sepsis", "pacemaker"))
    assert config.network.n_labels == 2
    assert config.labels().label_names == ("sepsis", "pacemaker")


@pytest.mark.parametrize("start", [Initialisation.TRANSFER, Initialisation.FROZEN])
@pytest.mark.parametrize("model", [AUTOENCODER, CLASSIFIER], ids=lambda model: model.name)
def test_transfer_takes_network_and_preprocessing_from_the_pretrained_model(start, model):
    config = transfer(model, start)
    encoder = getattr(model.network, "encoder", model.network)
    assert config.encoder == encoder
    assert config.preprocessing == model.preprocessing
    assert (config.pretrained, config.initialisation) == (model.name, start)
    assert config.name == f"nine_class_{start}"


def test_transfer_without_a_model_is_refused():
    with pytest.raises(ConfigError, match="Choose the pretrained model"):
        config_on_pretrained(STORES, None)
    with pytest.raises(ConfigError, match="no single encoder"):
        config_on_pretrained(STORES, ENSEMBLE)


def test_a_training_without_data_is_refused():
    for made in (lambda: config_on_network((), LEADS, PATCH, "II"), lambda: config_on_pretrained((), None)):
        with pytest.raises(ConfigError, match="at least one data set"):
            made()


def test_a_lead_that_a_data_set_lacks_is_refused_by_name():
    with pytest.raises(ConfigError, match="lead II"):
        pretraining(JANG, leads=("I",))


def test_a_data_set_of_one_lead_trains_the_fast_network_on_it():
    assert pretraining(PATCH, leads=("I",)).preprocessing.leads == ("I",)


def test_shared_leads_are_those_of_all_in_the_order_of_the_first():
    assert shared_leads([("I", "II", "V1"), ("V1", "I")]) == ("I", "V1")
    assert shared_leads([LEADS, LEADS]) == LEADS
    assert shared_leads([]) == ()


def test_only_encoders_that_fit_are_offered():
    assert set(transferable(CARDS, Phase.FINETUNE, LEADS)) == {"cae", "five", "diagnostic"}
    assert set(transferable(CARDS, Phase.PRETRAIN, LEADS)) == {"cae"}
    assert transferable(CARDS, Phase.FINETUNE, ("I", "II")) == {}


ONE_LEAD = card("one", PatchAutoencoderConfig(n_leads=1, latent=33), leads=("II",))


def test_an_encoder_of_one_lead_is_offered_for_any_lead():
    assert set(transferable({"one": ONE_LEAD, "cae": AUTOENCODER}, Phase.PRETRAIN, ("I",))) == {"one"}
    assert transferable({"one": ONE_LEAD}, Phase.FINETUNE, ()) == {}


def test_a_lead_that_stands_for_another_is_written_into_the_config():
    config = with_start(config_on_pretrained(STORES, ONE_LEAD, "I"), Initialisation.TRANSFER, "one")
    assert (config.preprocessing.leads, config.preprocessing.stands_for) == (("I",), ("II",))
    assert config.preprocessing.substitutions == ("I in place of II",)
    assert documents.load(TrainingConfig, documents.dump(config)) == config
    assert usual_settings(config).augmentation.polarity == 0.5


def test_a_lead_that_stands_for_itself_changes_nothing():
    assert config_on_pretrained(STORES, ONE_LEAD, "II").preprocessing == ONE_LEAD.preprocessing
    back = dataclasses.replace(
        ONE_LEAD, preprocessing=config_on_pretrained(STORES, ONE_LEAD, "V1").preprocessing
    )
    assert config_on_pretrained(STORES, back, "II").preprocessing == ONE_LEAD.preprocessing
    assert config_on_pretrained(STORES, back).preprocessing.stands_for == ("II",)
    assert usual_settings(pretraining()).augmentation.polarity == 0


def test_no_lead_replaces_those_of_an_encoder_of_several():
    with pytest.raises(ConfigError, match="several leads"):
        config_on_pretrained(STORES, AUTOENCODER, "I")


@pytest.mark.parametrize(
    ("config", "name", "title"),
    [
        (pretraining(PATCH), "cae_12lead", "Autoencoder of ptb-xl"),
        (pretraining(FOLD_ONE_LEAD), "cae_II", "Autoencoder of ptb-xl"),
        (pretraining(JANG), "jang_II", "Autoencoder of ptb-xl"),
        (finetuning(), "nine_class_random", f"{task('nine_class').title} (random)"),
        (finetuning(task_name=None, columns=("sepsis",)), "own_labels_random", "Own labels (random)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_config_suggests_its_name_and_its_title(config, name, title):
    assert (config.name, config.title) == (suggested_name(config), title) == (name, title)


def test_the_control_freezes_a_random_encoder_and_needs_no_pretrained_model():
    config = finetuning(start=Initialisation.FROZEN)
    assert (config.initialisation, config.pretrained) == ("frozen", None)
    assert config.name == "nine_class_frozen_random"


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
    config = on_its_devices(dataclasses.replace(pretraining(), device=device, batch_size=batch))
    assert (config.lanes, config.batch_size) == (lanes, taken)
    words = batch_words(device, batch)
    assert (str(taken) in words) == (str(batch) in words) == (taken != batch)


@pytest.mark.parametrize(("before", "gpus", "lanes"), [(8, 3, 9), (12, 3, 12), (9, 1, 9), (9, 2, 8)])
def test_a_new_run_keeps_its_lanes_where_its_gpus_can_share_them_out(before, gpus, lanes):
    config = dataclasses.replace(pretraining(), lanes=before, batch_size=60)
    again = on_its_devices(dataclasses.replace(restarted(config), device="+".join(["cuda:0"] * gpus)))
    assert (again.lanes, again.batch_size) == (lanes, 60)


def test_what_a_run_made_is_named_by_the_run():
    config = transfer(AUTOENCODER, Initialisation.TRANSFER, "run:0123456789ab")
    assert config.pretrained == "run:0123456789ab"


@pytest.mark.parametrize("config", [pretraining(), finetuning()], ids=["pretrain", "finetune"])
def test_what_the_form_does_not_ask_is_the_trainings_own(config):
    decided = {"name", "title", "phase", "network", "stores", "preprocessing", "task", "label_columns"}
    for field in dataclasses.fields(TrainingConfig):
        if field.name not in decided and field.default is not dataclasses.MISSING:
            assert getattr(config, field.name) == field.default, field.name
    assert config.augmentation == AugmentationConfig()


def test_a_new_run_plans_the_epochs_of_the_run_before_from_the_beginning():
    config = dataclasses.replace(pretraining(), epochs=3)
    again = restarted(continued(continued(config, 2), 4))
    assert again == dataclasses.replace(config, epochs=9)


def test_the_differences_are_those_of_what_a_new_run_asks_for():
    config = pretraining()
    values = ("other", 3, 32, 0.5, 9, "cuda:0", 1, 16)
    after = dataclasses.replace(config, **dict(zip(ASKED, values, strict=True)), patience=7)
    assert differences(config, config) == []
    assert len(differences(config, after)) == len(ASKED) - 1  # one member before and after
    assert "batch size: 64 → 32" in differences(config, after)


@pytest.mark.parametrize("gpus", range(1, 17))
def test_a_batch_that_is_taken_instead_can_be_shared_and_entered(gpus):
    for batch in (1, 63, 64, LARGEST_BATCH - 1, LARGEST_BATCH):
        taken = taken_batch(batch, gpus)
        assert taken % gpus == 0
        assert 1 <= taken <= LARGEST_BATCH
        assert abs(taken - batch) < gpus
        assert taken_batch(taken, gpus) == taken
