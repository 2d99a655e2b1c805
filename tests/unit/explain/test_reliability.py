"""The reliability card: evidence that was planted is found, noise is never shown as an explanation."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
import torch
from torch import nn

from ecgapp.explain import GRAD_CAM, METHODS, SMOOTHGRAD, Grade, Recipe, attribute, examine
from ecgapp.explain.attribution import methods_of, networks_of, question_of
from ecgapp.explain.baselines import zero
from ecgapp.explain.deletion import FRACTIONS, RANDOM_ORDERS, Deletion, map_curve, random_curves
from ecgapp.explain.limits import AGREEMENT, COMPLETENESS
from ecgapp.explain.maps import cells, map_correlation
from ecgapp.explain.reliability import MapEvidence, assess
from ecgapp.models import Classifier, EnsembleConfig, TrainedModel, build
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.signals import preprocess

CELL = 20  # samples
FOR, AGAINST = "RBBB", "AF"  # which way the planted evidence speaks
PLANTED = LEADS.index("V1"), slice(200, 220)  # 2.0-2.2 s


class Planted(Classifier):
    """Nine labels that depend on V1 between 2.0 and 2.2 s alone; where, stands in the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv1d(12, 4, 1, bias=False)
        self.head = nn.Linear(4 * 1000, 9)
        lead, span = PLANTED
        rng = torch.Generator().manual_seed(0)
        weights = torch.zeros(9, 4, 1000)
        weights[:, :, span] = torch.randn(9, 4, 20, generator=rng)
        with torch.no_grad():
            self.encoder.weight.zero_()[:, lead, 0] = torch.tensor([1.0, -1.0, 0.5, -2.0])
            self.head.weight.copy_(weights.flatten(1))

    def forward(self, x):
        return (0.2 * self.head(self.encoder(x).relu().flatten(1))).tanh()


@pytest.fixture(scope="module")
def window():
    config = tiny_models.preprocessing()
    record = synthesise(SyntheticConfig(noise=0.05, seed=5)).record
    return preprocess(record.signal, 500.0, config)[:, :1000]


@pytest.fixture(scope="module")
def planted():
    model, _ = tiny_models.classifier()
    return TrainedModel(Planted().eval().requires_grad_(False), model.card)


@pytest.fixture(scope="module")
def ensemble():
    model, _ = tiny_models.classifier()
    torch.manual_seed(1)
    network = build(EnsembleConfig(model.card.network, 3)).eval().requires_grad_(False)
    return TrainedModel(network, model.card)


@pytest.fixture(scope="module")
def examined(planted, window):
    return examine(planted, window, FOR)


@pytest.fixture(scope="module")
def examined_against(planted, window):
    return examine(planted, window, AGAINST)


@pytest.fixture(scope="module")
def of_ensemble(ensemble, window):
    return examine(ensemble, window, FOR)


def mass_inside(found):
    mass = np.abs(found.values)
    return float(mass[PLANTED].sum() / mass.sum())


@pytest.mark.parametrize("side", ["examined", "examined_against"])
def test_every_method_that_is_shown_green_puts_four_fifths_where_the_evidence_was_planted(request, side):
    examined = request.getfixturevalue(side)
    green = [method for method, made in examined.reliability.items() if made.grade is Grade.GREEN]
    assert len(green) >= 3
    for method in green:
        assert mass_inside(examined.maps[method]) >= 0.8


def test_grad_cam_which_knows_no_leads_is_never_green(examined, of_ensemble):
    assert mass_inside(examined.maps[GRAD_CAM]) < 0.8
    assert examined.reliability[GRAD_CAM].grade > Grade.GREEN
    assert of_ensemble.reliability[GRAD_CAM].grade > Grade.GREEN


def judged(model, window, found, twin, examined):
    """The card of a map that no method made, beside the maps of those that did."""
    question = question_of(model, window, FOR, zero(window))
    with networks_of(model) as networks:
        deletion = Deletion(map_curve(networks, question, found), random_curves(networks, question, 0))
    return assess(found, MapEvidence([made.values for made in examined.maps.values()], twin, deletion, CELL))


@pytest.mark.parametrize("seed", range(20))
def test_a_random_map_is_red_every_time(ensemble, planted, window, examined, of_ensemble, seed):
    rng = np.random.default_rng(seed)
    values, twin = rng.normal(size=(2, *window.shape)).astype(np.float32)
    for model, beside in ((ensemble, of_ensemble), (planted, examined)):
        made = beside.maps["integrated_gradients"]
        found = replace(made, values=values, completeness_error=0.0, parts=None)
        assert judged(model, window, found, twin, beside).grade is Grade.RED


def test_a_map_that_stays_when_the_weights_go_is_red(planted, window, examined):
    found = examined.maps["integrated_gradients"]
    assert judged(planted, window, found, found.values, examined).grade is Grade.RED


def test_a_map_that_misses_its_sum_is_not_green(planted, window, examined):
    made = examined.reliability["integrated_gradients"]
    found = replace(examined.maps["integrated_gradients"], completeness_error=0.1)
    twin = np.zeros_like(window)
    assert made.grade is Grade.GREEN
    assert judged(planted, window, found, twin, examined).grade is Grade.AMBER


def test_a_card_is_as_good_as_its_worst_check(of_ensemble):
    for made in of_ensemble.reliability.values():
        assert made.grade == max(check.grade for check in made.checks if check.grade is not None)


def test_limits_are_inclusive_and_a_figure_that_is_no_number_is_red():
    assert [COMPLETENESS.grade(value) for value in (0.05, 0.06, 0.15, 0.16)] == [0, 1, 1, 2]
    assert [AGREEMENT.grade(value) for value in (0.4, 0.39, 0.2, 0.19)] == [0, 1, 1, 2]
    assert COMPLETENESS.grade(float("nan")) is Grade.RED
    assert AGREEMENT.grade(float("nan")) is Grade.RED


def test_deletion_takes_the_planted_evidence_first_and_no_random_order_does_as_well(examined):
    deletion = examined.reliability["integrated_gradients"].deletion
    assert deletion.random.shape == (RANDOM_ORDERS, len(FRACTIONS))
    assert deletion.matched <= 0.05
    assert deletion.area < deletion.interval[0]


def test_every_deletion_curve_runs_from_the_window_to_the_baseline(of_ensemble):
    for method, made in of_ensemble.reliability.items():
        found = of_ensemble.maps[method]
        ends = np.vstack([made.deletion.curve, made.deletion.random])[:, [0, -1]]
        np.testing.assert_allclose(ends, np.tile([found.logit, found.baseline_logit], (21, 1)), atol=1e-5)


def test_a_network_that_answers_always_the_same_has_no_green_map(planted, window):
    network = Planted().eval().requires_grad_(False)
    network.head.weight.zero_()
    found = examine(TrainedModel(network, planted.card), window, "AF")
    assert all(made.grade is Grade.RED for made in found.reliability.values())


def test_an_ensembles_map_is_the_mean_of_its_parts_for_every_method(of_ensemble):
    for found in of_ensemble.maps.values():
        assert len(found.parts) == 3
        np.testing.assert_allclose(found.values, found.parts.mean(0), atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_question_gets_the_same_map(ensemble, window, method):
    one, other = (attribute(ensemble, window, "PVC", Recipe(method)).values for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_another_seed_gives_smoothgrad_other_noise(ensemble, window):
    one, other = (attribute(ensemble, window, "PVC", Recipe(SMOOTHGRAD, seed=seed)).values for seed in (0, 9))
    assert 0.9 < map_correlation(one, other, CELL) < 1


@pytest.mark.parametrize("at", [150, 500, 777])
def test_grad_cam_points_to_the_moment_that_the_encoder_saw(window, at):
    model, _ = tiny_models.classifier()
    still = np.zeros_like(window)
    still[:, at] = 30.0
    found = np.abs(attribute(model, still, "AF", Recipe(GRAD_CAM)).values[0])
    excess = found - np.median(found)
    assert abs(float(np.average(np.arange(1000), weights=np.clip(excess, 0, None))) - at) < 16


def test_a_model_without_an_encoder_is_offered_no_grad_cam(planted):
    bare = nn.Sequential(nn.Flatten(), nn.Linear(12_000, 9)).eval()
    assert GRAD_CAM not in methods_of(TrainedModel(bare, planted.card))
    assert set(methods_of(planted)) == set(METHODS)


def test_cells_lose_nothing_of_a_map():
    values = np.random.default_rng(0).normal(size=(12, 999)).astype(np.float32)
    assert cells(values, CELL).shape == (12, 50)
    np.testing.assert_allclose(cells(values, CELL).sum(1), values.sum(1), rtol=1e-4, atol=1e-4)


def test_rounding_errors_do_not_decide_a_correlation():
    planted = np.zeros((12, 1000), dtype=np.float32)
    planted[PLANTED] = 1
    noise = np.random.default_rng(0).normal(0, 1e-7, size=planted.shape).astype(np.float32)
    assert map_correlation(planted, planted + noise, CELL) == pytest.approx(1)
