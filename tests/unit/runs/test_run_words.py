"""A run's state, time left, device use and learning curve index, in words."""

import math
from dataclasses import replace

import pytest
from metric_files import add_metrics
from small_training import FINETUNING

from ecgapp.evaluate import learning_curve_index
from ecgapp.jobs import ACTIVE, ENDED, NEW_RUN, RunStore, metric_names
from ecgapp.jobs.job import Run
from ecgapp.runs.run_figures import (
    Reader,
    changes,
    config_of,
    current_member,
    lci_by_epoch,
    run_lci,
)
from ecgapp.runs.run_words import duration_words, lci_words, size_words, state_sentence, use_words, whose_use
from ecgapp.storage import documents
from ecgapp.ui.training.curves import (
    change_bars,
    f1_curves,
    lci_curve,
    loss_curves,
    members_apart,
    overlay,
    step_curve,
    use_curve,
)

RUN = Run("a" * 12, "mine", "finetune", "cpu", "running", "{}", position=5, created=0.0, done=3, total=20)
ENSEMBLE = replace(FINETUNING, members=2, epochs=3)


def in_state(state, **more):
    return replace(RUN, state=state, **more)


@pytest.mark.parametrize("state", ["queued", *ACTIVE, *ENDED])
def test_every_state_has_a_sentence(state):
    sentence = state_sentence(in_state(state), [])
    assert sentence.lower().startswith(state)
    assert sentence.endswith(".")


def test_a_queued_run_says_what_holds_its_device_and_how_many_are_before_it():
    queued = in_state("queued")
    holder = replace(RUN, id="b" * 12, name="other", title="other", position=1)
    waiting = replace(queued, id="c" * 12, position=4)
    behind = replace(queued, id="d" * 12, position=9)
    sentence = state_sentence(queued, [queued, holder, waiting, behind])
    assert "cpu is busy with other" in sentence
    assert "1 other run before it" in sentence


def test_a_run_on_another_device_is_not_waited_for():
    sentence = state_sentence(in_state("queued"), [replace(RUN, id="b" * 12, device="cuda:0")])
    assert "busy" not in sentence


def test_a_failed_run_says_why():
    assert "no memory" in state_sentence(in_state("failed", message="There is no memory."), [])


def test_a_run_says_its_state_once_and_nothing_is_added_to_what_helps():
    assert (
        state_sentence(in_state("finished", message="Finished. Promote it."), []) == "Finished. Promote it."
    )
    for state in ("lost", "failed"):
        told = state_sentence(in_state(state, message=f"The loss is no number. {NEW_RUN}"), [])
        assert told == f"{state.title()}: The loss is no number. {NEW_RUN}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (None, "–"),
        (float("nan"), "–"),
        (-3, "0 s"),
    ],
)
def test_durations_read_as_people_say_them(seconds, words):
    assert duration_words(seconds) == words


def test_the_index_shows_the_numbers_that_give_it():
    index = learning_curve_index([0.2, 0.5, 0.4, 0.6])
    words = lci_words(index)
    assert "LCI = 1.500" in words  # (0.3 + 0.2) / 2 / 0.1 * 0.6
    assert "0.2500 (2 rises)" in words
    assert "0.1000 (1 drop)" in words
    assert "0.600 (epoch 4)" in words


def test_without_a_drop_there_is_no_number_for_the_index():
    words = lci_words(learning_curve_index([0.2, 0.5]))
    assert "No drop yet" in words
    assert "LCI =" not in words


def test_an_index_of_nothing_learnt_says_so():
    assert "nothing was learnt at threshold 0.5" in lci_words(learning_curve_index([0.0, 0.0]))


def test_an_ensembles_index_is_that_of_the_member_at_work():
    """A new member begins at the bottom: that is no drop."""
    f1 = [(1, 0.2), (2, 0.5), (3, 0.6), (4, 0.1), (5, 0.3)]
    assert run_lci(f1, ENSEMBLE).value is None
    assert run_lci(f1, ENSEMBLE).best == 0.3
    assert run_lci(f1, replace(ENSEMBLE, members=1)).value is not None
    assert current_member(f1, ENSEMBLE) == "Member 2 of 2"
    assert current_member(f1[:3], ENSEMBLE) == "Member 1 of 2"
    assert current_member(f1, FINETUNING) == ""
    assert current_member(f1[:3], replace(ENSEMBLE, members=4), together=3) == "Members 1-3 of 4"
    assert current_member(f1, replace(ENSEMBLE, members=4), together=3) == "Member 4 of 4"


def test_figures_leave_out_what_is_no_number(tmp_path):
    store = RunStore(tmp_path)
    run = store.create("mine", "finetune", "cpu", documents.dump(FINETUNING))
    add_metrics(
        store,
        run.id,
        [
            (metric_names.F1, 1, 0.5),
            (metric_names.F1, 2, float("nan")),
            (metric_names.F1, 3, 0.7),
            (metric_names.F1_OF_LABEL + "AF", 1, 0.4),
        ],
    )
    figures = Reader(store, run.id).read()
    assert figures.f1 == ((1, 0.5), (3, 0.7))
    assert figures.f1_by_label == {"AF": ((1, 0.4),)}
    assert figures.validation_loss == ()
    assert config_of(run) == FINETUNING
    assert config_of(replace(run, config="{}")) is None


def test_what_a_run_takes_of_the_machine_is_said_as_far_as_it_is_known():
    assert use_words({}) == use_words({"Processor": ()}) == "not measured yet"
    latest = {"Processor": [(2, 10.0), (4, 96.4)], "Memory": [(4, 2048.0)]}
    assert use_words(latest) == "processor 96 %, memory 2,048 MB"
    on_gpu = {"GPU": [(4, 88.0)], "GPU memory": [(4, 1024.0)]}
    assert use_words(latest | on_gpu).endswith("GPU 88 %, GPU memory 1,024 MB")


def test_what_of_the_machine_is_taken_by_others_too_is_said():
    points = [(2, 50.0)]
    assert "GPU" not in whose_use({"Processor": points}, 1)
    assert "takes; 100 % processor is every core" in whose_use({"Processor": points}, 1)  # memory is in MB
    on_card = {"GPU": points, "GPU memory": points}
    assert "reserved on its card. GPU is how busy the whole card is, also with" in whose_use(on_card, 1)
    assert "cards together, also by others. GPU is how busy the whole cards are on" in whose_use(on_card, 2)
    assert "busy" not in whose_use({"GPU memory": points}, 1)


@pytest.mark.parametrize(("size", "words"), [(12, "under 1 MB"), (34_000_000, "34 MB"), (1.24e9, "1.2 GB")])
def test_what_deleting_frees_is_said_in_megabytes(size, words):
    assert size_words(size) == words


def test_an_ensembles_members_are_drawn_apart_and_one_network_is_not():
    f1 = [(1, 0.2), (2, 0.5), (3, 0.1), (4, 0.3)]
    drawn = members_apart(f1, 2)
    assert [point for point in drawn if not math.isnan(point[1])] == f1
    assert [epoch for epoch, value in drawn if math.isnan(value)] == [2.5]
    assert members_apart(f1, 4) == f1
    assert members_apart([], 4) == []


@pytest.mark.parametrize("n_points", [0, 1, 3, 200])
def test_curves_are_drawn_at_every_length(n_points):
    points = [(epoch, 0.5) for epoch in range(1, n_points + 1)]
    for figure in (loss_curves(points, points, "loss", log=True), f1_curves(points, {"AF": points})):
        assert [len(trace.y) for trace in figure.data] == [n_points, n_points]
        assert all(trace.type == "scatter" for trace in figure.data)
        assert figure.layout.uirevision == "keep"


def test_the_index_counts_every_epoch_however_many_there_are(tmp_path):
    store = RunStore(tmp_path)
    run = store.create("long", "finetune", "cpu", documents.dump(FINETUNING))
    values = [0.5 + 0.1 * math.sin(epoch) for epoch in range(1, 1201)]
    add_metrics(
        store, run.id, [(metric_names.F1, epoch, value) for epoch, value in enumerate(values, start=1)]
    )
    shown = run_lci(Reader(store, run.id).read().f1, FINETUNING).value
    assert shown == pytest.approx(learning_curve_index(values).value)


def test_a_reader_goes_on_where_it_was_and_ends_with_the_same_curves(tmp_path):
    store = RunStore(tmp_path)
    run = store.create("long", "finetune", "cpu", documents.dump(FINETUNING))
    reader = Reader(store, run.id)
    assert reader.read().step_loss == ()
    for part in range(4):
        steps = range(500 * part + 1, 500 * part + 501)
        add_metrics(store, run.id, [(metric_names.STEP_LOSS, step, math.sin(step / 50)) for step in steps])
        shown = reader.read().step_loss
        assert (shown[0][0], shown[-1][0]) == (1, steps[-1])
        assert len(shown) <= 1000 + 2
        assert [step for step, _ in shown] == sorted({step for step, _ in shown})


def test_the_index_over_epochs_has_gaps_until_the_first_drop():
    f1 = list(enumerate((0.2, 0.5, 0.4, 0.6), start=1))
    shown = lci_by_epoch(f1, FINETUNING)
    assert [epoch for epoch, _ in shown] == [1, 2, 3, 4]
    assert [math.isnan(value) for _, value in shown] == [True, True, False, False]
    assert shown[-1][1] == pytest.approx(run_lci(f1, FINETUNING).value)
    assert [value for _, value in changes(f1, FINETUNING)] == pytest.approx([0.3, -0.1, 0.2])


@pytest.mark.parametrize("n_points", [0, 1, 300])
def test_small_charts_are_drawn_at_every_length(n_points):
    points = [(step, (-1) ** step * 0.1) for step in range(n_points)]
    for figure in (
        step_curve(points, "loss", log=True),
        use_curve(points, "Memory", "MB"),
        lci_curve(points),
    ):
        assert len(figure.data[0].x) == n_points
    bars = change_bars(points)
    assert sum(len(trace.x) for trace in bars.data) == n_points


def test_runs_laid_over_each_other_differ_in_colour_dash_and_marker():
    figure = overlay({"a": [(1, 0.5)], "b": [], "c": [(1, 0.2), (2, 0.3)]}, "loss")
    looks = {(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in figure.data}
    assert len(looks) == 3
    assert [trace.name for trace in figure.data] == ["a", "b", "c"]


def test_one_run_alone_is_named_too():
    assert overlay({"a": [(1, 0.5)]}, "loss").layout.showlegend


def test_a_runs_name_is_no_html_in_a_figure():
    """Plotly makes links of it, and of %{...} figures."""
    name = '<a href="http://evil.example">%{y}</a>'
    figure = overlay({name: [(1, 0.5)], "b": [(1, 0.2)]}, f"F1 of {name}")
    by_label = f1_curves([(1, 0.5)], {name: [(1, 0.5)]})
    for text in (*[trace.name for trace in (*figure.data, *by_label.data)], figure.layout.yaxis.title.text):
        assert "<" not in text
    assert all("evil" not in trace.hovertemplate for trace in (*figure.data, *by_label.data))


def test_members_that_learn_together_are_thin_lines_behind_their_mean():
    figure = f1_curves([(1, 0.5)], {}, {"1": [(1, 0.4)], "2": [(1, 0.6)]})
    assert [trace.showlegend for trace in figure.data] == [False, False, None]
    assert figure.data[-1].name == "macro F1"
