"""Whether trainings of every task survive being killed, half of the times inside a save, until they finish all the same.

    python -m benchmarks.kills                          1,000 kills, the tasks in turn
    python -m benchmarks.kills --kills 20 --task TASK --seed 1
    python -m benchmarks.kills --seconds 600            as many as fit

A tiny random model is trained on a task's example rows. What works on the run is killed (SIGKILL) at a moment drawn at random
(while it loads, trains, writes a checkpoint, writes the model, measures it) and the run is taken up again: mostly by the command
line that the app starts, in a process that has the libraries already, sometimes by two of them at once; sometimes as the app
does it, by a server, or by two at once, which are killed while they resume it, or at the same moment as the run, or while it
goes on without them. After each kill:

    - the run reads as interrupted, every JSON file of it parses, and no half-written folder passes for a whole one
    - the newest checkpoint and the best one load, and the newest is not older than before
    - no more is lost than lies between two checkpoints, and no two processes have trained at once

After ten lives a run is left alone until it has finished. Then nothing half-written may be left, and its model must give the same
answer in the app and in plain transformers, by the script of "Show the code". One JSON line for each task and one for all, and one
on stderr after each run; the exit code is 1 when something did not hold.
"""

import argparse
import itertools
import json
import math
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import psutil
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from core import predict, runs
from core.finetune.checkpoints import CHECKPOINTS, WEIGHTS, newest_checkpoint, read_progress, step_of
from core.finetune.recipe import epochs_of_a_round
from core.models import SCRATCH
from core.results import RunConfig
from core.tasks.base import Task
from core.tasks.table import TASKS
from pages.shared.tasks.table import VIEWS
from tests.families import write_reader
from tests.scripts import assert_same_answer, run_script
from tests.training import asked_of, rows_of, words_of, write_example

EPOCHS = 30.0
LIVES = 10  # of a run: then it is left alone
LAST_LIVES = 2  # of these, in which it is killed when it has trained to the end
ENDED = ("finished", "failed", "cancelled")
WAIT = 120.0
LOOK = 0.05  # seconds between two looks at whether a run goes on
OFTEN = 0.001  # and between two at what is being written
ORPHAN = 5.0  # seconds in which a process whose server was killed has said that it is there
SERVER = """
import sys, time
from core import runs
from core.errors import UserError
run = runs.get(sys.argv[1])
try:
    (runs.start if run.state.status == "queued" else runs.resume)(run)
    print("taken up", flush=True)
except UserError as error:
    print(error, flush=True)
time.sleep(600)
"""
LIBRARIES = (
    "core.__main__ core.commands.train core.finetune.train sklearn.linear_model sklearn.feature_extraction.text "
    "pages.shared.tasks.table tests.families tests.training"
)
# what takes a run up, how often
WAYS = {"a command": 17, "two commands": 1, "a server": 1, "two servers": 1}


@dataclass(frozen=True)
class Kill:
    """One kill: of the run, the server or both; what it was amid ("" for no save); how many steps were lost; what did not hold."""

    victim: str
    amid: str
    lost: int
    faults: tuple[str, ...]


@dataclass
class Life:
    """What works on a run: command lines, or servers and the process that one of them started."""

    run: runs.Run
    began: float
    events: int  # that there were before
    commands: tuple[ForkServerProcess, ...] = ()
    servers: tuple[subprocess.Popen[str], ...] = ()

    def goes_on(self) -> bool:
        if self.commands:
            return any(command.is_alive() for command in self.commands)
        return runs.get(self.run.id).state.status in runs.ACTIVE

    def has(self, kind: str, **values: str) -> bool:
        """Whether an event of this kind has come since it began."""
        return any(
            event.kind == kind and values.items() <= event.values.items()
            for event in runs.events(self.run, after=self.events)
        )

    def saves(self) -> set[str]:
        """What is being written at this moment, or was when it ended."""
        return {path.name for path in half_written(self.run.folder) if modified(path) >= self.began}

    def is_saving(self) -> bool:
        return bool(self.saves())

    def suspend(self, suspended: bool) -> None:
        """Stop the processes that train, or let them go on."""
        pids = [command.pid for command in self.commands] or [self._started()]
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if suspended:
                    process.suspend()
                else:
                    process.resume()

    def _started(self) -> int:
        """The process that a server has started."""
        return runs.FILES.process.validate_json((self.run.folder / runs.PROCESS).read_bytes()).pid

    def kill_servers(self) -> None:
        for server in self.servers:
            server.kill()
            server.wait()

    def kill_run(self) -> None:
        runs.kill(runs.get(self.run.id))
        for command in self.commands:
            command.kill()
        for command in self.commands:
            command.join()


def half_written(folder: Path) -> list[Path]:
    """What a save leaves under another name until it is whole."""
    found: list[Path] = []
    for place in (folder, folder / CHECKPOINTS):
        with suppress(FileNotFoundError):
            found += [path for path in place.iterdir() if path.name.startswith(".")]
    return found


def modified(path: Path) -> float:
    """When something was last written, 0.0 where it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def command(folder: str, environment: dict[str, str]) -> None:
    """What `python -m core train --run FOLDER` does, in a process that has been forked from one with the libraries."""
    from core.__main__ import main

    os.environ.update(environment)
    log = os.open(f"{folder}/log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.exit(main(["train", "--run", folder]))


def begin(run: runs.Run, way: str, forks: ForkServerContext) -> Life:
    """Take a run up."""
    life, many = Life(run, time.time(), len(runs.events(run))), 2 if way.startswith("two") else 1
    if "server" in way:
        arguments = [sys.executable, "-c", SERVER, run.id]
        life.servers = tuple(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(many))
        return life
    life.commands = tuple(forks.Process(target=command, args=(str(run.folder), dict(os.environ))) for _ in range(many))
    for one in life.commands:
        one.start()
    return life


def wait_for(life: Life, come: Callable[[], bool], every: float = 0.02) -> bool:
    """Whether something came before the life was over. every: seconds between two looks."""
    until, look = time.monotonic() + WAIT, 0.0
    while (now := time.monotonic()) < until:
        if come():
            return True
        if now >= look:
            if not life.goes_on():
                return come()
            look = now + LOOK
        time.sleep(every)
    return False


def loading(life: Life, moments: random.Random) -> bool:
    time.sleep(moments.uniform(0, 0.8))
    return life.goes_on()


def training(life: Life, moments: random.Random) -> bool:
    if not wait_for(life, lambda: life.has("start")):
        return False
    time.sleep(moments.uniform(0, 1.0))
    return life.goes_on()


def saving(life: Life, moments: random.Random) -> bool:
    """Inside one of the next few saves."""
    for _ in range(moments.randint(1, 2)):
        if not (wait_for(life, life.is_saving, OFTEN) and wait_for(life, lambda: not life.is_saving(), OFTEN)):
            return False
    return inside(life, life.is_saving, moments.uniform(0, 0.01))


def saving_the_model(life: Life, moments: random.Random) -> bool:
    return inside(life, lambda: ".model.partial" in life.saves(), moments.uniform(0, 0.02))


def inside(life: Life, writes: Callable[[], bool], pause: float) -> bool:
    """Stop the run while it writes, so that it is killed before it gets any further."""
    while wait_for(life, writes, OFTEN):
        time.sleep(pause)
        life.suspend(True)
        if writes():
            return True
        life.suspend(False)
    return False


def measuring(life: Life, moments: random.Random) -> bool:
    """Once the model is there: while it is measured, or the report and the state are written."""
    if not wait_for(life, lambda: life.has("stage", stage="evaluating")):
        return False
    time.sleep(moments.uniform(0, 0.3))
    return life.goes_on()


def settled(run: runs.Run, seconds: float) -> str:
    """The state of a run, whose process may have been started so many seconds ago and not have said yet that it is there.

    The studio waits half a minute for that; here that much time has passed as soon as the seconds have.
    """
    until = time.monotonic() + seconds
    while (state := runs.get(run.id).state.status) == "queued" and not (run.folder / runs.PROCESS).exists():
        if time.monotonic() >= until:
            os.utime(run.folder / runs.STATE, (0, 0))
        time.sleep(LOOK)
    return state


def faults(life: Life, before: int, interval: int) -> tuple[list[str], int, int]:
    """What does not hold after a kill of the run; the newest checkpoint's step; how many steps were lost."""
    run, found = life.run, list[str]()
    state = settled(run, 0)
    if state != "interrupted":
        found.append(f"it reads as {state}")
    for path in [
        *run.folder.glob("*.json"),
        *run.folder.glob("checkpoints/step-*/*.json"),
        *run.folder.glob("model/*.json"),
    ]:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found.append(f"{path.name} is broken")
    if sum(event.kind == "start" for event in runs.events(run, after=life.events)) > 1:
        found.append("two processes trained at once")
    reached = max((event.step for event in runs.history(runs.events(run))), default=0)
    newest = newest_checkpoint(run.folder)
    step = step_of(newest) if newest else 0
    if newest:
        try:
            best = newest.with_name(f"step-{read_progress(newest).best_step or step}")
            for checkpoint in (newest, best):
                load_file(checkpoint / WEIGHTS)
                torch.load(checkpoint / "optimizer.pt", weights_only=True)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            found.append(f"a checkpoint does not load: {error}")
    if step < before:
        found.append(f"the newest checkpoint went back from {before} to {step}")
    if reached - step > interval:
        found.append(f"{reached - step} steps were lost, {interval} lie between two checkpoints")
    return found, step, max(0, reached - step)


def difference(run: runs.Run, given: Mapping[str, str]) -> list[str]:
    """What does not hold of a finished run's model, which is asked in the app and in plain transformers."""
    name, task = f"run:{run.id}", run.config.task
    predictor = predict.load(name, task)
    (expected,) = predict.predict(predictor, {role: [text] for role, text in given.items()})
    script = VIEWS[task].predict_code(name, given, predictor.max_length)
    try:
        assert_same_answer(run_script(script), expected)
    except AssertionError as error:
        return [f"transformers gives another answer: {error}"]
    return []


def amid(names: set[str]) -> str:
    """What a kill has left half-written: a checkpoint, the model, a file, or "" for nothing."""
    kinds = (("step", "a checkpoint"), ("model", "the model"), ("", "a file"))
    return next((title for start, title in kinds for name in names if name[1:].startswith(start)), "")


class Trial:
    """One run of a task from its beginning until it has finished, with the kills on the way."""

    def __init__(self, task: Task, home: Path, moments: random.Random, forks: ForkServerContext) -> None:
        self.task, self.moments, self.forks = task, moments, forks
        self.kills: list[Kill] = []
        self.ways: list[str] = []
        self.at_the_end: list[str] = []  # what did not hold of the finished run
        self.step = 0  # of the newest checkpoint
        config = RunConfig(
            "minilm", "", task.id, epochs=EPOCHS, batch_size=1, evaluations=1, learning_rate=1e-3, max_length=48
        )
        self.run = runs.create(config, home / task.id / "example.jsonl")
        # from scratch where a task can be, which leaves more half-written; only a page is refused a folder
        model = SCRATCH if task.scratch is not None else str(home / task.id / "reader")
        config = replace(self.run.config, model=model)
        (self.run.folder / runs.CONFIG).write_bytes(runs.FILES.config.dump_json(config))
        self.rows = rows_of(replace(config, data=str(self.run.folder / config.data)))
        self.interval = len(self.rows.splits["train"]) * epochs_of_a_round(EPOCHS)  # steps between two checkpoints

    @property
    def status(self) -> str:
        return runs.get(self.run.id).state.status

    def live(self, moment: Callable[[Life, random.Random], bool]) -> None:
        """Take the run up and kill it at a moment, where that comes."""
        (way,) = self.moments.choices(list(WAYS), list(WAYS.values()))
        self.ways.append(way)
        life = begin(self.run, way, self.forks)
        try:
            if life.servers:
                self._resume(life)
            if life.goes_on() and moment(life, self.moments):
                self._kill(life)
        finally:
            life.kill_servers()
            life.kill_run()

    def _resume(self, life: Life) -> None:
        """Kill the servers while they take the run up or soon after, or wait until one of them has."""
        if self.moments.random() < 0.5:
            time.sleep(self.moments.uniform(0.2, 1.0))
            life.kill_servers()
            state = settled(self.run, ORPHAN)
            wrong = [] if state in (*runs.ACTIVE, "interrupted") else [f"without its server it reads as {state}"]
            self.kills.append(Kill("server", "", 0, tuple(wrong)))
            return
        said = [server.stdout.readline().strip() for server in life.servers if server.stdout]
        if said.count("taken up") != 1:
            self.kills.append(Kill("", "", 0, (f"servers that resume it say {said}",)))

    def _kill(self, life: Life) -> None:
        victim = "both" if any(server.poll() is None for server in life.servers) else "run"
        life.kill_servers()
        life.kill_run()
        if self.status not in ENDED:
            found, self.step, lost = faults(life, self.step, self.interval)
            self.kills.append(Kill(victim, amid(life.saves()), lost, tuple(found)))

    def go(self, most: int, ahead: int) -> None:
        """Kill the run in up to `most` lives. ahead: how many more kills there were inside a save than outside until now."""
        for number in range(most):
            late = number >= LIVES - LAST_LIVES or self.step > 7 * self.interval
            if ahead + sum(1 if kill.amid else -1 for kill in self.kills) <= 0:
                self.live(saving_the_model if late else saving)
            else:
                self.live(measuring if late else self.moments.choice((loading, training, training)))
            if self.status in ENDED:
                return

    def finish(self) -> None:
        """Leave the run alone until it has finished, and look at what it left."""
        if self.status not in ENDED:
            life = begin(self.run, "a command", self.forks)
            wait_for(life, lambda: self.status in ENDED)
            for one in life.commands:
                one.join(WAIT)
        run = runs.get(self.run.id)
        if run.state.status == "finished":
            left = [f"{path.name} was left behind" for path in half_written(run.folder)]
            given = {role: texts[0] for role, texts in asked_of(self.task, self.rows).items()}
            self.at_the_end = [*left, *difference(run, given)]
        else:
            self.at_the_end = [f"it ended as {run.state.status}: {runs.log_tail(run, 5)}"]

    @property
    def faults(self) -> list[str]:
        """Everything that did not hold."""
        kills = [f"kill {i + 1}: {fault}" for i, kill in enumerate(self.kills) for fault in kill.faults]
        return kills + self.at_the_end


def prepared(task: Task, home: Path) -> None:
    """What runs of a task begin with: a tiny random model, and its example rows."""
    folder = home / task.id
    folder.mkdir()
    write_reader(folder / "reader", words_of(task))
    write_example(task, folder)


def ready_to_fork() -> ForkServerContext:
    """Processes that are forked from one in which the libraries are loaded, and nothing has run."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(LIBRARIES.split())
    return forks


def summary(trials: Sequence[Trial]) -> dict[str, object]:
    """What was killed, amid what, and what was lost."""
    kills = [kill for trial in trials for kill in trial.kills]
    return {
        "kills": len(kills),
        "of": dict(Counter(kill.victim for kill in kills)),
        "inside_a_save": sum(bool(kill.amid) for kill in kills),
        "amid": dict(Counter(kill.amid for kill in kills if kill.amid)),
        "taken_up_by": dict(Counter(way for trial in trials for way in trial.ways)),
        "most_steps_lost": max((kill.lost for kill in kills), default=0),
        "steps_between_checkpoints": max((trial.interval for trial in trials), default=0),
        "runs": len(trials),
        "faults": [f"{trial.run.config.task}: {fault}" for trial in trials for fault in trial.faults],
    }


def trials(
    tasks: Sequence[Task], home: Path, *, kills: int = 1000, seed: int = 0, seconds: float = math.inf
) -> Iterator[Trial]:
    """One run after another, the tasks in turn, until there were so many kills the time is over, or a run has not finished."""
    began, moments, forks = time.monotonic(), random.Random(seed), ready_to_fork()
    done, inside = 0, 0
    for task in tasks:
        prepared(task, home)
    for task in itertools.cycle(tasks):
        if done >= kills or time.monotonic() - began > seconds:
            return
        trial = Trial(task, home, moments, forks)
        trial.go(min(LIVES, math.ceil((kills - done) / len(tasks))), 2 * inside - done)
        trial.finish()
        done, inside = done + len(trial.kills), inside + sum(bool(kill.amid) for kill in trial.kills)
        yield trial
        if trial.status != "finished":
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="of all tasks together")
    parser.add_argument("--task", choices=TASKS, help="instead of every task")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--seconds", type=float, default=math.inf, help="after which no further run is begun")
    options = parser.parse_args()
    began, found = time.monotonic(), list[Trial]()
    tasks = [TASKS[options.task]] if options.task else list(TASKS.values())
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(STUDIO_HOME=f"{home}/studio", STUDIO_HUB="off", STUDIO_THREADS="1")
        for trial in trials(tasks, Path(home), kills=options.kills, seed=options.seed, seconds=options.seconds):
            found.append(trial)
            print(json.dumps({"task": trial.task.id, **summary([trial])}), file=sys.stderr)
    for task in tasks:
        print(json.dumps({"task": task.id, **summary([trial for trial in found if trial.task is task])}))
    result = {"contender": "kills", **summary(found), "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(result))
    sys.exit(1 if result["faults"] else 0)


if __name__ == "__main__":
    main()
