"""A run's model as one zip with its card.

This module does not know how the zip reaches the person who asked for it.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from core import runs
from core.errors import UserError
from core.export.card import model_card
from core.results import RunConfig
from core.tasks.table import TASKS


def zip_model(folder: Path, target: BinaryIO) -> None:
    """Write a run's model as a zip with one folder in it: what save_pretrained wrote, README.md (the model card), run.json
    (what was asked) and report.json (what came out, where the run got that far). `pipeline` loads the unpacked folder.

    folder: the run folder; target: a file open for writing (the zip is as large as the weights). Raises UserError when
    the run has no model, its files cannot be read, or its task is not one of this version's.
    """
    model = folder / "model"
    if not (model / "config.json").is_file():
        raise UserError("the run {run} has no model; it may not be finished, or was deleted", run=folder.name)
    config = _without_path(runs.read_config(folder))
    if config.task not in TASKS:
        raise UserError(
            "this run's task '{task}' is not known here; a newer version of the studio made the run",
            task=config.task[:50],
        )
    report = runs.read_report(folder)
    labels = _labels(model)
    name = re.sub(r"[^\w.-]+", "-", f"bert-studio-{folder.name}", flags=re.ASCII)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path in sorted(model.iterdir()):
            if path.is_file() and not path.is_symlink() and path.name != "README.md":
                weights = path.suffix == ".safetensors"  # numbers hardly shrink: storing them is ten times as fast
                archive.write(path, f"{name}/{path.name}", ZIP_STORED if weights else ZIP_DEFLATED)
        archive.writestr(f"{name}/README.md", model_card(config, report, labels))
        archive.writestr(f"{name}/run.json", runs.FILES.config.dump_json(config, indent=2))
        if report is not None:
            archive.writestr(f"{name}/report.json", runs.FILES.report.dump_json(report, indent=2))


def _labels(model: Path) -> tuple[str, ...]:
    names = json.loads((model / "config.json").read_text(encoding="utf-8")).get("id2label", {})
    return tuple(str(names[number]) for number in sorted(names, key=int))


def _without_path(config: RunConfig) -> RunConfig:
    """The configuration without the folders of this machine: a model or file given by its path is named by its last part."""

    def last(name: str) -> str:
        return Path(name).name if Path(name).is_absolute() or "\\" in name or name.startswith((".", "~")) else name

    return replace(config, model=last(config.model), data=last(config.data))
