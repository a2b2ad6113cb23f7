"""What one visitor may take of a studio that several share, so that enough is left for the others: each limit is a row of SETTINGS.

This module does not know who has no limits: who calls it has asked.
"""

from core import runs, settings
from core.data.dataset import TextDataset
from core.errors import N_, UserError, plural
from core.finetune import setup
from core.results import RunConfig

MB = 1 << 20


def check_waiting(owner: str, new: int = 1) -> None:
    """Raise UserError when a visitor would have more runs waiting than one may have. new: how many they are about to begin."""
    waiting, most = sum(run.state.status == "queued" for run in _of(owner)), settings.MAX_QUEUED.value()
    if new > 1 and waiting + new > most:
        raise UserError(
            "this begins {new} runs at once, and {most} of one visitor may wait at a time; set them up one by one, or ask the teacher to begin them",
            new=new,
            most=most,
        )
    if waiting >= most:
        raise UserError(
            plural(
                N_("{count} of your runs is waiting already; begin another when it has had its turn, or cancel it"),
                N_(
                    "{count} of your runs are waiting already; begin another when one of them has had its turn, or cancel one"
                ),
                waiting,
            ),
            count=waiting,
        )


def check_disk(owner: str) -> None:
    """Raise UserError when a visitor's runs take all the room on the disk that one's may."""
    most = settings.RUNS_MB.value()
    used = sum(runs.size(run) for run in _of(owner)) // MB if most else 0
    if most and used >= most:
        raise UserError(
            "your runs take {used:,} MB of the disk, and those of one visitor may take {most:,}; delete one that you no longer need, on the page Runs",
            used=used,
            most=most,
        )


def check_tokens(config: RunConfig, dataset: TextDataset) -> None:
    """Raise UserError when a run would read more tokens than one of a visitor's may."""
    most = settings.MAX_TOKENS.value()
    asked = setup.tokens(config, dataset) if most else 0
    if asked > most:
        raise UserError(
            "this run would read about {asked:,} tokens, all epochs together, and one of a visitor may read {most:,}; choose fewer epochs, fewer rows or a smaller maximum length",
            asked=asked,
            most=most,
        )


def _of(owner: str) -> list[runs.Run]:
    return [run for run in runs.all_runs() if run.owner == owner]
