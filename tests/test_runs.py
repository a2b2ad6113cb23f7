"""Run folders and their processes: whole or absent, alive or interrupted, in order, and never somebody else's."""

import csv
import errno
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from core import disk, models, predict, runs, settings
from core.errors import Cancelled, UserError
from core.finetune import train as train_module
from core.finetune.checkpoints import newest_checkpoint
from core.notes import Notes
from core.results import DataReport, Event, RunConfig, RunReport, RunState

CONFIG = RunConfig(model="minilm", data="rotten_tomatoes", name="mine")
REPORT = RunReport({}, (), 1.0, 2.0, 3.0, 4.0, 5, 5, 0.0, {"torch": "2"}, DataReport(1, (), {"train": 1}, {"a": 1}))
LONG_AGO = time.time() - 3600


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Until something is so, looking often; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def status(run: runs.Run) -> str:
    return runs.get(run.id).state.status


def set_state(run: runs.Run, value: str) -> None:
    runs._set_state(run.folder, replace(run.state, status=value))  # type: ignore[arg-type]


def forget_start(run: runs.Run) -> None:
    """As if the run had been left alone for long."""
    os.utime(run.folder / "state.json", (LONG_AGO, LONG_AGO))


def event(step: int, kind: str = "step") -> Event:
    return Event(1.0, kind, step, 10, step / 10, {"loss": 0.5})


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Put something else in the place of the training."""

    def put(result: object) -> None:
        def train(config: RunConfig, folder: Path, report: object, cancelled: object) -> RunReport:
            if callable(result):
                return result(config, folder, report, cancelled)  # type: ignore[no-any-return]
            raise result  # type: ignore[misc]

        monkeypatch.setattr(train_module, "train", train)

    return put


@pytest.fixture
def holder() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Start a process that holds a lock until it is killed."""
    started = []

    def hold(lock: Path) -> subprocess.Popen[str]:
        code = "import sys, time, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True)
        started.append(child)
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        return child

    yield hold
    for child in started:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


# --- Creating and looking ----------------------------------------------------------------------------------------------


def test_a_new_run_is_complete_and_queued() -> None:
    run = runs.create(CONFIG)
    assert runs.RUN_ID.fullmatch(run.id) and models.RUN_NAME.fullmatch(f"run:{run.id}")
    assert run.folder == settings.runs_folder() / run.id
    assert sorted(path.name for path in run.folder.iterdir()) == ["config.json", "state.json"]
    assert run.config == CONFIG and run.state.status == "queued"
    assert runs.get(run.id) == run == runs.all_runs()[0]
    assert runs.report(run) is None and runs.events(run) == () and runs.log_tail(run) == ""
    assert [path.name for path in settings.runs_folder().iterdir()] == [run.id]


def test_runs_come_newest_first() -> None:
    made = [runs.create(CONFIG).id for _ in range(4)]
    assert [run.id for run in runs.all_runs()] == made[::-1]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.csv", "影评 数据.csv", "a b;rm -rf $(x).tsv", "...", "x" * 300 + ".csv"]
)
def test_an_uploaded_file_is_copied_under_a_safe_name(name: str, tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_text("text,label\na,b\n")

    class Named(type(source)):  # type: ignore[misc]
        name = property(lambda self: name)

    run = runs.create(CONFIG, Named(source))
    copied = run.folder / run.config.data
    assert copied.parent == run.folder / "data" and copied.resolve().parent == (run.folder / "data").resolve()
    assert copied.read_text() == source.read_text()
    assert len(copied.name.encode()) < 200 and not set(copied.name) & set(" /;$()\\")


@pytest.mark.parametrize(
    "change",
    [{"model": "/etc"}, {"model": "../x"}, {"model": "a/../b"}, {"data": "/etc/passwd"}, {"data": "data/../../x.csv"},
     {"data": "../x.csv"}, {"data": "~/x.csv"}],
)  # fmt: skip
def test_a_page_cannot_name_a_place_on_this_machine(change: dict[str, str]) -> None:
    with pytest.raises(UserError):
        runs.create(replace(CONFIG, **change))  # type: ignore[arg-type]
    assert runs.all_runs() == ()


@pytest.mark.parametrize(
    "run_id", ["", "..", "../runs", "20260101-000000-abcde", "20260101-000000-ABCDEF", "x/../y", "."]
)
def test_an_id_that_is_none_is_refused(run_id: str) -> None:
    runs.create(CONFIG)
    with pytest.raises(UserError, match="there is no run"):
        runs.get(run_id)


def test_nothing_is_left_when_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="the disk is full"):
        runs.create(CONFIG)
    assert list(settings.runs_folder().iterdir()) == [] and runs.all_runs() == ()


def test_damaged_and_foreign_folders_do_no_harm() -> None:
    good = runs.create(CONFIG)
    home = settings.runs_folder()
    (home / "notes").mkdir()
    (home / "20260101-000000-abcdef").write_text("a file")
    (home / "20260101-000001-abcdef").mkdir()
    broken = runs.create(CONFIG)
    (broken.folder / "state.json").write_text('{"status": "runn')
    strange = runs.create(CONFIG)
    (strange.folder / "config.json").write_text("[1]")
    found = {run.id: run for run in runs.all_runs()}
    assert set(found) == {good.id, "20260101-000001-abcdef", broken.id, strange.id}
    for run_id, file in (
        (broken.id, "state.json"),
        (strange.id, "config.json"),
        ("20260101-000001-abcdef", "config.json"),
    ):
        state = found[run_id].state
        assert state.status == "failed"
        assert str(UserError(state.error, **state.error_values)) == f"the run's {file} cannot be read"
        with pytest.raises(UserError):
            runs.start(found[run_id])
        runs.delete(found[run_id])
    assert [run.id for run in runs.all_runs()] == [good.id]


def put(name: str, content: bytes) -> Callable[[Path], None]:
    """Something else in the place of a run's file."""

    def damage(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    return damage


def put_folder(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return damage


def change(file: str, **values: object) -> Callable[[Path], None]:
    """Other values in a run's JSON file."""

    def damage(folder: Path) -> None:
        written = json.loads((folder / file).read_bytes())
        (folder / file).write_text(json.dumps({**written, **values}))

    return damage


UNREADABLE = "the run's {file} cannot be read"
STEP = b'{"time": 1, "kind": "step", "step": 1, "total_steps": 2, "epoch": 0.5, "values": {}}\n'
# what was done to a folder, and what the run says of it; "" where it is as good as before
DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "config.json"),
    "an empty configuration": (put("config.json", b""), "config.json"),
    "half a configuration": (put("config.json", b'{"model": "min'), "config.json"),
    "a deep configuration": (put("config.json", b"[" * 200_000), "config.json"),
    "a folder for a configuration": (put_folder("config.json"), "config.json"),
    "a method of another version": (change("config.json", method="nonsense"), "config.json"),
    "a field of another version": (change("config.json", preset="nonsense", extra=1), ""),
    "a model outside": (change("config.json", model="../../etc"), ""),
    "data outside": (change("config.json", data="data/../../../../../etc/passwd"), ""),
    "a name of a megabyte": (change("config.json", name="# **x** " * 125_000), ""),
    "no number of epochs": (change("config.json", epochs=float("nan")), ""),
    "no state": (lambda folder: (folder / "state.json").unlink(), "state.json"),
    "an unknown state": (change("state.json", status="dancing"), "state.json"),
    "a folder for a state": (put_folder("state.json"), "state.json"),
    "a time that is text": (change("state.json", created="now"), "state.json"),
    "a sentence with places": (change("state.json", status="failed", error="{}", error_values={"": "x"}), "state.json"),
    "a sentence with numbers": (change("state.json", status="failed", error="{0}", error_values={"0": "x"}), "state.json"),
    "a sentence in a sentence": (change("state.json", status="failed", error="{a:{b}}", error_values={"a": "", "b": ""}), "state.json"),
    "a folder for events": (put_folder("events.jsonl"), ""),
    "events of noise": (put("events.jsonl", STEP + bytes(range(1, 256)) * 40 + b"\n" + STEP), ""),
    "an event without numbers": (put("events.jsonl", STEP.replace(b"0.5", b"1e400")), ""),
    "half a report": (put("report.json", b'{"evaluations'), ""),
    "a folder for a report": (put_folder("report.json"), ""),
    "a report of another kind": (put("report.json", b'{"movement": 1}'), ""),
    "odd notes": (put("notes.json", b'{"name": 1, "tags": [{}]}'), ""),
    "a folder for notes": (put_folder("notes.json"), ""),
    "a folder for a log": (put_folder("log.txt"), ""),
    "a negative process": (put("process.json", b'{"pid": -1, "created": 0}'), ""),
    "a huge process": (put("process.json", b'{"pid": 1000000000000, "created": 0}'), ""),
    "a folder for a process": (put_folder("process.json"), ""),
    "a folder for an owner": (put_folder("owner"), ""),
    "an owner of noise": (put("owner", bytes(range(256))), ""),
    "a folder for a lock": (put_folder("lock"), ""),
    "a file for checkpoints": (put("checkpoints", b""), ""),
    "a file for a model": (put("model", b""), ""),
    "a model without weights": (put("model/config.json", b"{}"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_run_can_be_looked_at_and_deleted_and_the_others_go_on(name: str) -> None:
    """All that pages and the command line ask of a run gives an answer or one sentence, whatever its folder has become."""
    damage, file = DAMAGE[name]
    good = runs.create(CONFIG)
    run = runs.create(CONFIG, owner="a" * 32)
    set_state(run, "failed")
    damage(run.folder)
    for found in (runs.get(run.id), {found.id: found for found in runs.all_runs()}[run.id]):
        state = found.state
        assert state.status == "failed"
        assert str(UserError(state.error, **state.error_values)) == (UNREADABLE.format(file=file) if file else "")
    assert len(runs.events(found)) <= 1 and runs.report(found) is None and runs.log_tail(found) == ""
    for ask in (runs.kill, runs.cancel, runs.put_first):
        ask(found)
    assert isinstance(runs.owner(run.id), str)
    with suppress(UserError):
        runs.annotate(found, Notes("a name"))
    with pytest.raises(UserError):
        predict.load(f"run:{run.id}")
    with suppress(UserError):
        set_state(runs.resumed(run.folder), "failed")
    assert [waiting.id for waiting in runs.queue()] == [good.id]
    runs.delete(runs.get(run.id))
    assert [found.id for found in runs.all_runs()] == [good.id]


def test_what_cannot_be_written_is_said_in_one_sentence() -> None:
    """A home that is read-only, or whose files somebody has replaced."""
    run = runs.create(CONFIG)
    set_state(run, "failed")
    (settings.runs_folder() / ".control.lock").mkdir(exist_ok=True)
    changes: tuple[Callable[[runs.Run], object], ...] = (
        runs.resume,
        runs.cancel,
        runs.delete,
        runs.start,
        lambda run: runs.resumed(run.folder),
    )
    for change_run in changes:
        with pytest.raises(UserError, match="cannot be written"):
            change_run(run)
    (run.folder / "lock").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        runs.work(run.folder)
    gone = replace(run, folder=settings.runs_folder() / "gone")
    for change_run in (runs.put_first, lambda run: runs.annotate(run, Notes("a"))):
        with pytest.raises(UserError, match="cannot be written"):
            change_run(gone)
    assert status(run) == "failed"


# --- The command line's folder -----------------------------------------------------------------------------------------


def test_a_folder_of_the_users_own(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_bert.parent)
    (tmp_path / "empty").mkdir()
    config = replace(CONFIG, model=tiny_bert.name)
    for folder in (tmp_path / "new" / "out", tmp_path / "empty"):
        run = runs.create(config, folder=folder)
        assert run.folder == folder and run.state.status == "queued"
        assert run.config.model == str(tiny_bert), "it means the same from everywhere"
    assert runs.all_runs() == ()


def test_a_folder_that_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="not empty and holds no run"):
        runs.create(CONFIG, folder=folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
    table = tmp_path / "t.csv"
    table.write_text("text,label\na,b\n")
    run = runs.create(CONFIG, table, folder=tmp_path / "run")
    set_state(run, "failed")
    assert runs.create(CONFIG, table, folder=run.folder).state == RunState("queued", run.state.created)
    with pytest.raises(UserError, match="other settings or data"):
        runs.create(replace(CONFIG, epochs=3), table, folder=run.folder)
    table.write_text("text,label\nc,d\n")
    with pytest.raises(UserError, match="other settings or data"):
        runs.create(CONFIG, table, folder=run.folder)
    table.write_text("text,label\na,b\n")
    set_state(run, "finished")
    with pytest.raises(UserError, match="cannot be resumed"):
        runs.create(CONFIG, table, folder=run.folder)


# --- Alive or not ------------------------------------------------------------------------------------------------------


def test_a_run_nobody_works_on_reads_as_interrupted() -> None:
    run = runs.create(CONFIG)
    assert status(run) == "queued", "its process may be starting"
    forget_start(run)
    assert status(run) == "interrupted"
    for value in ("finished", "failed", "cancelled"):
        set_state(run, value)
        forget_start(run)
        assert status(run) == value


def test_the_lock_says_whether_it_is_alive(holder: Callable[[Path], subprocess.Popen[str]]) -> None:
    run = runs.create(CONFIG)
    child = holder(run.folder / "lock")
    for value in ("queued", "running"):
        set_state(run, value)
        forget_start(run)
        assert status(run) == value
    child.kill()
    child.wait()
    assert status(run) == "interrupted"


def test_many_who_look_at_once_do_not_take_each_other_for_the_process() -> None:
    run = runs.create(CONFIG)
    set_state(run, "running")
    forget_start(run)
    (run.folder / "lock").touch()  # left by a process that was killed
    seen: set[str] = set()

    def look() -> None:
        seen.update(status(run) for _ in range(100))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"interrupted"}


def test_a_process_that_has_not_got_its_lock_yet_counts() -> None:
    run = runs.create(CONFIG)
    me = psutil.Process()
    note = {"pid": me.pid, "created": runs._began(me)}
    (run.folder / "process.json").write_text(json.dumps(note))
    forget_start(run)
    assert status(run) == "queued"
    (run.folder / "process.json").write_text(json.dumps({**note, "created": LONG_AGO}))
    assert status(run) == "interrupted", "another process has the number now"


def test_a_clock_that_is_set_changes_neither_who_works_on_a_run_nor_who_does_not(
    holder: Callable[[Path], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(CONFIG)
    set_state(run, "running")
    child = holder(run.folder / "lock")
    note = {"pid": child.pid, "created": runs._began(psutil.Process(child.pid))}
    (run.folder / "process.json").write_text(json.dumps(note))
    booted = psutil.boot_time()
    monkeypatch.setattr(
        "psutil._pslinux.boot_time", lambda: booted - 86400.0
    )  # as the system says when the clock is set back
    runs.kill(runs.get(run.id))
    child.wait(10)
    assert status(run) == "interrupted"
    waiting = runs.create(CONFIG)
    os.utime(waiting.folder / "state.json", (time.time() + 86400, time.time() + 86400))
    assert status(waiting) == "interrupted", "it was written a day before the clock was set back"
    runs.delete(waiting)
    runs.resumed(run.folder)
    assert [found.id for found in runs.queue()] == [run.id]


def test_only_a_run_that_waits_may_be_about_to_get_its_process() -> None:
    """Who resumes a run takes its old process's note away first, and may be killed before the state says that it waits again."""
    run = runs.create(CONFIG)
    set_state(run, "running")
    assert not (run.folder / "process.json").exists() and status(run) == "interrupted"
    assert runs.resumed(run.folder).state.status == "queued" == status(run)


def test_kill_ends_the_process_and_no_other(holder: Callable[[Path], subprocess.Popen[str]]) -> None:
    run = runs.create(CONFIG)
    set_state(run, "running")
    child = holder(run.folder / "lock")
    created = runs._began(psutil.Process(child.pid))
    (run.folder / "process.json").write_text(json.dumps({"pid": child.pid, "created": created - 100}))
    runs.kill(runs.get(run.id))
    assert child.poll() is None and status(run) == "running"
    (run.folder / "process.json").write_text(json.dumps({"pid": child.pid, "created": created}))
    runs.kill(runs.get(run.id))
    child.wait(10)
    assert status(run) == "interrupted"
    runs.kill(runs.get(run.id))


# --- Events and log ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values", "line"),
    [
        ("stage", {"stage": "loading"}, "Model and data are loaded."),
        ("start", {"resumed": False, "uniform_loss": 0.7}, "Training begins at step 2 of 10."),
        ("start", {"resumed": True}, "Training goes on at step 2 of 10."),
        ("checkpoint", {}, "Step 2 of 10, checkpoint."),
        ("evaluation", {"accuracy": 0.75, "n": 40}, "Step 2 of 10, evaluation: accuracy 0.75, n 40."),
    ],
)
def test_the_log_reads_as_sentences(kind: str, values: dict[str, object], line: str) -> None:
    assert runs._line(Event(1.0, kind, 2, 10, 0.2, values)) == line


def test_a_torn_line_is_left_out_and_mended() -> None:
    run = runs.create(CONFIG)
    lines = [runs.FILES.event.dump_json(event(step)) + b"\n" for step in range(1, 4)]
    path = run.folder / "events.jsonl"
    path.write_bytes(b"".join(lines) + lines[0][:25])
    assert [found.step for found in runs.events(run)] == [1, 2, 3]
    assert [found.step for found in runs.events(run, after=2)] == [3]
    assert runs.events(run, after=3) == ()
    runs._repair(path)
    assert path.read_bytes() == b"".join(lines)
    path.write_bytes(b"".join(lines) + b"\0" * 50 + b"\n")  # as a power cut leaves it
    runs._repair(path)
    assert path.read_bytes() == b"".join(lines)
    assert runs.events(run) == tuple(event(step) for step in range(1, 4))


def test_history_shows_repeated_steps_once() -> None:
    first = [Event(1, "start", 0, 10, 0, {}), *(event(step) for step in range(1, 8))]
    again = [Event(2, "start", 4, 10, 0.4, {"resumed": True}), *(event(step) for step in range(5, 11))]
    steps = [found.step for found in runs.history([*first, *again]) if found.kind == "step"]
    assert steps == list(range(1, 11))


def test_the_end_of_the_log() -> None:
    run = runs.create(CONFIG)
    (run.folder / "log.txt").write_bytes(
        b"x" * 400_000 + b"\n" + b"".join(b"line %d\n" % i for i in range(500)) + b"\xff"
    )
    assert runs.log_tail(run, lines=3).splitlines() == ["line 498", "line 499", "\ufffd"]


# --- Working -----------------------------------------------------------------------------------------------------------


def test_work_leaves_result_state_events_and_log(training: Callable[[object], None]) -> None:
    def train(config: RunConfig, folder: Path, report: Callable[[Event], None], cancelled: object) -> RunReport:
        assert config == CONFIG and status(run) == "running"
        (folder / "checkpoints" / "step-1").mkdir(parents=True)
        report(event(1))
        report(Event(2.0, "evaluation", 1, 10, 0.1, {"accuracy": 0.75, "samples": [{"text": "x"}]}))
        return REPORT

    training(train)
    run = runs.create(CONFIG)
    heard: list[Event] = []
    assert runs.work(run.folder, heard.append) == REPORT
    done = runs.get(run.id)
    assert done.state.status == "finished"
    assert done.state.created == run.state.created <= done.state.started <= done.state.finished  # type: ignore[operator]
    assert runs.report(done) == REPORT and runs.events(done) == tuple(heard) and len(heard) == 2
    assert "Step 1 of 10, evaluation: accuracy 0.75." in runs.log_tail(done)
    assert not (run.folder / "checkpoints").exists()
    assert not [path for path in run.folder.iterdir() if path.name.startswith(".")]
    with pytest.raises(UserError, match="has ended"):
        runs.work(run.folder)
    assert status(run) == "finished"


def test_what_killed_processes_left_half_written_is_removed(training: Callable[[object], None]) -> None:
    training(lambda *_: REPORT)
    run = runs.create(CONFIG)
    for name in ("state", "process", "report"):
        (run.folder / f".{name}.json.0a1b2c3d").write_text("{")
    runs.work(run.folder)
    assert not [path for path in run.folder.iterdir() if path.name.startswith(".")]
    (run.folder / "checkpoints" / "step-7").mkdir(parents=True)  # killed while it removed them
    runs.create(CONFIG)
    assert not (run.folder / "checkpoints").exists() and status(run) == "finished"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UserError("column '{column}' not found", column="lable"), "column 'lable' not found"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_failure_is_told(error: Exception, message: str, training: Callable[[object], None]) -> None:
    training(error)
    run = runs.create(CONFIG)
    with pytest.raises((UserError, type(error))):
        runs.work(run.folder)
    state = runs.get(run.id).state
    assert state.status == "failed" and state.finished is not None
    assert message in str(UserError(state.error, **state.error_values))
    assert "Traceback" in runs.log_tail(run)
    assert status(run) == "failed"


def test_an_event_that_has_no_room_ends_the_run_before_another_follows_it(training: Callable[[object], None]) -> None:
    """The system writes what there is room for and reports no error: what came after half a line could not be read."""

    def train(config: RunConfig, folder: Path, report: Callable[[Event], None], cancelled: object) -> RunReport:
        report(event(1))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / "events.jsonl").stat().st_size + 10, before[1]))
        try:
            report(event(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        report(event(3))
        return REPORT

    training(train)
    run = runs.create(CONFIG)
    with pytest.raises(UserError, match="the disk is full"):
        runs.work(run.folder)
    assert runs.events(run) == (event(1),) and status(run) == "failed"


def test_a_cancelled_training_keeps_its_report(training: Callable[[object], None]) -> None:
    def train(config: RunConfig, folder: Path, report: object, cancelled: Callable[[], bool]) -> RunReport:
        assert not cancelled()
        runs.cancel(runs.get(run.id))
        assert cancelled() and status(run) == "running"
        raise train_module.Stopped(REPORT)

    training(train)
    run = runs.create(CONFIG)
    with pytest.raises(Cancelled):
        runs.work(run.folder)
    assert status(run) == "cancelled" and runs.report(run) == REPORT
    assert not (run.folder / "cancel").exists()
    assert runs.resumed(run.folder).state.status == "queued"


def test_work_gives_way_to_another_process(
    holder: Callable[[Path], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LOCK_SECONDS", 0.1)
    run = runs.create(CONFIG)
    holder(run.folder / "lock")
    with pytest.raises(UserError, match="another process works on"):
        runs.work(run.folder)
    assert status(run) == "queued"
    with pytest.raises(UserError, match="not waiting to be started"):
        runs.start(run)


def test_a_waiting_run_is_cancelled_at_once(training: Callable[[object], None]) -> None:
    training(AssertionError("it must not train"))
    run = runs.create(CONFIG)
    runs.cancel(run)
    assert status(run) == "cancelled"
    with pytest.raises(Cancelled):
        runs.work(run.folder)
    assert status(run) == "cancelled" and not (run.folder / "cancel").exists()
    runs.cancel(run)
    assert status(run) == "cancelled" and not (run.folder / "cancel").exists()


@pytest.mark.parametrize("slots", [1, 2])
def test_runs_take_their_turns_in_the_order_they_were_created(
    slots: int, training: Callable[[object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_RUNS", "0")
    monkeypatch.setattr(runs, "QUEUE_SECONDS", 0.01)
    order: list[str] = []
    gate = threading.Semaphore(0)

    def train(config: RunConfig, folder: Path, report: object, cancelled: object) -> RunReport:
        order.append(config.name)
        assert gate.acquire(timeout=60)
        return REPORT

    training(train)
    made = [runs.create(replace(CONFIG, name=str(i))) for i in range(4)]

    def work(run: runs.Run) -> None:
        with suppress(Cancelled):
            runs.work(run.folder)

    threads = [threading.Thread(target=work, args=(run,)) for run in reversed(made)]
    for thread in threads:
        thread.start()
    wait_for(lambda: all((run.folder / "lock").exists() for run in made))
    runs.cancel(made[1])
    monkeypatch.setenv("STUDIO_MAX_RUNS", str(slots))
    wait_for(lambda: len(order) == slots)
    states = [status(run) for run in made]
    assert states == (
        ["running", "cancelled", "queued", "queued"] if slots == 1 else ["running", "cancelled", "running", "queued"]
    )
    for _ in range(3):
        gate.release()
    for thread in threads:
        thread.join(60)
    assert order == ["0", "2", "3"]
    assert [status(run) for run in made] == ["finished", "cancelled", "finished", "finished"]


def test_an_interrupted_run_does_not_block_the_queue(training: Callable[[object], None]) -> None:
    training(lambda *_: REPORT)
    dead = runs.create(CONFIG)
    forget_start(dead)
    run = runs.create(CONFIG)
    assert runs.work(run.folder) == REPORT
    assert status(dead) == "interrupted"


def test_a_folder_elsewhere_does_not_queue(
    training: Callable[[object], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_RUNS", "0")
    training(lambda *_: REPORT)
    assert runs.work(runs.create(CONFIG, folder=tmp_path / "out").folder) == REPORT


# --- Deleting and resuming ---------------------------------------------------------------------------------------------


def test_only_what_is_not_active_can_be_deleted(holder: Callable[[Path], subprocess.Popen[str]]) -> None:
    run = runs.create(CONFIG)
    child = holder(run.folder / "lock")
    with pytest.raises(UserError, match="is active"):
        runs.delete(run)
    child.kill()
    child.wait()
    forget_start(run)
    runs.delete(run)
    assert runs.all_runs() == () and not list(settings.runs_folder().glob(".trash*"))
    runs.delete(run)
    with pytest.raises(UserError, match="there is no run"):
        runs.get(run.id)


def test_only_a_run_of_the_studio_is_deleted(tmp_path: Path) -> None:
    run = runs.create(CONFIG, folder=tmp_path / "mine")
    forget_start(run)
    with pytest.raises(UserError, match="there is no run"):
        runs.delete(run)
    assert run.folder.is_dir()


def test_what_a_broken_deletion_left_goes_with_the_next_run() -> None:
    run = runs.create(CONFIG)
    run.folder.rename(settings.runs_folder() / f".trash-{run.id}-0000")
    other = runs.create(CONFIG)
    assert [path.name for path in settings.runs_folder().iterdir()] == [other.id]


def test_active_and_finished_runs_cannot_be_resumed() -> None:
    run = runs.create(CONFIG)
    for value in ("queued", "finished"):
        set_state(run, value)
        with pytest.raises(UserError, match="cannot be resumed"):
            runs.resume(run)
    with pytest.raises(UserError, match="cannot be resumed"):
        runs.resumed(run.folder)


def test_changes_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(CONFIG)
    monkeypatch.setattr(runs, "LOCK_SECONDS", 0.05)
    with FileLock(settings.runs_folder() / ".control.lock"), pytest.raises(UserError, match="try again"):
        thread_error: list[UserError] = []

        def change() -> None:
            try:
                runs.cancel(run)
            except UserError as error:
                thread_error.append(error)

        thread = threading.Thread(target=change)
        thread.start()
        thread.join()
        raise thread_error[0]
    assert status(run) == "queued"


def test_a_task_of_a_newer_version_is_listed() -> None:
    run = runs.create(CONFIG)
    disk.write(run.folder / "config.json", runs.FILES.config.dump_json(replace(CONFIG, task="dancing")))
    assert runs.get(run.id).config.task == "dancing" and status(run) == "queued"
    assert runs.report(runs.get(run.id)) is None


# --- Real processes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def real(tiny_bert: Path, tmp_path: Path) -> Callable[..., runs.Run]:
    """A run of a tiny model on a table of its own, as the page would create it."""
    table = tmp_path / "films.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [
            (f"the film was {word} {'! ' * count}", label)
            for word, label in (("good", "praise"), ("great", "praise"), ("bad", "blame"), ("awful", "blame"))
            for count in range(10)
        ]
        csv.writer(file).writerows([("text", "label"), *rows])

    def make(**changes: object) -> runs.Run:
        run = runs.create(replace(CONFIG, batch_size=4, evaluations=1, **changes), table)  # type: ignore[arg-type]
        config = replace(run.config, model=str(tiny_bert))
        disk.write(run.folder / "config.json", runs.FILES.config.dump_json(config))
        return runs.get(run.id)

    return make


def process_of(run: runs.Run) -> psutil.Process:
    return psutil.Process(json.loads((run.folder / "process.json").read_text())["pid"])


def checkpoints(run: runs.Run) -> list[int]:
    return [found.step for found in runs.events(run) if found.kind == "checkpoint"]


@pytest.mark.training
def test_kill_and_resume_until_it_finishes_while_another_waits(
    real: Callable[..., runs.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_THREADS", "1")
    run = real(epochs=12.0)
    runs.start(run)
    process = process_of(run)
    wait_for(lambda: status(run) == "running")
    assert os.getsid(process.pid) == process.pid, "a session of its own"
    assert process.nice() == runs.NICENESS
    group = Path(f"/proc/{process.pid}/autogroup")
    assert not group.exists() or group.read_text().split()[-1] == str(runs.NICENESS), "which yields as a whole"
    waiting = real(epochs=1.0)
    runs.start(waiting)
    wait_for(lambda: (waiting.folder / "lock").exists())
    waiter = process_of(waiting)
    assert status(waiting) == "queued"
    assert waiter.memory_info().rss < 150 << 20, "it has not loaded torch"
    wait_for(lambda: len(checkpoints(run)) > 0)
    runs.pause(True)  # so that the other one goes on waiting when the place is free
    runs.kill(runs.get(run.id))
    assert status(run) == "interrupted" and not process.is_running()
    runs.cancel(runs.get(waiting.id))
    assert status(waiting) == "cancelled"
    runs.pause(False)
    done = checkpoints(run)
    newest = newest_checkpoint(run.folder)
    assert newest is not None and int(newest.name.removeprefix("step-")) >= done[-1]
    reached = runs.events(run)[-1].step
    assert reached - done[-1] <= 9, "at most what lies between two checkpoints is lost"
    wait_for(lambda: not waiter.is_running())
    runs.resume(runs.get(run.id))
    wait_for(lambda: status(run) not in runs.ACTIVE)
    assert status(run) == "finished", runs.log_tail(run)
    starts = [found for found in runs.events(run) if found.kind == "start"]
    assert len(starts) == 2 and starts[1].step >= done[-1] and starts[1].values == {"resumed": True}
    report = runs.report(run)
    assert report is not None and report.steps == starts[0].total_steps and report.split == "test"
    assert models.availability(f"run:{run.id}") == "here"
    wait_for(lambda: not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE])
    with pytest.raises(UserError, match="cannot be resumed"):
        runs.resume(runs.get(run.id))
    runs.delete(runs.get(waiting.id))
    assert [other.id for other in runs.all_runs()] == [run.id]


def test_a_process_that_fails_says_why(real: Callable[..., runs.Run]) -> None:
    run = real(epochs=1.0, columns=(("label", "lable"),))
    runs.start(run)
    wait_for(lambda: status(run) not in runs.ACTIVE)
    state = runs.get(run.id).state
    assert state.status == "failed" and "lable" in str(UserError(state.error, **state.error_values))
    wait_for(lambda: "lable" in runs.log_tail(run))


@pytest.mark.parametrize("name", ["minilm", models.SCRATCH])
def test_a_folder_does_not_take_the_name_of_a_model(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert runs.create(replace(CONFIG, model=name), folder=tmp_path / "one").config.model == name
    assert runs.create(replace(CONFIG, model=f"./{name}"), folder=tmp_path / "two").config.model == str(tmp_path / name)
