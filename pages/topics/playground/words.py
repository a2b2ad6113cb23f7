"""Which words made a model say what it says."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core import explain
from core.figures import predictions as predictions_figures
from core.results import Attribution
from pages.shared import charts, choices, demand, inputs, progress, sight
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
from pages.shared.tasks.base import Subject


def _visible(text: str) -> str:
    """Escaped text in which control characters can be seen."""
    return escape("".join(chr(0x2400 + ord(c)) if ord(c) < 32 and c not in "\t\n\r" else c for c in text))


def amount(score: float, method: str) -> str:
    """A score in the unit of its method."""
    if explain.METHODS[method].unit == "probability":
        return _("{points:+.2f} percentage points").format(points=100 * score)
    if explain.METHODS[method].unit == "score":
        return _("{value:+.3f} of the score").format(value=score)
    return _("{value:+.3f} log-odds").format(value=score)


def tinted(attribution: Attribution, texts: tuple[str, ...]) -> str:
    """The texts with every word tinted, underlined and marked by what it did. All of the texts' characters are escaped."""
    reach = max((abs(word.score) for word in attribution.words), default=0.0) or 1.0
    parts = []
    for source, text in enumerate(texts):
        at, pieces = 0, []
        for word in attribution.words:
            if word.source != source:
                continue
            share = abs(word.score) / reach
            positive = word.score >= 0
            colour = "0,114,178" if positive else "213,94,0"
            mark = ("▲" if positive else "▼") if share >= 0.15 else ""
            kind = ("for" if positive else "against") if share >= 0.03 else ""
            hover = amount(word.score, attribution.method)
            pieces.append(
                _visible(text[at : word.start])
                + f'<span class="{kind}" title="{escape(hover)}" style="background:rgba({colour},{0.6 * share:.3f})">'
                + _visible(text[word.start : word.end])
                + (f"<sup>{mark}</sup>" if mark else "")
                + "</span>"
            )
            at = word.end
        parts.append(f'<p class="words{" second" if source else ""}" dir="auto">{"".join(pieces)}</p>')
    return "".join(parts)


def keys(attribution: Attribution, title: str) -> str:
    """What tint, underline and mark mean. title: of what is explained, where it has no label."""
    word, supports = escape(_("word")), escape(_("speaks for “{label}”").format(label=attribution.label or title))
    opposes = escape(_("speaks against it"))
    if explain.METHODS[attribution.method].unit == "score":
        supports, opposes = escape(_("raises the score")), escape(_("lowers the score"))
    tint = escape(_("The stronger the tint, the more it moved the answer; hover for the value."))
    return (
        '<div class="keys">'
        f'<span class="words small"><span class="for" style="background:rgba(0,114,178,.4)">{word}<sup>▲</sup></span> {supports}</span>'
        f'<span class="words small"><span class="against" style="background:rgba(213,94,0,.4)">{word}<sup>▼</sup></span> {opposes}</span>'
        f"<span>{tint}</span></div>"
    )


def _choose(name: str, subjects: Sequence[Subject]) -> int:
    """The number of the subject that a visitor chooses, the first until then."""
    offered = {number: subject.title for number, subject in enumerate(subjects)}
    key = "playground_subject"
    of = tuple((subject.label, subject.at, subject.end) for subject in subjects)  # other subjects are another choice
    chosen = choices.kept(key, offered, 0) if st.session_state.get(f"{key}_of") == (name, of) else 0
    st.session_state[f"{key}_of"] = (name, of)
    return choices.listed(
        _("For the label") if subjects[0].at is None else _("For what it marks"), offered, chosen, key=key
    )


def _attribution(name: str, given: Mapping[str, str], subject: Subject, method: str) -> Attribution | None:
    """The attribution, once its place is in sight; of a long text only when it is asked for. None until then."""
    title = _("Asking the model which words matter…")
    ready = cached_answers.long_explanation(name, given, subject.label, method, subject.at, subject.end)
    if ready is not None:
        return ready
    about = f"{subject.label} {subject.at} {subject.end}"
    if demand.is_long(name, given, (method,)):
        if not demand.asked(name, given, (method,), about):
            return None
        return progress.work(
            f"words_{hash((name, *given.values(), about, method))}",
            title,
            lambda report: cached_answers.long_explanation(
                name, given, subject.label, method, subject.at, subject.end, report
            ),
        )
    if not sight.reached("words", f"{hash((name, *given.values(), about, method))}"):
        st.caption(":material/hourglass_top: " + title)
        return None
    return progress.spin(
        title, lambda: cached_answers.explanation(name, given, subject.label, method, subject.at, subject.end)
    )


def which_words(name: str, given: Mapping[str, str], subjects: Sequence[Subject]) -> tuple[Attribution | None, Subject]:
    """The attribution of one of the subjects of an answer, computed only when it is shown, and the subject."""
    st.header(_("Which words made it say so"), anchor=False)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    titles = {key: _(row.title) for key, row in explain.offered(cached_models.predictor(name).task).items()} | {
        "off": _("Off")
    }
    with left:
        method = inputs.method("playground", titles, label=_("Method"))
    if method == "off":
        st.caption(_("Nothing is computed while this is off."))
        return None, subjects[0]
    chosen = 0
    if len(subjects) > 1 or subjects[0].at is not None:
        with right:
            chosen = _choose(name, subjects)
    subject = subjects[chosen]
    attribution = _attribution(name, given, subject, method)
    if attribution is None:
        return None, subject
    st.caption(_(explain.METHODS[method].help))
    if not attribution.words:
        st.info(_("The model reads no word of this text."))
        return attribution, subject
    st.html(tinted(attribution, tuple(given.values())))
    st.html(keys(attribution, subject.title))
    charts.plot(
        predictions_figures.contributions(attribution, text=_),
        key="contributions",
        alt=", ".join(f"{word.text} {amount(word.score, method)}" for word in attribution.words)[:400],
    )
    more = len(attribution.words) - predictions_figures.MOST_WORDS
    if more > 0:
        st.caption(_("The {count} words that moved it most.").format(count=predictions_figures.MOST_WORDS))
    in_points = explain.METHODS[method].unit == "probability"
    if attribution.adds_up is False:
        st.warning(
            _("These scores do not add up to what they should: on the way from the masked text to yours the answer changes too abruptly for this method. Do not read much into the colours; compare “Leave one word out”."),
            icon=":material/warning:",
        )  # fmt: skip
    if attribution.steps > explain.STEPS:
        st.caption(
            _("With {few} points on that way the scores did not add up, so {steps} were taken.").format(
                few=explain.STEPS, steps=attribution.steps
            )
        )
    if attribution.completeness_error is not None and attribution.expected is not None and not in_points:
        st.caption(
            _(
                "Completeness error {error:.4f}: the contributions should add up to the {expected:+.3f} by which the score differs from that "
                "of the fully masked text; they add up to {total:+.3f}, of which special tokens hold {special:+.3f}."
            ).format(
                error=attribution.completeness_error,
                expected=attribution.expected,
                total=attribution.total,
                special=attribution.special,
            )
        )
    elif attribution.completeness_error is not None and attribution.expected is not None:
        st.caption(
            _(
                "Completeness error {error:.4f} percentage points: the scores should add up to the {expected:+.2f} points by which "
                "the probability differs from that of the fully masked text; they add up to {total:+.2f}, of which special "
                "tokens hold {special:+.2f}."
            ).format(
                error=100 * attribution.completeness_error,
                expected=100 * attribution.expected,
                total=100 * attribution.total,
                special=100 * attribution.special,
            )
        )
    elif attribution.special:
        st.caption(
            _("Special tokens such as [CLS] and [SEP] hold another {amount}.").format(
                amount=amount(attribution.special, method)
            )
        )
    return attribution, subject
