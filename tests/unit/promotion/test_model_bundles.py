"""Models between machines: what comes out goes in, and what is not whole leaves nothing behind."""

import io
import json
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import tiny_models
import torch
from stored_predictions import validation_predictions

from ecgapp.analysis import available_models, open_model
from ecgapp.config import PROJECT, Settings
from ecgapp.errors import EcgAppError, ModelError, ModelNotFoundError
from ecgapp.models import PackedModel, TrainedModel, load_card, pack, save_model
from ecgapp.promotion import (
    Decision,
    History,
    check_same_task,
    export_bundle,
    install_import,
    read_bundle,
)
from ecgapp.storage import documents

ADA = Decision("Ada", "trained at the other hospital")
CARD, WEIGHTS, PREDICTIONS = "card.json", "weights.safetensors", "predictions.safetensors"


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "home", tmp_path / "shipped")


@pytest.fixture(scope="module")
def packed():
    return pack(*tiny_models.classifier("theirs"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, packed):
    there = Settings(tmp_path_factory.mktemp("there"))
    save_model(there.weights, *tiny_models.classifier("theirs"))
    return export_bundle("theirs", there)


def members(packed, **other):
    contents = {CARD: documents.dump(packed.card).encode(), WEIGHTS: packed.weights}
    return contents | {PREDICTIONS: packed.predictions} | other


def zipped(contents, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def read(content, name=""):
    return read_bundle(io.BytesIO(content), name)


def with_card(packed, **changes):
    """A bundle whose card was changed."""
    return zipped(members(PackedModel(replace(packed.card, **changes), packed.weights, packed.predictions)))


def with_weights(model):
    return zipped(members(pack(model, tiny_models.predictions(9))))


def test_a_model_goes_to_another_machine_and_answers_the_same(bundle, settings):
    install_import(read(bundle), ADA, settings)
    theirs, window = tiny_models.classifier("theirs")[0], torch.randn(2, 12, 1000)
    ours = open_model("theirs", settings)
    torch.testing.assert_close(ours.network(window), theirs.network(window))
    assert (validation_predictions("theirs", settings).targets == tiny_models.predictions(9).targets).all()
    (line,) = History(settings).entries()
    assert (line.action, line.name, line.author, line.sha256) == (
        "imported",
        "theirs",
        "Ada",
        ours.card.sha256,
    )


def test_an_autoencoder_travels_without_predictions(settings):
    save_model(settings.shipped_weights, tiny_models.autoencoder("coder"))
    there = Settings(settings.home / "there", settings.home)
    install_import(read(export_bundle("coder", settings)), ADA, there)
    assert not open_model("coder", there).card.is_classifier


def test_a_ventricular_network_travels_with_its_figures(settings):
    theirs = tiny_models.ventricular("rhythm")
    save_model(settings.shipped_weights, theirs)
    there = Settings(settings.home / "there", settings.home)
    install_import(read(export_bundle("rhythm", settings)), ADA, there)
    ours, window = open_model("rhythm", there), torch.randn(1, 1, 256)
    assert (ours.card.purpose, ours.card.ventricular) == ("ventricular rhythm", theirs.card.ventricular)
    torch.testing.assert_close(ours.network(window), theirs.network(window))


def test_a_ventricular_network_does_not_take_the_name_of_a_model_that_does_something_else(settings):
    model = tiny_models.ventricular("theirs")
    coder = tiny_models.autoencoder("theirs").card
    save_model(settings.shipped_weights, model)
    with pytest.raises(ModelError, match="is in use for another purpose: Tiny ventricular"):
        check_same_task(replace(coder, preprocessing=model.card.preprocessing), settings)
    delineator = load_card(PROJECT / "weights", "delineator")
    same_leads = replace(delineator, name="theirs", preprocessing=model.card.preprocessing)
    with pytest.raises(ModelError, match="This one has other answers"):
        check_same_task(same_leads, settings)


def test_an_imported_model_can_be_given_another_name(bundle, settings):
    install_import(read(bundle, "night"), ADA, settings)
    assert list(available_models(settings)) == ["night"]


def test_the_same_model_makes_the_same_bytes(bundle, settings):
    install_import(read(bundle), ADA, settings)
    assert export_bundle("theirs", settings) == bundle


def test_only_a_whole_model_is_exported(settings):
    with pytest.raises(ModelNotFoundError):
        export_bundle("nothing", settings)
    save_model(settings.weights, *tiny_models.classifier("theirs"))
    (settings.weights / "theirs.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError):
        export_bundle("theirs", settings)


@pytest.mark.parametrize(
    "odd", ["../card.json", "/etc/passwd", "notes.txt", "objects/card.json", "C:\\card.json", "card.json/"]
)
def test_a_bundle_with_other_members_is_refused(packed, odd):
    with pytest.raises(ModelError, match="other files than a model's"):
        read(zipped(members(packed) | {odd: b"{}"}))
    with pytest.raises(ModelError, match="other files than a model's"):
        read(zipped({odd: b"{}", WEIGHTS: packed.weights}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_comes_twice_is_refused(packed):
    file = io.BytesIO(zipped(members(packed)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(CARD, b"{}")
    with pytest.raises(ModelError, match="other files than a model's"):
        read(file.getvalue())


def test_a_bomb_is_refused_by_its_declared_size_before_anything_is_unpacked(packed):
    with pytest.raises(ModelError, match="packed by another program"):
        read(zipped(members(packed, **{WEIGHTS: bytes(10_000_000)}), zipfile.ZIP_DEFLATED))
    with pytest.raises(ModelError, match="larger than any model"):
        read(declaring(zipped(members(packed)), WEIGHTS, 3_000_000_000))
    with pytest.raises(ModelError, match="larger than any model"):
        read(zipped(members(packed, **{CARD: b" " * 2_000_001})))
    with pytest.raises(ModelError, match="damaged"):  # stored, as large as allowed, but not there
        read(declaring(zipped(members(packed)), WEIGHTS, 1_000_000_000))


def declaring(content, member, size):
    """The zip file with both sizes of one member overwritten in its directory."""
    changed = bytearray(content)
    place = changed.index(b"PK\x01\x02")
    while True:
        length = struct.unpack_from("<H", changed, place + 28)[0]
        if changed[place + 46 : place + 46 + length] == member.encode():
            struct.pack_into("<II", changed, place + 20, size, size)
            return bytes(changed)
        place = changed.index(b"PK\x01\x02", place + 4)


def test_weights_and_predictions_that_are_not_the_cards_are_refused(packed):
    with pytest.raises(ModelError, match="weights of theirs are not those"):
        read(with_card(packed, sha256="0" * 64))
    with pytest.raises(ModelError, match="predictions of theirs are not those"):
        read(with_card(packed, predictions_sha256="0" * 64))
    with pytest.raises(ModelError, match="disagree"):
        read(with_card(packed, predictions_sha256=""))
    with pytest.raises(ModelError, match="disagree"):
        read(zipped({name: content for name, content in members(packed).items() if name != PREDICTIONS}))


@pytest.mark.parametrize("name", ["../up", "", "a b", ".hidden", "x" * 61])
def test_a_name_that_could_leave_the_folder_is_refused(packed, name):
    with pytest.raises(ModelError, match="Name the model"):
        read(with_card(packed, name=name))


@pytest.mark.parametrize("change", [{"widths": (8, 16)}, {"depths": (1, 2)}, {"n_leads": 3}, {"kernel": 5}])
def test_weights_that_do_not_fit_the_cards_network_are_refused(packed, change):
    network = packed.card.network
    with pytest.raises(ModelError, match="do not fit its network"):
        read(with_card(packed, network=replace(network, encoder=replace(network.encoder, **change))))


@pytest.mark.parametrize("change", [{"widths": (8, 10**9)}, {"n_samples": 10**12}, {"latent": 10**8}])
def test_a_network_that_would_fill_the_memory_is_not_built(packed, change):
    network = packed.card.network
    with pytest.raises(ModelError, match="larger than any"):
        read(with_card(packed, network=replace(network, encoder=replace(network.encoder, **change))))


def test_weights_of_another_kind_or_that_are_no_numbers_are_refused():
    model, _ = tiny_models.classifier("theirs")
    with pytest.raises(ModelError, match="differs"):
        read(with_weights(TrainedModel(model.network.half(), model.card)))
    model, _ = tiny_models.classifier("theirs")
    model.network.head[1].bias[3] = float("nan")
    with pytest.raises(ModelError, match=r"not all numbers: see head\.1\.bias"):
        read(with_weights(model))


def test_a_network_that_cannot_read_its_cards_windows_is_refused(packed):
    prepared = packed.card.preprocessing
    with pytest.raises(ModelError, match="cannot read the windows"):
        read(with_card(packed, preprocessing=replace(prepared, leads=prepared.leads[:3])))


def test_a_network_that_answers_for_other_labels_is_refused(packed):
    eight = replace(packed.card.task, labels=packed.card.task.labels[:8])
    with pytest.raises(ModelError, match="does not answer as its card says"):
        read(with_card(packed, task=eight, thresholds=(0.5,) * 8, validation=None))


def test_predictions_of_another_shape_are_refused():
    model, known = tiny_models.classifier("theirs")
    for wrong in (
        replace(known, folds=known.folds[:-1]),
        replace(known, probabilities=known.probabilities[:, :8]),
        replace(known, targets=known.targets.astype(np.float64)),
        replace(known, probabilities=known.probabilities * np.nan),
        replace(known, folds=known.folds[:, None]),
    ):
        with pytest.raises(ModelError, match="predictions of theirs do not fit"):
            read(zipped(members(pack(model, wrong))))


@pytest.mark.parametrize("odd", [-0.1, 1.1, float("nan"), float("inf")])
def test_thresholds_that_are_no_probabilities_are_refused(packed, odd):
    with pytest.raises(ModelError, match=r"one threshold from 0 to 1|cannot be read"):
        read(with_card(packed, thresholds=(odd, *packed.card.thresholds[1:]), validation=None))


def test_thresholds_without_labels_are_refused():
    coder = pack(tiny_models.autoencoder("coder"))
    with pytest.raises(ModelError, match="one threshold"):
        read(
            zipped(
                {
                    CARD: documents.dump(replace(coder.card, thresholds=(0.5,))).encode(),
                    WEIGHTS: coder.weights,
                }
            )
        )


def test_a_temperature_that_divides_by_nothing_is_refused(packed):
    with pytest.raises(ModelError, match="temperature"):
        read(with_card(packed, temperature=0.0))


def test_figures_that_the_predictions_do_not_give_are_refused(packed):
    told = packed.card.validation
    for better in (
        replace(told, macro_auroc=replace(told.macro_auroc, value=0.999, high=1.0)),
        replace(told, macro_f1=None),
        replace(told, n=20_000),
        replace(told, per_label=(replace(told.per_label[0], n_positive=199), *told.per_label[1:])),
        replace(told, macro_f1=replace(told.macro_f1, low=told.macro_f1.value + 0.01)),
    ):
        with pytest.raises(ModelError, match="not those of its validation predictions"):
            read(with_card(packed, validation=better))
    with pytest.raises(ModelError, match="not those of its validation predictions"):
        read(with_card(packed, thresholds=(0.9,) * 9))


@pytest.mark.parametrize("change", [{"probabilities": 1.5}, {"targets": 2.0}, {"targets": float("inf")}])
def test_predictions_that_are_no_probabilities_or_no_answers_are_refused(change):
    model, known = tiny_models.classifier("theirs")
    (name, value), arrays = next(iter(change.items())), vars(known).copy()
    arrays[name] = arrays[name].copy()
    arrays[name][0, 0] = value
    with pytest.raises(ModelError, match="predictions of theirs do not fit"):
        read(zipped(members(pack(model, type(known)(**arrays)))))


@pytest.mark.parametrize("taken", ["ptbxl_superclass", None])
def test_a_name_in_use_is_not_taken_by_a_model_that_answers_another_question(bundle, settings, taken):
    other = tiny_models.autoencoder("theirs") if taken is None else tiny_models.classifier("theirs", taken)[0]
    save_model(settings.weights, other)
    with pytest.raises(ModelError, match="is in use for another purpose: Tiny"):
        install_import(read(bundle), ADA, settings)
    assert History(settings).entries() == ()
    install_import(read(bundle, "night"), ADA, settings)
    assert sorted(available_models(settings)) == ["night", "theirs"]


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": "theirs"}',
        b'{"name": 3, "title": [], "network": 4}',
    ],
)
def test_a_card_that_cannot_be_read_is_a_sentence(packed, card):
    with pytest.raises(ModelError, match="card in this bundle cannot be read"):
        read(zipped(members(packed, **{CARD: card})))


@pytest.mark.parametrize("title", ["![seen](https://example.org/1.png)", "[click](https://example.org)"])
def test_a_card_cannot_make_a_browser_ask_another_host(packed, title):
    with pytest.raises(ModelError, match="card in this bundle"):
        read(with_card(packed, title=title))


def test_no_value_of_a_card_can_do_more_than_be_refused(packed):
    """Each field in turn, at every depth, is replaced by two of these."""
    odd = (None, -1, "odd", [], {}, [[1]], 1e300, {"architecture": "ensemble"})
    whole = json.loads(documents.dump(packed.card))
    for number, path in enumerate(_paths(whole)):
        for shift in (0, 3):
            changed = json.loads(json.dumps(whole))
            _put(changed, path, odd[(number + shift) % len(odd)])
            _read_or_refuse(zipped(members(packed, **{CARD: json.dumps(changed).encode()})))


def _paths(value, path=()):
    """One path to each field; of a list the first item only."""
    items = value.items() if isinstance(value, dict) else list(enumerate(value))[:1]
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from _paths(item, (*path, key))


def _put(document, path, value):
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def _read_or_refuse(content):
    try:
        read(content)
    except EcgAppError:
        return False
    return True


def test_no_damage_on_the_way_can_do_more_than_be_refused(bundle):
    draw = np.random.default_rng(0)
    accepted = 0
    for _ in range(150):
        damaged = bytearray(bundle)
        for place in draw.integers(len(bundle), size=draw.integers(1, 4)):
            damaged[place] ^= int(draw.integers(1, 256))
        accepted += _read_or_refuse(bytes(damaged))
    for cut in draw.integers(len(bundle), size=50):
        assert not _read_or_refuse(bundle[:cut])
    directory = bundle.index(b"PK\x01\x02")
    for place in range(directory, len(bundle)):
        damaged = bytearray(bundle)
        damaged[place] ^= 0xFF
        accepted += _read_or_refuse(bytes(damaged))
    assert accepted < 150  # dates, comments and the like carry nothing


def test_a_refused_bundle_leaves_nothing_behind(packed, settings):
    with pytest.raises(ModelError):
        install_import(read(with_card(packed, sha256="0" * 64)), ADA, settings)
    assert available_models(settings) == {}
    assert not settings.home.exists()
