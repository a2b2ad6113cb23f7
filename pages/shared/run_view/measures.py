"""What was measured of a run in the end, whichever task it learnt. Nothing is drawn here."""

from core.results import DataReport, Interval, MaskedEvaluation, RunReport
from pages.shared.i18n import _


def masked(report: RunReport | None) -> MaskedEvaluation | None:
    """What was measured of a masked language model in the end, None of any other."""
    return (report.masked.get("test") or report.masked.get("validation")) if report else None


def accuracy(report: RunReport | None) -> Interval | None:
    """Share of right answers in the end: labels of a classifier, masked tokens of a masked language model."""
    tokens, measured = masked(report), (report.test or report.validation) if report else None
    return tokens.top1 if tokens else measured.accuracy if measured else None


def measured_on(report: RunReport | None) -> str:
    """How many texts a run's numbers come from, and which: "" when nothing was measured."""
    measured = (report.test or report.validation) if report else None
    if report and (tokens := masked(report)):
        return _("{n:,} masked tokens").format(n=tokens.n)
    if not report or not measured:
        return ""
    if learnt_by_heart(report.data):
        return _("{n:,} training texts").format(n=measured.n)
    return (_("{n:,} test texts") if report.test else _("{n:,} validation texts")).format(n=measured.n)


def learnt_by_heart(report: DataReport) -> bool:
    """Whether the data was too small to hold rows back, so that the test rows are the training rows."""
    return any(
        "the training rows themselves" in note and "test" in str(values["splits"]) for note, values in report.notes
    )
