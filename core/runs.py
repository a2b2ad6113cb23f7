"""Runs: the folders in which trainings live, and the processes that work on them.

    config.json    what was asked; never changed          process.json   which process works on it
    notes.json     a name, a note and tags, of afterwards owner          the visitor who started it
    state.json     where it is                            lock           held by that process while it lives
    events.jsonl   what happened, one Event a line        cancel         asks the process to stop
    log.txt        what the process printed               data/          an uploaded file
    checkpoints/   what a resumed run continues from      model/, report.json   the result

A run is alive while its process holds `lock`; the system frees it when the process dies, so a run whose process is gone
reads as interrupted. Queued runs take one of STUDIO_MAX_RUNS slot locks, the visitors in turn. Several servers may look
after the same folder. Nothing heavy is imported before a run has its slot. This module does not know how a model is trained.
A folder that does not belong here (by its name) is skipped; a run whose files cannot be read is listed as failed, so that it
can be deleted. Files that an older version wrote are read as if today's had written them.
"""

import errno
import filecmp
import math
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Any, TypeVar

import psutil
from filelock import FileLock, Timeout
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from core import disk, notes, settings, visitors
from core.errors import N_, Cancelled, UserError
from core.notes import Notes
from core.results import Event, RunConfig, RunReport, RunState, Status

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}", re.ASCII)
ROOT = Path(__file__).resolve().parent.parent
ACTIVE: tuple[Status, ...] = ("queued", "running")

START_SECONDS = 30.0  # so long may a new process take before it has said who it is
LOCK_SECONDS = (
    10.0  # so long a process waits for the lock of its own run, which others hold for an instant to look at it
)
LOOK_SECONDS = 0.006  # so long a look at a lock may take where looking means taking
QUEUE_SECONDS = 0.25
KILL_SECONDS = 5.0
LAST_MOMENT = 1e11  # seconds since the epoch: later than any run
NICENESS = 5  # trainings that the server starts yield to the pages
LOG_BYTES = 1 << 18

CONFIG, STATE, EVENTS, LOG = "config.json", "state.json", "events.jsonl", "log.txt"
LOCK, CANCEL, PROCESS, REPORT, CHECKPOINTS = "lock", "cancel", "process.json", "report.json", "checkpoints"
OWNER = "owner"  # file with the id of who started the run
FIRST, PAUSED = "first", ".paused"  # a run that goes before the others; a file beside the runs while none may begin


@dataclass(frozen=True)
class Run:
    """One run as it is now. id: its folder's name; state: with "interrupted" where its process is gone; notes: what people wrote on it; owner: the visitor who started it, "" for nobody's."""

    id: str
    folder: Path
    config: RunConfig
    state: RunState
    notes: Notes = field(default_factory=Notes)
    owner: str = ""

    @property
    def name(self) -> str:
        """What people call it: as they renamed it, else as it was started, else its data."""
        return self.notes.name or self.config.name or self.config.data_name


@dataclass(frozen=True)
class _Process:
    """The process that works on a run: a process id is used again, together with its start (`_began`) it is not."""

    pid: int
    created: float


@dataclass(frozen=True)
class _Files:
    """How the files of a run read and write their contents."""

    config: TypeAdapter[RunConfig] = field(default_factory=lambda: TypeAdapter(RunConfig))
    state: TypeAdapter[RunState] = field(default_factory=lambda: TypeAdapter(RunState))
    event: TypeAdapter[Event] = field(default_factory=lambda: TypeAdapter(Event))
    report: TypeAdapter[RunReport] = field(default_factory=lambda: TypeAdapter(RunReport))
    notes: TypeAdapter[Notes] = field(default_factory=lambda: TypeAdapter(Notes))
    process: TypeAdapter[_Process] = field(default_factory=lambda: TypeAdapter(_Process))


FILES = _Files()
Content = TypeVar("Content")


# --- Looking -----------------------------------------------------------------------------------------------------------


def all_runs() -> tuple[Run, ...]:
    """Every run, newest first."""
    runs = [open_folder(path) for path in folders()]
    return tuple(sorted(runs, key=lambda run: (run.state.created, run.id), reverse=True))


def folders() -> list[Path]:
    """The folder of every run."""
    home = settings.runs_folder()
    found = [path for path in home.iterdir() if RUN_ID.fullmatch(path.name)] if home.is_dir() else []
    return [path for path in found if path.is_dir()]


def get(run_id: str) -> Run:
    """The run of this id. Raises UserError when there is none."""
    if not RUN_ID.fullmatch(run_id) or not (settings.runs_folder() / run_id).is_dir():
        raise UserError("there is no run '{run}'; it may have been deleted", run=run_id[:50])
    return open_folder(settings.runs_folder() / run_id)


def open_folder(folder: Path) -> Run:
    """The run in a folder. One whose files cannot be read comes as failed and says which file it is."""
    try:
        config = read_config(folder)
    except UserError:
        return Run(folder.name, folder, RunConfig(model="?", data="?"), _damaged(folder, CONFIG), owner=_owner(folder))
    try:
        return Run(folder.name, folder, config, _state(folder), notes.read(folder), _owner(folder))
    except (OSError, ValueError):
        return Run(folder.name, folder, config, _damaged(folder, STATE), owner=_owner(folder))


def owner(run_id: str) -> str:
    """Whose run it is, by its id; "" for nobody's, and for one that does not exist."""
    return _owner(settings.runs_folder() / run_id) if RUN_ID.fullmatch(run_id) else ""


def _owner(folder: Path) -> str:
    """Whose run it is; "" where nobody's name, or none that can be read, stands in its folder."""
    try:
        written = (folder / OWNER).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return written if visitors.ID.fullmatch(written) else ""


def read_config(folder: Path) -> RunConfig:
    """What the run in a folder was asked to do. Raises UserError when its file cannot be read."""
    return _read(FILES.config, folder / CONFIG)


def read_report(folder: Path) -> RunReport | None:
    """The result of the run in a folder, None where it wrote none. Raises UserError when its files cannot be read."""
    if not (folder / REPORT).is_file():
        return None
    return _read(FILES.report, folder / REPORT, read_config(folder).task)


def _read(adapter: TypeAdapter[Content], path: Path, task: str = "") -> Content:
    """A file of a run, whichever version wrote it. Raises UserError when it cannot be read."""
    try:
        return _content(adapter, path.read_bytes(), task)
    except (OSError, ValueError) as error:
        raise UserError("{file} of this run cannot be read; it may be damaged", file=path.name) from error


def _content(adapter: TypeAdapter[Content], written: bytes, task: str = "") -> Content:
    """What JSON of any version says. Raises ValueError when it cannot be read."""
    content = from_json(written)
    return adapter.validate_python(_modern(content, task) if isinstance(content, dict) else content)


def _damaged(folder: Path, file: str) -> RunState:
    try:
        created = folder.stat().st_mtime
    except OSError:  # deleted a moment ago
        created = 0.0
    return RunState("failed", created, error=N_("the run's {file} cannot be read"), error_values={"file": file})


def _state(folder: Path) -> RunState:
    """What state.json says, and "interrupted" where it says active but nobody works on it."""
    state = _written_state(folder)
    if state.status not in ACTIVE or (state.status == "queued" and _is_about_to_begin(folder)) or _is_alive(folder):
        return state
    # It may have ended between the two looks.
    state = _written_state(folder)
    return replace(state, status="interrupted") if state.status in ACTIVE else state


def _written_state(folder: Path) -> RunState:
    """What state.json says. Raises OSError or ValueError when it cannot be read, or says what no run does."""
    state = FILES.state.validate_json((folder / STATE).read_bytes())
    if not all(
        0 <= moment < LAST_MOMENT for moment in (state.created, state.started, state.finished) if moment is not None
    ):
        raise ValueError(f"{state}: a time that no clock shows")
    state = replace(
        state, error=state.error.replace(":g}", "}")
    )  # as older versions wrote it, with values that are text
    # the sentence is filled in wherever it is shown: nothing but its values may go into it
    fields = [field for _, *field in Formatter().parse(state.error) if field[0] is not None]
    if not all(
        str(name).isidentifier() and name in state.error_values and not form and not conversion
        for name, form, conversion in fields
    ):
        raise ValueError(f"{state.error!r}: no sentence that a run ends with")
    return state


def _is_alive(folder: Path) -> bool:
    """Whether a process works on an active run, or has been started to."""
    return _is_held(folder / LOCK) or _process(folder) is not None


def _is_about_to_begin(folder: Path) -> bool:
    """Whether the process of a run that waits may have been started a moment ago, and not said yet who it is."""
    # a state of tomorrow was written before the clock was set back
    return not (folder / PROCESS).exists() and abs(time.time() - disk.written_at(folder / STATE)) < START_SECONDS


def _is_held(lock: Path) -> bool:
    """Whether a process holds a lock. Those who only look share it, so that they do not take each other for its holder."""
    if sys.platform == "win32":
        return _is_held_windows(lock)
    import fcntl

    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_held_windows(lock: Path) -> bool:
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=LOOK_SECONDS, poll_interval=LOOK_SECONDS / 3):
            return False
    except Timeout:
        return True


def _process(folder: Path) -> psutil.Process | None:
    """The living process that works on a run; never another one that has got its process id since."""
    try:
        noted = FILES.process.validate_json((folder / PROCESS).read_bytes())
        process = psutil.Process(noted.pid)
        same = abs(_began(process) - noted.created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return None
    return process if same else None


def _began(process: psutil.Process) -> float:
    """When a process began, in seconds by a clock that nobody sets: Linux knows the time of day only by the one that is set."""
    created = process.create_time()
    return created - psutil.boot_time() if sys.platform == "linux" else created


def events(run: Run, after: int = 0) -> tuple[Event, ...]:
    """What happened in a run, leaving out the first `after` events. A line that is still being written is left out."""
    try:
        lines = (run.folder / EVENTS).read_bytes().split(b"\n")[:-1]
    except OSError:  # there are none yet, or what is there is no file
        return ()
    return tuple(_parsed(lines[after:]))


def _parsed(lines: Iterable[bytes]) -> Iterable[Event]:
    for line in lines:
        try:
            yield _content(FILES.event, line)
        except ValueError:
            return


def history(found: Iterable[Event]) -> tuple[Event, ...]:
    """The events without those that a resumed run went back behind: steps it had to repeat appear once."""
    kept: list[Event] = []
    for event in found:
        if event.kind == "start":
            kept = [earlier for earlier in kept if earlier.step <= event.step]
        kept.append(event)
    return tuple(kept)


def log_tail(run: Run, lines: int = 200) -> str:
    """The last lines of what the process printed."""
    try:
        with (run.folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:  # as in `events`
        return ""
    return "\n".join(text.splitlines()[-lines:])


def report(run: Run) -> RunReport | None:
    """The result of a run, None where there is none or it cannot be read."""
    try:
        return read_report(run.folder)
    except UserError:
        return None


# --- Older versions ----------------------------------------------------------------------------------------------------

Json = dict[str, Any]
OLD_COLUMNS = ("text", "pair", "label")  # roles that had a field of their own: text_column, …
OLD_SAMPLES = ("worst", "probes")  # what an evaluation showed of its examples, now "samples"
OLD_NOTE_OF_SHARED = "too few rows to hold any back"  # the beginning of the remark that DataReport.shared replaced


def _modern(content: Json, task: str) -> Json:
    """The JSON object of a run's file as this version writes it, whichever version wrote it.

    content: a configuration, a report, an event or a checkpoint's progress; what is up to date comes back as it was. task: of
    the run, which older evaluations do not name. Raises ValueError when the object is of no version.
    """
    try:
        if "text_column" in content:
            columns = [(role, content[f"{role}_column"]) for role in OLD_COLUMNS if content.get(f"{role}_column")]
            rest = {name: value for name, value in content.items() if not name.endswith("_column")}
            return {**rest, "columns": columns}
        if content.get("kind") == "evaluation":
            values = {"samples" if name in OLD_SAMPLES else name: value for name, value in content["values"].items()}
            return {**content, "values": values}
        if "movement" in content and "evaluations" not in content:  # a report
            splits = ("test", "validation", "baseline")
            found = {split: content.get("masked", {}).get(split) or content[split] for split in splits}
            rest = {name: value for name, value in content.items() if name not in (*splits, "masked")}
            evaluations = {split: _modern_evaluation(value, task) for split, value in found.items() if value}
            return {**rest, "evaluations": evaluations, "data": _modern_data(content["data"])}
        if "best_step" in content and "examples" in content:  # what a run had done at a checkpoint
            found = {name: content[name] for name in ("best", "baseline") if content[name]}
            return {**content, **{name: _modern_evaluation(value, task) for name, value in found.items()}}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no version of this studio wrote this: {error!r}") from error
    return content


def _modern_evaluation(content: Json, task: str) -> Json:
    """Older evaluations had a field for each measure, and one class for classifiers, another for masked language models."""
    if "metrics" in content:
        return content
    measured = {"accuracy": content.get("top1"), **content}
    measures: Json = {
        name: measured[name] for name in ("accuracy", "macro_f1", "top5", "loss", "ece") if name in measured
    }
    detail = {name: value for name, value in content.items() if name not in (*measures, "n", "top1")}
    if "vocabulary" in content:
        measures["perplexity"] = math.exp(min(content["loss"], 700.0))
        detail["uniform_loss"] = math.log(content["vocabulary"])
    metrics = {name: value if isinstance(value, dict) else {"value": value} for name, value in measures.items()}
    return {"task": task, "n": content["n"], "metrics": metrics, "detail": detail}


def _modern_data(content: Json) -> Json:
    """That splits are the training rows themselves was only said, in a remark."""
    said = [values["splits"] for note, values in content["notes"] if note.startswith(OLD_NOTE_OF_SHARED)]
    return {**content, "shared": [split for splits in said for split in splits.split(", ")]}


def _renew_checkpoints(folder: Path, task: str) -> None:
    """Rewrite what older checkpoints say, so that training goes on from them."""
    for path in (folder / CHECKPOINTS).glob("step-*/progress.json"):
        content = from_json(path.read_bytes())
        if (modern := _modern(content, task)) != content:
            disk.write(path, to_json(modern))


# --- Changing ----------------------------------------------------------------------------------------------------------


def create(config: RunConfig, file: Path | None = None, *, folder: Path | None = None, owner: str = "") -> Run:
    """A new run, queued, not started. It appears as a whole or not at all.

    file: an uploaded data file, or a folder of data; it is copied into the run as config.data. folder: where the command line wants the run;
    then the model may be a folder too, and a run with the same configuration that is there already is taken up again. owner: the
    visitor whose it is. Raises UserError when the model or data is named in a way that is not allowed, the folder is taken, the disk
    is nearly full, or nothing can be written.
    """
    config = _checked(config, file) if folder is None else _resolved(config)
    if file is not None:
        config = replace(config, data=f"data/{_safe_name(file.name)}")
    if folder is not None and folder.is_dir() and any(folder.iterdir()):
        return _taken_up(folder, config, file)
    home = settings.runs_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if folder is None:
            _sweep(home)
            disk.check_room(home)
            folder = home / _new_id()
        part = folder.with_name(f".new-{secrets.token_hex(4)}")
        try:
            part.mkdir(parents=True)
            if file is not None:
                (part / "data").mkdir()
                _copy(file, part / config.data)
            disk.write(part / CONFIG, FILES.config.dump_json(config, indent=2))
            disk.write(part / STATE, FILES.state.dump_json(RunState("queued", time.time())))
            if owner:
                disk.write(part / OWNER, owner.encode())
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise disk.unwritable(error, folder or home) from error
    return open_folder(folder)


def _copy(source: Path, target: Path) -> None:
    """Copy a data file, or the files in a folder of data."""
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    for path in _inside(source):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)


def _inside(folder: Path) -> list[Path]:
    """The files in a folder of data that are read, by their paths inside it: those of a saved dataset, or one for each split."""
    from core.tables import files, parts

    saved = files.is_saved(folder)
    found = (path.relative_to(folder) for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file())
    return sorted(path for path in found if saved or (len(path.parts) == 1 and parts.part_of(path.name)))


def _is_same(source: Path, copy: Path) -> bool:
    """Whether a data file or folder is the one that was copied."""
    if not source.is_dir():
        return copy.is_file() and filecmp.cmp(source, copy, shallow=False)
    names = _inside(source)
    return names == _inside(copy) and not any(filecmp.cmpfiles(source, copy, names, shallow=False)[1:])


def _checked(config: RunConfig, file: Path | None) -> RunConfig:
    """The configuration of a page, which may name a model or dataset but no place on this machine."""
    from core import models

    if config.model != models.SCRATCH:
        models.check_name(config.model)
    local = Path(config.data).is_absolute() or config.data.startswith(("data/", ".", "~")) or "\\" in config.data
    if file is None and local:
        raise UserError("'{data}' is not the name of a dataset; choose one or upload a file", data=config.data[:100])
    return config


def _resolved(config: RunConfig) -> RunConfig:
    """The configuration of the command line: a model's folder by its full path, unless a model has that name."""
    from core import models

    path = Path(config.model).expanduser()
    if config.model in (*models.MODELS, models.SCRATCH) or not path.is_dir():
        return config
    return replace(config, model=str(path.resolve()))


def _safe_name(name: str) -> str:
    """A file's name with only letters, digits and . _ - in it, short enough for every file system."""
    stem, suffix = Path(name).stem, Path(name).suffix
    return (re.sub(r"[^\w-]+", "_", stem).strip("_")[:40] or "data") + re.sub(r"[^\w.]", "", suffix)[:10]


def _new_id() -> str:
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _taken_up(folder: Path, config: RunConfig, file: Path | None) -> Run:
    """The run that the command line's folder holds already, if it is the same and not finished."""
    if not (folder / CONFIG).is_file() or not (folder / STATE).is_file():
        raise UserError("{folder} is not empty and holds no run; choose another folder", folder=folder)
    run = open_folder(folder)
    same = run.config == config and (file is None or _is_same(file, folder / config.data))
    if not same:
        raise UserError("{folder} holds a run with other settings or data; choose another folder", folder=folder)
    return resumed(folder)


def start(run: Run) -> None:
    """Start the process that waits for its turn and trains. It outlives this one.

    Raises UserError when the run is not queued, has a process already, or none can be started.
    """
    with _control():
        _start(run.folder)


def _start(folder: Path) -> None:
    state = open_folder(folder).state
    if state.status != "queued" or _is_held(folder / LOCK) or _process(folder):
        raise UserError(
            "the run '{run}' is not waiting to be started; it was started before, or has ended", run=folder.name
        )
    try:
        with (folder / LOG).open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "core", "train", "--run", str(folder)],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise UserError("the training process cannot be started: {reason}", reason=error.strerror or error) from error
    threading.Thread(target=child.wait, name=f"wait for {folder.name}", daemon=True).start()  # leaves no zombie
    try:
        process = psutil.Process(child.pid)
        give_way(process)
        disk.write(folder / PROCESS, FILES.process.dump_json(_Process(child.pid, _began(process))))
    except psutil.NoSuchProcess:
        return  # it has ended already, and said why in its log


def give_way(process: psutil.Process) -> None:
    """Let a process that trains, in a session of its own, yield to others."""
    if sys.platform == "win32":
        return
    process.nice(NICENESS)
    if sys.platform == "linux":  # which may share the processor between sessions first: niceness counts within one only
        with suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text(str(NICENESS), encoding="ascii")


def cancel(run: Run) -> None:
    """Ask a run to stop and keep what it learnt. One that waits is cancelled at once; one that is not active stays as it is."""
    with _control():
        state = open_folder(run.folder).state
        if state.status not in ACTIVE:
            return
        (run.folder / CANCEL).touch()
        if state.status == "queued":
            _set_state(run.folder, replace(state, status="cancelled", finished=time.time()))


def asked_to_stop(run: Run) -> float | None:
    """When a run was asked to stop, in seconds since the epoch; None where it was not."""
    return disk.written_at(run.folder / CANCEL) or None


def kill(run: Run) -> None:
    """End the process of a run at once, whatever it does. The run then reads as interrupted. Touches no other process."""
    process = _process(run.folder)
    if process is None:
        return
    with suppress(psutil.NoSuchProcess):  # it may end by itself meanwhile
        doomed = [*process.children(recursive=True), process]
        for one in doomed:
            one.kill()
        psutil.wait_procs(doomed, timeout=KILL_SECONDS)


def resume(run: Run) -> None:
    """Start an interrupted, failed or cancelled run again, from its newest checkpoint where it has one.

    Raises UserError when it is active or finished.
    """
    process = _process(run.folder)
    if process is not None and open_folder(run.folder).state.status not in ACTIVE:  # cancelled a moment ago
        psutil.wait_procs([process], timeout=KILL_SECONDS)
    with _control():
        _requeue(run.folder)
        _start(run.folder)


def resumed(folder: Path) -> Run:
    """The run in a folder, ready for `work`: an interrupted, failed or cancelled one is queued again.

    One whose cancellation is still asked for stays cancelled. Raises UserError when it is finished or cannot be read.
    """
    with _control():
        run = open_folder(folder)
        if run.state.status != "queued" and not (folder / CANCEL).exists():
            _requeue(folder)
    return open_folder(folder)


def _requeue(folder: Path) -> None:
    run = open_folder(folder)
    if run.state.status in (*ACTIVE, "finished") or run.config.model == "?":
        raise UserError(
            "the run '{run}' cannot be resumed: only an interrupted, failed or cancelled one can", run=run.id
        )
    (folder / CANCEL).unlink(missing_ok=True)
    (folder / PROCESS).unlink(missing_ok=True)
    (folder / FIRST).unlink(missing_ok=True)
    _set_state(folder, RunState("queued", run.state.created))


def annotate(run: Run, written: Notes) -> None:
    """Keep a name, a note and tags with a run, in the place of those before."""
    tidied = notes.tidy(written.name, written.note, written.tags)
    try:
        disk.write(run.folder / notes.FILE, FILES.notes.dump_json(tidied))
    except OSError as error:
        raise disk.unwritable(error, run.folder) from error


def size(run: Run) -> int:
    """The bytes that a run takes on the disk."""
    return disk.size(run.folder)


def delete(run: Run) -> None:
    """Delete a run with everything in it. Raises UserError when it is active or cannot be deleted."""
    home = settings.runs_folder()
    if run.folder.parent != home or not RUN_ID.fullmatch(run.id):
        raise UserError("there is no run '{run}'; it may have been deleted", run=run.id[:50])
    with _control():
        if not run.folder.is_dir():
            return
        if open_folder(run.folder).state.status in ACTIVE:
            raise UserError("the run '{run}' is active; cancel it before you delete it", run=run.id)
        kill(run)  # one that was cancelled while it waited may not have noticed yet
        doomed = home / f".trash-{run.id}-{secrets.token_hex(4)}"
        try:
            run.folder.rename(doomed)
        except OSError as error:
            raise UserError(
                "the run '{run}' cannot be deleted: {reason}", run=run.id, reason=error.strerror or error
            ) from error
    shutil.rmtree(doomed, ignore_errors=True)  # what is left goes with the next new run


def _sweep(home: Path) -> None:
    """Remove what deletions, creations and ends of runs that were broken off have left."""
    for run in all_runs():
        if run.state.status == "finished":
            shutil.rmtree(run.folder / CHECKPOINTS, ignore_errors=True)
    for path in home.glob(".trash-*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in home.glob(".new-*"):
        if time.time() - path.stat().st_mtime > 3600:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _control() -> Iterator[None]:
    """Held for the moment in which a run changes hands, by whoever does it. Raises UserError when nothing can be written."""
    home = settings.runs_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / ".control.lock", timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise UserError("another run is being changed at the moment; try again") from error
    except OSError as error:
        raise disk.unwritable(error, home) from error


def _set_state(folder: Path, state: RunState) -> None:
    disk.write(folder / STATE, FILES.state.dump_json(state))


# --- Working -----------------------------------------------------------------------------------------------------------


def work(folder: Path, report: Callable[[Event], None] | None = None) -> RunReport:
    """What a run's process does: wait for its turn, train, leave the result and the state in the folder.

    report also receives every Event. Runs outside the studio's own folder do not queue. Raises UserError when the run
    fails for a reason that people can mend or somebody else works on it, Cancelled when it was cancelled, and whatever
    else went wrong; the folder's state then says so too.
    """
    try:
        with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
            return _work(folder, report or (lambda event: None))
    except Timeout as error:
        raise UserError("another process works on the run '{run}' already", run=folder.name) from error
    except OSError as error:
        raise disk.unwritable(error, folder) from error


def _work(folder: Path, listener: Callable[[Event], None]) -> RunReport:
    me = psutil.Process()
    disk.write(folder / PROCESS, FILES.process.dump_json(_Process(me.pid, _began(me))))
    _repair(folder / EVENTS)
    state = _written_state(folder)
    try:
        if (folder / CANCEL).exists():
            raise Cancelled
        if state.status in ("finished", "failed", "cancelled"):
            raise UserError("the run '{run}' has ended; resume it first", run=folder.name)
        with _turn(folder):
            state = _take_up(folder, state)
            result = _train(folder, listener)
    except Cancelled:
        _end(folder, replace(state, status="cancelled", finished=time.time()))
        _log(folder, "cancelled")
        raise
    except UserError as error:
        if state.status in ACTIVE:
            _fail(folder, state, error)
        raise
    except OSError as error:
        failure = disk.unwritable(error, folder) if error.errno in disk.FULL else _general(error)
        _fail(folder, state, failure)
        raise failure from error
    except Exception as error:
        _fail(folder, state, _general(error))
        raise
    _end(folder, replace(state, status="finished", finished=time.time()))
    _log(folder, "finished")
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)  # the model is in place; nothing is left to resume
    return result


def _train(folder: Path, listener: Callable[[Event], None]) -> RunReport:
    """Train, append the events to the folder, write report.json."""
    config = read_config(folder)
    _renew_checkpoints(folder, config.task)
    _log(folder, f"training starts in process {os.getpid()}")
    from core.finetune.train import Stopped, train

    with (folder / EVENTS).open("ab", buffering=0) as file:

        def tell(event: Event) -> None:
            line = FILES.event.dump_json(event) + b"\n"
            if file.write(line) < len(line):  # what follows half a line could not be read
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if event.kind != "step":
                _log(folder, _line(event))
            listener(event)

        try:
            result = train(config, folder, tell, (folder / CANCEL).exists)
        except Stopped as stop:
            if stop.report is not None:
                disk.write(folder / REPORT, FILES.report.dump_json(stop.report, indent=1))
            raise
    disk.write(folder / REPORT, FILES.report.dump_json(result, indent=1))
    return result


LOGGED_STAGES = {
    "loading": "Model and data are loaded.",
    "vocabulary": "A vocabulary is learnt from the texts.",
    "baseline": "The model is measured before training.",
    "training": "The steps begin.",
    "saving": "The best checkpoint is saved as the model.",
    "evaluating": "The result is measured on texts it did not train on.",
}


def _line(event: Event) -> str:
    """An event as the log shows it."""
    shown = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in event.values.items()
        if isinstance(value, str | int | float)
    ]
    if event.kind == "stage":
        return LOGGED_STAGES.get(str(event.values.get("stage")), "Something else is done.")
    if event.kind == "start":
        begun = "goes on" if event.values.get("resumed") else "begins"
        return f"Training {begun} at step {event.step} of {event.total_steps}."
    return f"Step {event.step} of {event.total_steps}, {event.kind}: {', '.join(shown)}".removesuffix(": ") + "."


def _take_up(folder: Path, state: RunState) -> RunState:
    """From waiting to running, unless it was cancelled in between."""
    with _control():
        if (folder / CANCEL).exists():
            raise Cancelled
        for name in (STATE, PROCESS, REPORT):
            disk.tidy(folder / name)
        running = replace(state, status="running", started=time.time())
        _set_state(folder, running)
    return running


def _end(folder: Path, state: RunState) -> None:
    with _control():
        _set_state(folder, state)
        (folder / CANCEL).unlink(missing_ok=True)


def _general(error: BaseException) -> UserError:
    """What people are told of a failure nobody foresaw."""
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "can't allocate memory" in str(error):
        return UserError("there is not enough memory; choose a smaller batch size, shorter inputs or a smaller model")
    return UserError(
        "the training stopped with an error ({reason}); the log has the details",
        reason=f"{type(error).__name__}: {error}"[:200],
    )


def _fail(folder: Path, state: RunState, error: UserError) -> None:
    """Leave the failure in the log and the state. To be called while the exception is handled."""
    values = {name: str(value) for name, value in error.values.items()}
    _end(folder, replace(state, status="failed", finished=time.time(), error=error.message, error_values=values))
    with suppress(OSError):  # the state says what matters; on a full disk the log cannot say more
        _log(folder, traceback.format_exc())


def _log(folder: Path, text: str) -> None:
    with (folder / LOG).open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"{datetime.now():%H:%M:%S} {text.rstrip()}\n")


def _repair(path: Path) -> None:
    """Cut off what a process that was killed left of its last line."""
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")[:-1]
    whole = sum(1 for _ in _parsed(lines))
    os.truncate(path, sum(len(line) + 1 for line in lines[:whole]))


def _turn(folder: Path) -> AbstractContextManager[object]:
    """A slot lock, once it is this run's turn. Raises Cancelled when it is cancelled while it waits."""
    home = settings.runs_folder()
    if folder.parent.resolve() != home.resolve():
        return nullcontext()
    slots = home / ".slots"
    slots.mkdir(exist_ok=True)
    while True:
        if (folder / CANCEL).exists():
            raise Cancelled
        locks = [slots / f"slot-{number}.lock" for number in range(settings.MAX_RUNS.value())]
        free = [lock for lock in locks if not _is_held(lock)]
        if free and not is_paused() and _is_first(folder):
            for lock in free:
                try:
                    return FileLock(lock).acquire(timeout=0)
                except Timeout:
                    continue
        time.sleep(QUEUE_SECONDS)


def _is_first(folder: Path) -> bool:
    """Whether it is this run's turn before all others that wait."""
    order = queue()
    return not order or order[0].id == folder.name


def queue() -> list[Run]:
    """The runs that wait, in the order of their turns.

    Those that were put first, then each visitor's next one in turn: who has a run at work, or one further ahead, waits for who
    has none.
    """
    known = all_runs()
    ahead = Counter(run.owner for run in known if run.state.status == "running")
    turns: list[tuple[bool, int, float, str, Run]] = []
    for run in sorted(known, key=lambda run: (run.state.created, run.id)):
        if run.state.status == "queued":
            turns.append((not (run.folder / FIRST).exists(), ahead[run.owner], run.state.created, run.id, run))
            ahead[run.owner] += 1
    return [turn[-1] for turn in sorted(turns, key=lambda turn: turn[:-1])]


def put_first(run: Run) -> None:
    """Let a run that waits go before all others."""
    try:
        (run.folder / FIRST).touch()
    except OSError as error:
        raise disk.unwritable(error, run.folder) from error


def is_paused() -> bool:
    """Whether no run may begin: those that are at work go on."""
    return (settings.runs_folder() / PAUSED).exists()


def pause(paused: bool) -> None:
    """Let no further run begin, or let them begin again."""
    file = settings.runs_folder() / PAUSED
    try:
        if paused:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise disk.unwritable(error, file.parent) from error
