"""The app in a real browser: a record read, bad files refused, a training that outlives tab and server."""

import re

import numpy as np
import pytest
from app_server import served
from run_processes import until
from visitor import Visitor, browser, expect

from ecgapp.config import DISCLAIMER, PROJECT, Settings
from ecgapp.datasets import import_dataset
from ecgapp.jobs import RunStore
from ecgapp.records import DEMOS, LEADS, ECGRecord, SyntheticConfig, synthesise, write_wfdb
from ecgapp.runs.form_to_config import PHASES
from ecgapp.storage import admin_password
from ecgapp.training import Phase

PASSWORD = "correct horse battery"
RHYTHMS = ("sinus", "AF", "PVC")
CHARTS = ("tracing", "steps", "reconstruction", "saliency")
ONE_SENTENCE = re.compile(r"[A-Z][^/\\]{15,}\.")  # no path in it
MARKUP = "<img src=x onerror=alert(1)>"
FETCH = "![](//a.example/b)"  # Markdown that would fetch a picture


@pytest.fixture(scope="module")
def chrome():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A server that clinicians share."""
    with served(tmp_path_factory.mktemp("clinic")) as app:
        yield app
        assert_discreet(app)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """Sixty labelled synthetic ECGs of sixty patients in ten folds, and a header that lost its signal."""
    folder = tmp_path_factory.mktemp("hospital-folder")
    lines = ["record,fold,AF,PVC"]
    for number in range(60):
        rhythm = RHYTHMS[number % 3]
        config = SyntheticConfig(rhythm, 60 + number, sampling_rate=100.0, noise=0.02, seed=number)
        write_wfdb(synthesise(config).record, folder, f"ecg{number:02d}")
        lines.append(f"ecg{number:02d},{number // 6 + 1},{int(rhythm == 'AF')},{int(rhythm == 'PVC')}")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "lost.hea").write_text((folder / "ecg00.hea").read_text().replace("ecg00", "lost"))
    return folder


def synthetic_files(folder, name="patient-smith"):
    """A synthetic record's files, signal first."""
    header, signal = write_wfdb(synthesise(DEMOS["Left bundle branch block"]).record, folder, name)
    return (signal.name, signal.read_bytes()), (header.name, header.read_bytes())


def real_files(real_data):
    """A 12-lead record of the 2021 challenge, signal first."""
    header = min(real_data.glob("challenge2021/**/JS*.hea"))
    signal = header.with_suffix(".mat")
    return (signal.name, signal.read_bytes()), (header.name, header.read_bytes())


def assert_discreet(app, *secrets):
    """The console tells of no error, no folder, nothing secret."""
    console = app.console()
    forbidden = ("Traceback", "Error", str(app.settings.home), str(PROJECT), "patient-smith", MARKUP)
    assert not [word for word in (*forbidden, *secrets) if word in console]


def assert_everything_is_shown(visitor):
    """Tracing, preprocessing, reconstruction, findings and saliency, without an error beside them."""
    for chart in CHARTS:
        expect(visitor.widget(chart).locator(".js-plotly-plot .main-svg").first).to_be_attached()
    expect(visitor.widget("tracing").locator(".scatterlayer .js-line").first).to_be_attached()
    expect(visitor.widget("saliency").locator(".heatmaplayer image").first).to_be_attached()
    expect(visitor.page.get_by_test_id("stDataFrame").first).to_be_visible()
    visitor.sees("unconfirmed")
    visitor.sees("MSE per sample")
    assert visitor.page.get_by_test_id("stAlertContentError").count() == 0


def picture(visitor, tmp_path, name):
    """The whole page, for eyes; pytest keeps the last three runs' folders."""
    expect(visitor.page.get_by_test_id("stSkeleton")).to_have_count(0)
    height = visitor.page.get_by_test_id("stMainBlockContainer").evaluate("page => page.scrollHeight")
    visitor.page.set_viewport_size({"width": 1280, "height": height + 80})
    visitor.page.screenshot(path=tmp_path / f"{name}.png")


def assert_a_drop_is_read(chrome, clinic, files, tmp_path):
    visitor = Visitor.at(chrome, clinic)
    visitor.sees("No ECG is open")
    visitor.sees(DISCLAIMER)
    visitor.drop(*files)
    assert_everything_is_shown(visitor)
    assert visitor.other_hosts() == set()
    assert_discreet(clinic, *(name.partition(".")[0] for name, _ in files))
    assert list(clinic.settings.uploads.iterdir()) == []
    picture(visitor, tmp_path, "review")
    visitor.widget("step_lead").locator("input").click()
    expect(visitor.page.get_by_role("option")).to_have_text(list(LEADS))


def test_a_dropped_record_is_traced_read_and_explained_and_nothing_leaves_the_machine(
    chrome, clinic, tmp_path
):
    assert_a_drop_is_read(chrome, clinic, synthetic_files(tmp_path), tmp_path)


def test_a_real_record_is_traced_read_and_explained(chrome, clinic, real_data, tmp_path):
    assert_a_drop_is_read(chrome, clinic, real_files(real_data), tmp_path)


@pytest.mark.parametrize("bad", ["a lone header", "a renamed text"])
def test_a_bad_drop_gets_one_sentence_and_the_next_drop_is_read(chrome, clinic, tmp_path, bad):
    signal, header = synthetic_files(tmp_path)
    visitor = Visitor.at(chrome, clinic)
    visitor.sees("No ECG is open")
    visitor.drop(header if bad == "a lone header" else ("letter.dat", b"Dear colleague, all is well."))
    expect(visitor.page.get_by_test_id("stAlertContentError")).to_have_text(ONE_SENTENCE)
    assert visitor.widget("tracing").count() == 0
    picture(visitor, tmp_path, "bad drop")
    visitor.drop(signal, header)
    assert_everything_is_shown(visitor)
    assert list(clinic.settings.uploads.iterdir()) == []


def test_markup_in_a_file_name_or_a_lead_name_stays_text(chrome, clinic, tmp_path):
    signal, _ = synthetic_files(tmp_path)
    visitor = Visitor.at(chrome, clinic)
    visitor.sees("No ECG is open")
    visitor.drop((f"{MARKUP}.dat", signal[1]))
    expect(visitor.page.get_by_test_id("stAlertContentError")).to_be_visible()
    expect(visitor.page.get_by_role("button", name=f"Remove {MARKUP}.dat")).to_be_visible()
    flat = ECGRecord("x", np.zeros((2, 5000), np.float32), 500.0, (FETCH, MARKUP))
    paths = write_wfdb(flat, tmp_path, "flat")
    visitor.drop(*((path.name, path.read_bytes()) for path in paths))
    visitor.sees("No signal in")
    picture(visitor, tmp_path, "markup")
    assert visitor.page.locator("img[src='x'], img[src*=example]").count() == 0
    assert visitor.other_hosts() == set()
    assert_discreet(clinic)


def test_the_threshold_slider_moves_the_two_by_two_tables(chrome, clinic, tmp_path):
    visitor = Visitor.at(chrome, clinic, "performance")
    tables = visitor.page.get_by_test_id("stTable")
    expect(tables.first).to_be_visible()
    picture(visitor, tmp_path, "performance")
    before = tables.first.inner_text()
    visitor.page.get_by_role("slider").press("Home")
    expect(tables.first).not_to_have_text(before, use_inner_text=True)
    visitor.sees("Thresholds as tried here")
    below = tables.first.get_by_role("row").filter(has_text="model: below")
    expect(below).to_have_text(re.compile(r"^model: below\s*0\s*0$"))
    assert visitor.other_hosts() == set()


def test_a_training_goes_on_while_its_tab_is_closed_and_stops_when_asked(
    chrome, hospital, tmp_path, tmp_path_factory
):
    with served(tmp_path_factory.mktemp("lab")) as lab:
        first = Visitor.at(chrome, lab, "data")
        set_first_password(first)
        import_hospital(first, hospital)
        picture(first, tmp_path, "data")
        first.page.get_by_role("link", name="Training").click()
        start_training(first, Phase.FINETUNE, epochs=5000)
        watch_curves_grow(first)
        first.page.close()

        store = RunStore(lab.settings.runs)
        run = store.all()[0]
        until(lambda: store.get(run.id).done > run.done + 2)
        second = Visitor.at(chrome, lab, "training")
        second.sign_in(PASSWORD)
        watch_curves_grow(second, since=run.done + 2)
        second.sees("Learning curve index (LCI)")
        second.sees(re.compile("mean rise"))
        expect(second.page.locator(".katex").first).to_be_visible()
        picture(second, tmp_path, "training")
        second.click("Stop")
        second.sees(re.compile(r"Stopped: \d+ of 5000 epochs done"))
        assert store.get(run.id).state == "stopped"
        assert first.other_hosts() | second.other_hosts() == set()
        assert_discreet(lab, PASSWORD, str(hospital))


def test_two_servers_of_one_home_share_its_runs_and_its_device(chrome, hospital, tmp_path_factory):
    home = tmp_path_factory.mktemp("shared")
    import_dataset("folder", hospital, Settings(home).stores / "hospital")
    admin_password.set_password(Settings(home), PASSWORD)
    with served(home) as one, served(home) as other:
        here, there = (Visitor.at(chrome, app, "training") for app in (one, other))
        for visitor in (here, there):
            visitor.sign_in(PASSWORD)
            visitor.sees("No training yet")
        start_training(here, Phase.PRETRAIN, epochs=5000)
        watch_curves_grow(there)
        start_training(there, Phase.PRETRAIN, epochs=1)
        there.sees("Queued: cpu is busy with")
        one.kill()
        running, waiting = (run.id for run in reversed(RunStore(other.settings.runs).all()))
        there.pick(f"chosen_run_{waiting}", running[:6])
        watch_curves_grow(there, since=epoch_shown(there))
        there.click("Stop")
        until(lambda: RunStore(other.settings.runs).get(waiting).state != "queued")
        assert RunStore(other.settings.runs).get(running).state == "stopped"


def test_a_stranger_who_is_the_first_to_come_sees_nothing_of_the_administrators_pages(chrome, tmp_path):
    admin_password.set_password(Settings(tmp_path), PASSWORD)
    with served(tmp_path) as app:
        strangers = [Visitor.at(chrome, app, path) for path in ("training", "data")]
        for stranger in strangers:
            stranger.sees(DISCLAIMER)
            stranger.sees("Administrator")
            expect(stranger.page.get_by_label("Password", exact=True)).to_be_visible()
            page = stranger.page.get_by_test_id("stMainBlockContainer").inner_text()
            assert stranger.navigation() == [
                "Review",
                "Worklist",
                "Compare",
                "Performance",
                "Training",
                "Experiments",
                "Data",
                "Models",
            ]
            assert not [word for word in ("Import", "data set", "Runs", "Device", "Epochs") if word in page]
            assert stranger.other_hosts() == set()
            stranger.sign_in("a guess at it")
            stranger.sees("This password is wrong.")
        assert_discreet(app)


def set_first_password(visitor):
    visitor.page.get_by_label("New password").fill(PASSWORD)
    visitor.page.get_by_label("The same password again").fill(PASSWORD)
    visitor.click("Set password")


def import_hospital(visitor, hospital):
    visitor.pick("import_layout", "A folder of ECGs, with labels in labels.csv or without")
    visitor.fill("import_source", hospital)
    visitor.fill("import_name", "hospital")
    visitor.click("Import")
    visitor.sees("Last import: 60 records were imported into hospital. Refused: 1.")
    visitor.sees("Records with each label, by fold")


def start_training(visitor, phase, epochs):
    visitor.page.get_by_text(PHASES[phase]).click()
    visitor.fill(f"train_epochs_{phase}", epochs)  # drawn anew for each phase
    visitor.click("Start training")


def watch_curves_grow(visitor, since=0):
    """The epoch shown passes ``since``, then grows once more, with curves beside it."""
    until_epoch(visitor, since + 1)
    expect(visitor.widget("live_loss").locator(".scatterlayer .js-line").first).to_be_attached()
    until_epoch(visitor, epoch_shown(visitor) + 1)


def until_epoch(visitor, epoch):
    shown = visitor.page.get_by_test_id("stMetric").filter(has_text="Epoch").first
    expect(shown).to_be_visible()
    until(lambda: epoch_shown(visitor) >= epoch)


def epoch_shown(visitor):
    """The number of epochs done that stands on the page."""
    return int(visitor.figure("Epoch").split()[0].replace("–", "0"))
