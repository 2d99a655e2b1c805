"""An administrator's page under test: a home folder of its own, a signed-in session, a small data set."""

import contextlib

from dataset_sources import ecg, make_store
from run_processes import set_columns
from small_training import FINETUNING
from streamlit.testing.v1 import AppTest

from ecgapp.config import PROJECT
from ecgapp.storage import admin_password, documents
from ecgapp.ui.shell import auth

PASSWORD = "correct horse"


def open_page(name, settings, *, signed_in=True):
    """``pages/<name>.py`` after its first run; ECGAPP_HOME must name the settings' home already."""
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=30)
    if signed_in:
        with contextlib.suppress(admin_password.AccessError):
            admin_password.set_password(settings, PASSWORD)
        page.session_state[auth.PASS] = admin_password.check_password(settings, PASSWORD)
    return page.run()


def make_run(runs, state, config=FINETUNING, heartbeat=1e12, **columns):
    """A run in this state, which is never lost unless its heartbeat is given."""
    run = runs.create(config.name, config.phase, config.device, documents.dump(config))
    set_columns(runs, run.id, state=state, heartbeat=heartbeat, **columns)
    return runs.get(run.id)


def twelve_lead_store(settings, name="hospital", n_records=20):
    """Ten folds of two patients each; even records are normal, odd ones have atrial fibrillation."""
    records = [ecg(k, codes=("SCP:NORM",) if k % 2 == 0 else ("SCP:AFIB",)) for k in range(n_records)]
    return make_store(settings.stores / name, records)


def said(page):
    """The text of the page, boxes included."""
    kinds = (page.markdown, page.caption, page.info, page.success, page.warning, page.error, page.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
