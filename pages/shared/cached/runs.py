"""Runs and their reports, read again only when their files were written since."""

from pathlib import Path

from core import disk, models, notes, runs, settings
from core.families import HEADS
from core.results import RunReport
from core.tasks.base import is_path
from core.tasks.table import task_of
from pages.shared.cached.models import written_at
from pages.shared.cached.store import kept


@kept
def _run_of(folder: str, written: tuple[int, ...]) -> runs.Run:
    return runs.open_folder(Path(folder))


def _run_now(folder: Path) -> runs.Run:
    """A run as it is now. One that has ended is read again only when its files were written since."""
    try:
        written = tuple((folder / name).stat().st_mtime_ns for name in (runs.CONFIG, runs.STATE))
        noted = folder / notes.FILE
        written += (noted.stat().st_mtime_ns,) if noted.exists() else ()
    except FileNotFoundError:
        return runs.open_folder(folder)
    run = _run_of(str(folder), written)
    return run if run.state.status in ("finished", "failed", "cancelled") else runs.open_folder(folder)


def all_runs() -> tuple[runs.Run, ...]:
    """Every run as it is now, newest first."""
    found = [_run_now(folder) for folder in runs.folders()]
    return tuple(sorted(found, key=lambda run: (run.state.created, run.id), reverse=True))


@kept
def _run_report(run_id: str, written: float) -> RunReport | None:
    return runs.report(runs.get(run_id))


def run_report(run_id: str) -> RunReport | None:
    """A run's report, or None while there is none."""
    return _run_report(run_id, disk.written_at(settings.runs_folder() / run_id / runs.REPORT))


@kept
def _began_with_head(run_id: str, written: float) -> bool:
    config = runs.get(run_id).config
    head = HEADS[task_of(config.task).head]
    return head.new != "always" and models.has_head(config.model, head.id, allow_path=is_path(config.model))


def began_with_head(run_id: str) -> bool:
    """Whether the model that a run started from brought the head for its task; otherwise the run drew a new one."""
    return _began_with_head(run_id, written_at(f"run:{run_id}"))
