"""remarks: what must be known about a source before anything that came of it is believed, as sentences.

The command line and the pages say the same. This module does not know how a sentence is shown, nor which tasks there are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core import settings
from core.data import relabel, splits
from core.data.clean import REPEATED
from core.errors import N_, Note, plural
from core.results import JOINED, DataReport

NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
MERGE, OTHER_TASK, JOIN, SCALE = (
    "merge",
    "other task",
    "join",
    "scale",
)  # labels, a task for such answers, columns of texts, a task for scores
MUCH = 0.2  # share of the rows; from here on it is a warning that they were left out


@dataclass(frozen=True)
class Remark:
    """A sentence (a template marked for translation and its values), and whether it is a warning.

    mend: what would mend it, MERGE, OTHER_TASK or JOIN; "" where nothing can be pressed for it.
    """

    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    warning: bool = False
    mend: str = ""

    @property
    def sentence(self) -> str:
        return self.message.format(**self.values)


def is_much(report: DataReport) -> bool:
    """Whether a fifth of the rows, or more, were left out."""
    return report.left_out > 0 and report.left_out >= MUCH * report.rows


def remarks(report: DataReport, more: tuple[Note, ...] = ()) -> tuple[Remark, ...]:
    """Everything that is to be said, warnings first. more: what else was found, as warnings."""
    found = [*_losses(report), *(Remark(message, values, warning=True) for message, values in more)]
    if report.cut_cells:
        message = plural(
            N_("{count} cell was longer than {limit:,} characters and was cut (the setting {setting})"),
            N_("{count} cells were longer than {limit:,} characters and were cut (the setting {setting})"),
            report.cut_cells,
        )
        limit = settings.MAX_CELL_CHARS
        values = {"count": report.cut_cells, "limit": limit.value(), "setting": limit.name}
        found.append(Remark(message, values, warning=True))
    alike = relabel.ambiguous(list(report.label_counts))  # of which that is said, and not that some are rare as well
    rare = [label for label in report.rare if label not in alike]
    if rare:
        message = N_("labels with fewer than ten rows can be neither learnt nor measured well: {labels}")
        found.append(Remark(message, {"labels": ", ".join(rare[:20])}, warning=True))
    mends = {relabel.LABELS_ALIKE: MERGE, relabel.TYPES_ALIKE: MERGE, splits.SEVERAL: OTHER_TASK}
    found += (Remark(message, values, mend=mends.get(message, "")) for message, values in report.notes)
    if is_scale(report):
        message = N_(
            "the labels are numbers; each is learnt as a class of its own. If they are steps of a scale ({labels}), a task that learns a score knows "
            "which of them lie close together"
        )
        found.append(Remark(message, {"labels": ", ".join(list(report.label_counts)[:10])}, mend=SCALE))
    if report.tagged:
        message = N_("each row looks like a word with its tag; a task that tags words reads such a file as sentences")
        found.append(Remark(message, warning=True, mend=OTHER_TASK))
    if report.asks:
        message = N_(
            "each row looks like a question with a passage that holds its answer; a task that answers questions marks it there"
        )
        found.append(Remark(message, warning=True, mend=OTHER_TASK))
    elif report.more_texts:
        message = N_(
            "the column {column} holds texts as well and is not read: {joined} as the column of texts reads both as one text, "
            "a task for two texts reads them as a pair"
        )
        values = {"column": ", ".join(report.more_texts[:5]), "joined": joined(report)}
        found.append(Remark(message, values, mend=JOIN))
    return tuple(found)


def is_scale(report: DataReport) -> bool:
    """Whether the labels are numbers that may be the steps of a scale: three or more, and not the bare 0, 1, 2 … of numbered classes."""
    labels = list(report.label_counts)
    return (
        len(labels) > 2
        and all(NUMBER.fullmatch(label) for label in labels)
        and labels != list(map(str, range(len(labels))))
    )


def joined(report: DataReport) -> str:
    """The column of texts and the first of those that are not read, as one column; "" where there is no such other."""
    if not report.more_texts:
        return ""
    first = next(iter(report.used.values()))
    both = [column for column in report.columns if column in (first, report.more_texts[0])]
    return JOINED.join(both) if len(both) == 2 else JOINED.join((first, report.more_texts[0]))


def _losses(report: DataReport) -> list[Remark]:
    """A warning when many rows were left out, and what to do where the same texts come again and again."""
    if not is_much(report):
        return []
    values: dict[str, object] = {"count": report.left_out, "rows": report.rows, "share": report.left_out / report.rows}
    found = [
        Remark(
            plural(
                N_("{count:,} of {rows:,} rows ({share:.0%}) is left out"),
                N_("{count:,} of {rows:,} rows ({share:.0%}) are left out"),
                report.left_out,
            ),
            values,
            warning=True,
        )
    ]
    repeated = sum(entry.count for entry in report.dropped if entry.reason in REPEATED)
    if repeated >= MUCH * report.rows and report.more_texts:
        message = plural(
            N_(
                "{count:,} row repeats a text; if the answer depends on a second text as well, choose a task for two texts, which reads both columns"
            ),
            N_(
                "{count:,} rows repeat a text; if the answer depends on a second text as well, choose a task for two texts, which reads both columns"
            ),
            repeated,
        )
        found.append(Remark(message, {"count": repeated}, warning=True))
    return found
