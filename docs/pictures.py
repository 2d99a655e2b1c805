"""Takes the two pictures of README and docs/pages.md, review.png and training.png, from the running app.

    python -m docs.pictures

The ECGs are synthetic. Needs what ``requirements-dev.txt`` installs, Chromium, the shipped weights, and about
three minutes.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from benchmarks.app.served import served
from ecgapp.analysis import available_models
from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import import_dataset
from ecgapp.jobs import Run, RunStore
from ecgapp.records import SyntheticConfig, synthesise, write_wfdb
from ecgapp.runs.form_to_config import Labels, config_on_pretrained, with_start
from ecgapp.storage import admin_password, documents
from ecgapp.tasks import task
from ecgapp.training import Initialisation

FOLDER = PROJECT / "docs"
WIDTH, REVIEW_WIDTH = 1280, 1440  # px
DEMO = "Inferior ST elevation"
CLASSIFIER = "nine_class"
ENCODER = "cae_12lead"
RHYTHMS = ("sinus", "AF", "PVC", "LBBB", "RBBB")
N_RECORDS = 200
EPOCHS_SHOWN = 16
PASSWORD = "only for the pictures"  # noqa: S105
PATIENCE = 600_000  # ms


def main() -> None:
    """Take both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "home")
        settings.home.mkdir()
        admin_password.set_password(settings, PASSWORD)
        with served(settings.home) as app, tab() as page:
            page.goto(app.url)
            picture_review(page)
            with training(settings, Path(folder) / "ecgs"):
                page.goto(f"{app.url}/training")
                picture_training(page)


def picture_review(page: Page) -> None:
    """Take the Review page without the sections between findings and saliency."""
    page.set_viewport_size({"width": REVIEW_WIDTH, "height": 900})
    choose(page, "demo", DEMO)
    page.locator(".st-key-saliency .heatmaplayer image").first.wait_for(state="attached")
    whole = whole_page(page, REVIEW_WIDTH)
    reading, saliency, steps = (
        top(heading(page, words)) for words in ("Your reading", "Saliency", "Preprocessing")
    )
    parts = [
        whole.crop((0, 0, REVIEW_WIDTH, reading)),
        whole.crop((0, saliency, REVIEW_WIDTH, steps)),
    ]
    joined = Image.new("RGB", (REVIEW_WIDTH, sum(part.height for part in parts)), "white")
    joined.paste(parts[0], (0, 0))
    joined.paste(parts[1], (0, parts[0].height))
    page.set_viewport_size({"width": WIDTH, "height": 900})
    save(joined, "review.png")


def picture_training(page: Page) -> None:
    """Take the Training page during a fine-tuning, after some epochs."""
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text(f"Epoch {EPOCHS_SHOWN} of").wait_for()
    page.get_by_text("LCI = ").wait_for()
    whole = whole_page(page)
    save(whole.crop((0, 0, WIDTH, whole.height - 120)), "training.png")


@contextmanager
def training(settings: Settings, source: Path) -> Iterator[None]:
    """Run a fine-tuning on a data set of synthetic ECGs; its processes are killed on leaving."""
    write_ecgs(source)
    import_dataset("folder", source, settings.stores / "synthetic")
    pretrained = available_models(settings)[ENCODER]
    labelled = config_on_pretrained(("synthetic",), pretrained, labels=Labels(CLASSIFIER))
    started = with_start(labelled, Initialisation.TRANSFER, ENCODER)
    config = replace(started, device="cpu", epochs=60, batch_size=32, learning_rate=1e-3)
    runs = RunStore(settings.runs)
    run = runs.create(config.name, config.phase, config.device, documents.dump(config))
    runs.launch(run.id)
    try:
        yield
    finally:
        end(run)


def write_ecgs(folder: Path) -> None:
    """Write noisy records of five rhythms, with a column for each of the nine classes."""
    labels = task(CLASSIFIER).label_names
    folder.mkdir()
    lines = [",".join(["record", "fold", *labels])]
    for number in range(N_RECORDS):
        rhythm = RHYTHMS[number % len(RHYTHMS)]
        config = SyntheticConfig(rhythm, 55 + number % 50, noise=0.15, wander=0.3, mains=0.1, seed=number)
        write_wfdb(synthesise(config).record, folder, f"ecg{number:03d}")
        present = "Normal" if rhythm == "sinus" else rhythm
        answers = [str(int(label == present)) for label in labels]
        lines.append(",".join([f"ecg{number:03d}", str(number // len(RHYTHMS) % 10 + 1), *answers]))
    (folder / "labels.csv").write_text("\n".join(lines))


def end(run: Run) -> None:
    """Kill the processes of a run, which have its id in their command."""
    for process in psutil.process_iter(["cmdline"]):
        if run.id in (process.info["cmdline"] or []) and process.pid != os.getpid():
            process.kill()


@contextmanager
def tab() -> Iterator[Page]:
    """Open a tab of a headless Chromium."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def choose(page: Page, key: str, option: str) -> None:
    """Choose an option of a select box."""
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def heading(page: Page, words: str) -> Locator:
    """Return the heading of a section."""
    return page.get_by_role("heading", name=words)


def top(element: Locator) -> int:
    """Return the upper edge of an element, in px from the top of the page."""
    box = element.bounding_box()
    if box is None:
        raise LookupError("The page lacks what the picture should show.")
    return round(box["y"]) - 8


def whole_page(page: Page, width: int = WIDTH) -> Image.Image:
    """Return a picture of the whole page, without scrolling."""
    page.mouse.move(width / 2, 2)  # the toolbars of figures and tables follow the mouse
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    height = page.get_by_test_id("stMainBlockContainer").evaluate("block => block.scrollHeight")
    page.set_viewport_size({"width": width, "height": height + 80})
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        page.screenshot(path=file.name, animations="disabled")
        return Image.open(file.name).convert("RGB")


def save(picture: Image.Image, name: str) -> None:
    """Write a picture with 52 shades per channel, which looks the same and saves a quarter of the bytes."""
    picture.point([round(value / 5) * 5 for value in range(256)] * 3).save(FOLDER / name, optimize=True)


if __name__ == "__main__":
    main()
