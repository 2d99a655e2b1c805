"""An exported run trains the same weights again from the command line."""

import json
import os
import subprocess
import sys

from run_processes import until
from small_training import FINETUNING, small_settings

from ecgapp.config import PROJECT
from ecgapp.jobs import RunStore
from ecgapp.jobs.metric_export import export_run
from ecgapp.storage import documents


def test_what_is_exported_trains_the_same_weights_again_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # sums in another order round otherwise
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(PROJECT), *sys.path)))
    settings = small_settings(tmp_path / "home", n_records=20)
    store = RunStore(settings.runs)
    run = store.create("small", "finetune", "cpu", documents.dump(FINETUNING))
    store.launch(run.id)
    until(lambda: store.get(run.id).ended_for_now)
    export_run(store, run.id, tmp_path / "out")
    monkeypatch.setenv("ECGAPP_HOME", str(settings.home))
    command = (tmp_path / "out" / "command.txt").read_text().split()
    assert command[0] == "python"
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path / "out", check=True, capture_output=True)
    again, _ = store.all()
    assert (again.state, again.config) == ("finished", run.config)
    first, second = (store.folder(one) / "result" / "small.json" for one in (run.id, again.id))
    assert sha256_of(first) == sha256_of(second)


def sha256_of(card):
    return json.loads(card.read_text())["sha256"]
