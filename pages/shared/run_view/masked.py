"""The result of a masked language model: its figures, and what they mean beside those from before the training."""

import pandas as pd
import streamlit as st

from core.figures import training as training_figures
from core.results import MaskedEvaluation, RunReport
from pages.shared import layout
from pages.shared.i18n import _
from pages.shared.run_view.curves import likely
from pages.shared.run_view.history import shown
from pages.shared.run_view.measures import learnt_by_heart, masked
from pages.shared.words import duration


def masked_verdict(report: RunReport) -> None:
    """The numbers of a masked language model with what they must be compared to."""
    measured, before = masked(report), report.masked.get("baseline")
    if measured is None:
        st.info(_("The data has no rows to measure the model on."), icon=":material/info:")
        return
    columns = st.columns(6)
    for column, name, value, text in (
        (columns[0], _("Masked token is the likeliest"), measured.top1, _("Share of the masked tokens, with its 95% interval (Wilson).")),
        (columns[1], _("Among the five likeliest"), measured.top5, _("Share of the masked tokens, with its 95% interval (Wilson).")),
    ):  # fmt: skip
        column.metric(name, f"{value.value:.1%}", f"{value.low:.1%}–{value.high:.1%}", delta_color="off", delta_arrow="off", help=text)  # fmt: skip
    columns[2].metric(
        _("Before training"), shown(before.top1.value if before else None, "{:.1%}"),
        help=_("How often the masked token was the likeliest before this training."),
    )  # fmt: skip
    columns[3].metric(
        _("Loss"), f"{measured.loss:.3f}",
        help=_("Mean of −ln p(token) in nats. Knowing nothing costs ln V = {value:.2f}.").format(value=measured.uniform_loss),
    )  # fmt: skip
    columns[4].metric(
        _("Perplexity"), f"{measured.perplexity:,.1f}",
        help=_("exp(loss): among how many equally likely tokens it hesitates."),
    )  # fmt: skip
    columns[5].metric(
        _("Training time"), duration(report.seconds), help=_("Training alone; evaluations and checkpoints left out.")
    )
    st.markdown(_masked_meaning(report, measured, before))


def _masked_meaning(report: RunReport, measured: MaskedEvaluation, before: MaskedEvaluation | None) -> str:
    """What came out, in words that the intervals allow."""
    if learnt_by_heart(report.data):
        return _("Measured on the training texts themselves ({n:,} masked tokens), so it says nothing about new texts.").format(n=measured.n)  # fmt: skip
    text = _("Of {n:,} masked tokens in texts that this run did not train on, it names **{share:.1%}** (95% interval {low:.1%}–{high:.1%}).").format(
        n=measured.n, share=measured.top1.value, low=measured.top1.low, high=measured.top1.high
    )  # fmt: skip
    if before is None:
        return text
    if measured.top1.low > before.top1.high:
        more = _("Before this training it was {share:.1%} of {n:,}: it has learnt something about such texts.")
    elif measured.top1.high < before.top1.low:
        more = _("Before this training it was {share:.1%} of {n:,}: it has become worse at such texts.")
    else:
        more = _("Before this training it was {share:.1%} of {n:,}, and the intervals overlap: this is no proof that it learnt anything.")  # fmt: skip
    return text + " " + more.format(share=before.top1.value, n=before.n)


def masked_measure(report: RunReport, page: str) -> None:
    """Before and after: the shares with their intervals, and the fixed sentences."""
    names = {
        "baseline": _("before training"),
        "test": _("after, test texts"),
        "validation": _("after, validation texts"),
    }
    found = {title: report.masked[name] for name, title in names.items() if name in report.masked}
    left, right = st.columns(2)
    with left:
        layout.plot(
            training_figures.intervals({title: row.top1 for title, row in found.items()}, title=_("The masked token is the likeliest"), text=_),
            f"top1_{page}",
            _("How often the masked token is the likeliest, before and after, with 95% intervals"),
        )  # fmt: skip
    with right:
        layout.plot(
            training_figures.intervals({title: row.top5 for title, row in found.items()}, title=_("Among the five likeliest"), text=_),
            f"top5_{page}",
            _("How often the masked token is among the five likeliest, before and after, with 95% intervals"),
        )  # fmt: skip
    st.caption(
        _("The masks of a text are always the same, so runs on the same texts with the same tokenizer can be compared. A perplexity depends on the vocabulary: compare it only where the tokenizer is the same.")
    )  # fmt: skip
    after = masked(report)
    if after and after.probes:
        st.markdown("**" + _("What it thinks [MASK] is") + "**")
        before = report.masked.get("baseline")
        frame = pd.DataFrame({_("Sentence"): [probe.text for probe in after.probes]})
        for title, row in ((_("Before"), before), (_("After"), after)):
            if row and len(row.probes) == len(frame):
                frame[title] = [likely((word.token, word.probability) for word in probe.top) for probe in row.probes]
        st.dataframe(frame, hide_index=True, height="content", alt=_("The likeliest words for the mask, before and after training"))  # fmt: skip
