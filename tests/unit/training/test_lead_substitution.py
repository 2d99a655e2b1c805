"""An encoder of one lead is trained further on another lead, and says so wherever it is used."""

from dataclasses import replace

import pytest
import torch
from dataset_sources import make_store
from small_training import PRETRAINING, RATE, Recorder, small_settings

from ecgapp import training
from ecgapp.analysis import prepare
from ecgapp.analysis.store_evaluation import predict_store
from ecgapp.datasets import open_store
from ecgapp.errors import ConfigError, LeadsMissingError, TrainingError
from ecgapp.models import ECGClassifierConfig, ModelCard, Provenance, TrainedModel, build, save_model
from ecgapp.records import ECGRecord
from ecgapp.signals import PreprocessingConfig
from ecgapp.storage import documents
from ecgapp.ui.performance.model_view import card_facts

ONE = replace(PRETRAINING.network, n_leads=1)
OF_II = replace(PRETRAINING.preprocessing, leads=("II",))
FROZEN = replace(
    PRETRAINING,
    phase="finetune",
    network=ECGClassifierConfig(ONE, 2, 0.1),
    label_columns=("fast", "turned"),
    preprocessing=OF_II.reading("I"),
    initialisation="frozen",
    pretrained="of_ii",
    augmentation=replace(PRETRAINING.augmentation, polarity=0.5),
    epochs=1,
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """An installation whose data set has lead I only, and whose encoder was pretrained on lead II."""
    home = tmp_path_factory.mktemp("home")
    both = small_settings(home)
    store = open_store("small", both)
    records = [replace(store.record(row), leads=("I",), signal=store.signal(row)[:1]) for row in range(32)]
    members = [
        (f"p:{row}", int(store.folds[row]), codes)
        for row, codes in zip(range(32), store.codes(), strict=True)
    ]
    make_store(both.stores / "of_i", records, members, leads=("I",))
    torch.manual_seed(0)
    card = ModelCard(
        "of_ii", "Encoder of lead II", ONE, OF_II, Provenance((), "1", "4", 1, 1, 0, 1, "random")
    )
    save_model(both.weights, TrainedModel(build(ONE), card))
    return both


@pytest.fixture(scope="module")
def trained(settings, tmp_path_factory):
    config = replace(FROZEN, stores=("of_i",))
    return training.train(config, Recorder(), tmp_path_factory.mktemp("run"), settings)


def test_a_store_of_lead_i_trains_an_encoder_of_lead_ii(trained):
    card = trained.card
    assert (card.preprocessing.leads, card.preprocessing.stands_for) == (("I",), ("II",))
    assert "I in place of II" in card.provenance.note
    assert "upside down with probability 0.5" in card.provenance.note
    assert documents.load(ModelCard, documents.dump(card)) == card


def test_the_encoder_keeps_the_pretrained_weights(settings, trained):
    from ecgapp.analysis import open_model

    theirs = open_model("of_ii", settings).network.encoder.state_dict()
    ours = trained.network.encoder.state_dict()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


def test_the_app_gives_the_model_the_same_lead_and_says_so(trained):
    one = ECGRecord("r", torch.randn(1, 400).numpy(), RATE, ("I",))
    assert any("I in place of II" in sentence for sentence in prepare(one, trained).warnings)
    with pytest.raises(LeadsMissingError, match="lead I,"):
        prepare(replace(one, leads=("II",)), trained)
    facts = card_facts(trained.card)
    assert "I in place of II" in facts.to_string()


def test_the_model_is_evaluated_on_that_lead(settings, trained):
    assert len(predict_store(trained, open_store("of_i", settings), [4]).probabilities) == 6


def test_without_saying_which_lead_stands_for_which_a_training_is_refused(settings, tmp_path):
    unsaid = replace(FROZEN, stores=("of_i",), preprocessing=replace(OF_II, leads=("I",)))
    with pytest.raises(TrainingError, match="Say which lead stands for which"):
        training.train(unsaid, Recorder(), tmp_path, settings)


def test_random_weights_know_no_lead_that_another_could_stand_for(settings, tmp_path):
    control = replace(FROZEN, stores=("of_i",), pretrained=None)
    with pytest.raises(TrainingError, match="pretrained encoder"):
        training.train(control, Recorder(), tmp_path, settings)


@pytest.mark.parametrize("stands_for", [("I", "II"), ("I", "I", "II")])
def test_each_lead_stands_for_one_lead(stands_for):
    with pytest.raises(ConfigError, match="exactly one"):
        PreprocessingConfig(leads=("I",), stands_for=stands_for)


def test_a_preprocessing_without_substitutions_is_written_as_before():
    assert "stands_for" not in documents.dump(PreprocessingConfig())
    assert '"stands_for"' in documents.dump(OF_II.reading("I"))
