"""Playground: what a trained classifier says of your own text, which words made it say so, and how another one differs."""

import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from core import data, explain, hub, models, runs, settings, tables
from core.errors import UserError
from core.figures import predictions as predictions_figures
from core.results import Attribution, Prediction
from pages.shared import cached, inputs, layout
from pages.shared.i18n import _, error_text
from pages.shared.snippets import playground as snippets
from pages.topics.playground import bulk

HUB_EXAMPLE = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
EXAMPLES = (
    "A warm, funny and honest film.",
    "The jokes fall flat and the story goes nowhere.",
    "Not bad at all.",
    "I expected to love it. I did not.",
    "Two hours that feel like four.",
    "An unforgettable performance in a forgettable film.",
)
CHART = {"displayModeBar": False}

STYLE = """
<style>
.words { font-size: 1.15rem; line-height: 2.15; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0; }
.words.small { font-size: .85rem; }
.words span { padding: .12em .1em; border-radius: .2rem; border-bottom: 2.5px solid transparent; unicode-bidi: isolate; }
.words .for { border-bottom: 2.5px solid #0072B2; }
.words .against { border-bottom: 2.5px dashed #D55E00; }
.words sup { font-size: .6em; line-height: 0; opacity: .85; }
.words .second { display: block; margin-top: .4rem; padding-left: .8rem; border-left: 3px solid rgba(128,128,128,.5); border-radius: 0; }
.answer { font-size: 1.75rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.answer small { font-size: 1rem; font-weight: 400; opacity: .75; padding-left: .5rem; white-space: nowrap; }
</style>
"""


def load_classifier(name: str) -> None:
    """Make a classifier ready. Raises UserError when the model is none; a bare encoder is not even fetched to find out."""
    if name in models.MODELS:
        raise UserError(
            "'{name}' has no classifier: it is a pre-trained encoder that must be fine-tuned first", name=name
        )
    with st.spinner(_("Loading the model…"), show_time=True):
        cached.predictor(name)


def choose_model() -> tuple[str, dict[str, str]]:
    """The classifier that answers, and the titles of all runs that could.

    It is the shared model when that can classify; otherwise the newest finished run takes its place and a line says so.
    "" when there is none: then the page shows the way to one.
    """
    titles = inputs.finished_classifiers()
    try:
        wanted = inputs.model("playground", label=_("Model that answers"))
        load_classifier(wanted)
        return wanted, titles
    except UserError as error:
        reason = layout.plain(error_text(error))
        wanted = inputs.get("model")
    newest = next((name for name in titles if name != wanted), "")
    if not newest:
        if wanted not in models.MODELS:
            st.warning(reason, icon=":material/error:")
        return "", titles
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("{reason}. Your newest run answers here: {title}.").format(
                reason=reason, title=layout.plain(titles[newest])
            ),
            width="content",
        )
        st.button(
            _("Use it on every page"),
            type="tertiary",
            icon=":material/push_pin:",
            on_click=inputs.put,
            args=("model", newest),
        )
    load_classifier(newest)
    return newest, titles


def nothing_trained() -> None:
    """The way to a first classifier."""
    with st.container(border=True):
        st.markdown("**" + _("There is no trained model yet") + "**")
        st.markdown(
            _(
                "A pre-trained BERT turns text into vectors, but has no opinion about it. Fine-tune one on the bundled film "
                "reviews: the quick preset takes a few minutes. Then this page shows what it makes of your own sentences, and "
                "which words it goes by."
            )
        )
        with st.container(horizontal=True):
            st.page_link("pages/finetune.py", label=_("Fine-tune a model"), icon=":material/model_training:")
            if any(run.state.status in ("queued", "running") for run in runs.all_runs()):
                st.page_link("pages/runs.py", label=_("A run is on its way: watch it"), icon=":material/list_alt:")
        if hub.hub_reachable():
            st.caption(_("Or fetch a ready classifier of film reviews from the hub (268 MB, Apache-2.0):"))
            st.button(HUB_EXAMPLE, type="tertiary", on_click=inputs.put, args=("model", HUB_EXAMPLE))


def run_of(name: str) -> runs.Run | None:
    """The run behind a model name, or None for a model of the hub."""
    found = models.RUN_NAME.fullmatch(name)
    return runs.get(found[1]) if found else None


def short_title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name, name)


def say(prediction: Prediction) -> None:
    """The predicted label in large letters, with its probability."""
    probability = _("probability {value:.1%}").format(value=prediction.probability)
    st.html(f'<div class="answer" dir="auto">{escape(prediction.label)}<small>{escape(probability)}</small></div>')


def bars(prediction: Prediction, *, key: str, untrained: bool = False) -> None:
    """The probabilities of one answer."""
    name = _("before training") if untrained else _("answer")
    st.plotly_chart(
        predictions_figures.label_probabilities(
            {name: prediction.probabilities}, faint=_("before training") if untrained else "", text=_
        ),
        config=CHART,
        key=key,
        alt=", ".join(f"{label} {value:.1%}" for label, value in prediction.probabilities.items())[:400],
    )
    hidden = len(prediction.probabilities) - predictions_figures.MOST_LABELS
    if hidden > 0:
        st.caption(
            _("The {shown} likeliest labels; {hidden} more are in the model.").format(
                shown=predictions_figures.MOST_LABELS, hidden=hidden
            )
        )


def before_training(name: str, text: str, pair: str) -> None:
    """What the same model said before its first step, and what that is worth."""
    run = run_of(name)
    if run is None:
        st.markdown("**" + _("Before fine-tuning") + "**")
        st.caption(
            _(
                "This model comes from the hub as it is: what it was before its training is not known here, so nothing is compared."
            )
        )
        return
    st.markdown("**" + _("The same model before fine-tuning") + "**")
    try:
        with st.spinner(_("Loading the model…"), show_time=True):
            prediction = cached.before_training(run.id, text, pair)
    except UserError as error:
        st.caption(layout.plain(error_text(error)))
        return
    say(prediction)
    bars(prediction, key="bars_before", untrained=True)
    st.caption(
        _(
            "{model} with the new, random classifier that this run started from (seed {seed}). It has learnt nothing: its "
            "answer is chance, and another seed gives another one."
        ).format(model=layout.plain(run.config.model), seed=run.config.seed)
    )


def notes(name: str, text: str, pair: str, prediction: Prediction) -> None:
    """What the reader must know about this answer: cut text, a pair where none was trained and the reverse."""
    run = run_of(name)
    pairs_wanted = run is not None and run.config.task == "pair-classification"
    if pairs_wanted and not pair:
        st.info(_("This model was trained on pairs of texts: fill in the second sentence, or its answer means little."))
    if run is not None and pair and not pairs_wanted:
        st.info(_("This model was trained on single texts: it never saw a second sentence in training."))
    if prediction.cut:
        limit = cached.predictor(name).max_length
        read = cached.tokens(name, text, pair, limit)
        st.warning(_("The model reads at most {limit} tokens. It never saw this:").format(limit=limit))
        layout.cut_text(read.cut + read.cut_pair)


def _visible(text: str) -> str:
    """Escaped text in which control characters can be seen."""
    return escape("".join(chr(0x2400 + ord(c)) if ord(c) < 32 and c not in "\t\n\r" else c for c in text))


def amount(score: float, method: str) -> str:
    """A score in the unit of its method."""
    if explain.METHODS[method].unit == "probability":
        return _("{points:+.2f} percentage points").format(points=100 * score)
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


def keys(label: str) -> str:
    """What tint, underline and mark mean."""
    word, supports = escape(_("word")), escape(_("speaks for “{label}”").format(label=label))
    opposes, tint = (
        escape(_("speaks against it")),
        escape(_("The stronger the tint, the more it moved the answer; hover for the value.")),
    )
    return (
        '<div class="keys">'
        f'<span class="words small"><span class="for" style="background:rgba(0,114,178,.4)">{word}<sup>▲</sup></span> {supports}</span>'
        f'<span class="words small"><span class="against" style="background:rgba(213,94,0,.4)">{word}<sup>▼</sup></span> {opposes}</span>'
        f"<span>{tint}</span></div>"
    )


def which_words(name: str, text: str, pair: str, prediction: Prediction) -> tuple[Attribution | None, str]:
    """The attribution of the answer, computed only when it is shown; and the method."""
    st.subheader(_("Which words made it say so"), anchor=False)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    titles = {key: _(row.title) for key, row in explain.METHODS.items()} | {"off": _("Off")}
    with left:
        method = inputs.method("playground", titles, label=_("Method"))
    if method == "off":
        st.caption(_("Nothing is computed while this is off."))
        return None, method
    labels = list(prediction.probabilities)
    with right:
        chosen = st.selectbox(
            _("For the label"),
            ["", *labels],
            format_func=lambda label: label or _("the predicted one: {label}").format(label=prediction.label),
            key="playground_label@" + name,
        )
    with st.spinner(_("Asking the model which words matter…"), show_time=True):
        attribution = cached.explanation(name, text, pair, chosen or prediction.label, method)
    st.caption(_(explain.METHODS[method].help))
    if not attribution.words:
        st.info(_("The model reads no word of this text."))
        return attribution, method
    st.html(tinted(attribution, (text, pair) if pair else (text,)))
    st.html(keys(attribution.label))
    st.plotly_chart(
        predictions_figures.contributions(attribution, text=_),
        config=CHART,
        key="contributions",
        alt=", ".join(f"{word.text} {amount(word.score, method)}" for word in attribution.words)[:400],
    )
    more = len(attribution.words) - predictions_figures.MOST_WORDS
    if more > 0:
        st.caption(_("The {count} words that moved it most.").format(count=predictions_figures.MOST_WORDS))
    if attribution.completeness_error is not None and attribution.expected is not None:
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
    return attribution, method


def one_text(name: str, titles: Mapping[str, str], text: str, pair: str) -> None:
    with layout.mistakes():
        prediction = cached.prediction(name, text, pair)
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**" + _("The model's answer") + "**")
            say(prediction)
            bars(prediction, key="bars")
            speed = st.empty()
        with right:
            before_training(name, text, pair)
        notes(name, text, pair, prediction)
        attribution, method = which_words(name, text, pair, prediction)
        experiments(name)
        milliseconds, repeats = cached.latency(name, text, pair)
        speed.caption(
            _(
                "{milliseconds:.1f} ms per prediction on this machine, tokenising included: the median of {repeats} after one to warm up."
            ).format(milliseconds=milliseconds, repeats=repeats)
        )
        limit = cached.predictor(name).max_length
        code = snippets.predict(name, text, pair, limit)
        if attribution is not None:
            words = [(word.source, word.start, word.end) for word in attribution.words]
            code += "\n\n# " + "-" * 70 + "\n# which words made it say so\n"
            code += snippets.attributions(name, text, pair, attribution.label, method, limit, words)
        layout.show_code(code)
        return
    experiments(name)


def two_texts(name: str, text: str, pair: str) -> None:
    if not inputs.get("other_text"):
        inputs.put("other_text", text)
    other = inputs.other_text("playground", label=_("The sentence, edited"))
    with layout.mistakes():
        first, second = cached.prediction(name, text, pair), cached.prediction(name, other, pair)
        st.plotly_chart(
            predictions_figures.label_probabilities(
                {_("the sentence"): first.probabilities, _("edited"): second.probabilities}, text=_
            ),
            config=CHART,
            key="bars_texts",
            alt=_("Probabilities of both sentences: {first}, then {second}").format(
                first=first.label, second=second.label
            ),
        )
        change = 100 * (second.probabilities[first.label] - first.probability)
        if text == other:
            st.info(_("Both are the same. Change a word in the second one and watch the bars."))
        elif first.label == second.label:
            st.markdown(
                _("The answer stays **{label}**; its probability changes by {change:+.1f} percentage points.").format(
                    label=layout.plain(first.label), change=change
                )
            )
        else:
            st.markdown(
                _(
                    "The answer turns from **{first}** to **{second}**: the probability of the first changes by {change:+.1f} percentage points."
                ).format(first=layout.plain(first.label), second=layout.plain(second.label), change=change)
            )
        notes(name, other, pair, second)
    experiments(name)
    layout.show_code(snippets.predict(name, other, pair, cached.predictor(name).max_length))


def two_models(name: str, titles: dict[str, str], text: str, pair: str) -> None:
    others = {other: title for other, title in titles.items() if other != name}
    if inputs.get("other_model") in (
        name,
        *models.MODELS,
    ):  # of those that are only pre-trained, Attention may have chosen one
        inputs.put("other_model", "")
    if not others and not inputs.get("other_model"):
        st.info(
            _(
                "There is only one classifier so far. Train another one, with other data, settings or a smaller model, or type the name of a classifier on the hub."
            )
        )
        st.page_link("pages/finetune.py", label=_("Fine-tune another model"), icon=":material/model_training:")
    other = inputs.other_model("playground", others, label=_("Compare with"))
    answers = []
    for number, (column, model) in enumerate(zip(st.columns(2, gap="large"), (name, other), strict=True)):
        with column, layout.mistakes():
            if not model:
                continue
            with st.spinner(_("Loading the model…"), show_time=True):
                prediction = cached.prediction(model, text, pair)
            st.markdown("**" + layout.plain(short_title(model, titles)) + "**")
            say(prediction)
            bars(prediction, key=f"bars_{number}")
            milliseconds, repeats = cached.latency(model, text, pair)
            parameters = cached.predictor(model).model.num_parameters() / 1e6
            st.caption(
                _("{parameters:.1f} M parameters · {milliseconds:.1f} ms per prediction (median of {repeats})").format(
                    parameters=parameters, milliseconds=milliseconds, repeats=repeats
                )
            )
            notes(model, text, pair, prediction)
            answers.append(prediction)
    if len(answers) == 2:
        first, second = answers
        st.markdown(
            _("Both say **{label}**.").format(label=layout.plain(first.label))
            if first.label == second.label
            else _("They disagree: **{first}** or **{second}**.").format(
                first=layout.plain(first.label), second=layout.plain(second.label)
            )
        )
    experiments(name)
    layout.show_code(
        "\n\n".join(
            snippets.predict(model, text, pair, cached.predictor(model).max_length)
            for model in (name, other)
            if model and (model == name or len(answers) == 2)
        )
    )


def _keep_pasted() -> None:
    st.session_state["bulk_text"] = st.session_state["bulk_text_widget"]


def _fill_examples() -> None:
    st.session_state["bulk_text"] = "\n".join(EXAMPLES)


def pasted(name: str, titles: Mapping[str, str]) -> bulk.Job:
    """A job over what was pasted, one text a line. Raises UserError when nothing was."""
    lines = str(st.session_state.get("bulk_text", "")).splitlines()
    run = run_of(name)
    if run is not None and run.config.task == "pair-classification":
        parts = [line.partition("\t") for line in lines]
        return bulk.create(name, short_title(name, titles), [p[0] for p in parts], [p[2] for p in parts])
    return bulk.create(name, short_title(name, titles), lines)


def read_upload(upload: st.runtime.uploaded_file_manager.UploadedFile) -> tables.Table:
    """The uploaded file as a table, kept for this visitor until another one comes. Raises UserError when it is unreadable."""
    kept = st.session_state.get("bulk_table")
    if kept is None or kept[0] != upload.file_id:
        name = "".join(c for c in upload.name if c.isprintable() and c not in "/\\")[-100:]
        with tempfile.TemporaryDirectory() as folder, st.spinner(_("Reading the file…"), show_time=True):
            path = Path(folder) / name
            path.write_bytes(upload.getvalue())
            kept = (upload.file_id, tables.read_table(path))
        st.session_state["bulk_table"] = kept
    return kept[1]


def from_file(name: str, titles: Mapping[str, str]) -> bulk.Job | None:
    """A job over a file's rows once it and its columns are chosen, else None."""
    limit = settings.MAX_UPLOAD_MB.value()
    upload = st.file_uploader(
        _("A file with one text a row"),
        type=[suffix.removeprefix(".") for suffix in tables.SUFFIXES],
        max_upload_size=limit,
        key="bulk_file",
        help=_("Its encoding, delimiter and columns are found out. It is read here and not kept."),
    )
    if upload is None:
        return None
    frame = read_upload(upload).frame
    run = run_of(name)
    task = run.config.task if run is not None else "text-classification"
    roles = data.guess_columns(frame, "text-classification", need_label=False)
    columns = [str(column) for column in frame.columns]
    is_pair = task == "pair-classification"
    left, *middle, right = st.columns(3 if is_pair else 2)
    text_column = left.selectbox(
        _("Text column"), columns, columns.index(roles["text"]), key=f"bulk_text_column@{upload.file_id}"
    )
    rest = [column for column in columns if column != text_column]
    pair_column = ""
    if is_pair:
        pair_column = middle[0].selectbox(
            _("Second text column"), rest or [""], key=f"bulk_pair_column@{upload.file_id}"
        )
        rest = [column for column in rest if column != pair_column]
        if not pair_column:
            raise UserError("this model reads pairs of texts; the file has one column only")
    guess = bulk.guess_truth(frame, [text_column, pair_column], cached.predictor(name).labels)
    truth_column = right.selectbox(
        _("Label column (optional)"),
        ["", *rest],
        ["", *rest].index(guess),
        format_func=lambda column: column or _("none: predict only"),
        key=f"bulk_label_column@{upload.file_id}@{name}",
        help=_("With labels, the page also says how many answers are right."),
    )
    data.guess_columns(frame, "text-classification", text_column=text_column, need_label=False)
    for column in filter(None, (pair_column, truth_column)):
        data.guess_columns(frame, "text-classification", text_column=column, need_label=False)
    st.caption(_("{rows:,} rows in {file}").format(rows=len(frame), file=layout.plain(upload.name)))
    return bulk.create(
        name,
        short_title(name, titles),
        frame[text_column].tolist(),
        frame[pair_column].tolist() if pair_column else None,
        frame[truth_column].tolist() if truth_column else None,
    )


def _begin(job: bulk.Job) -> None:
    st.session_state["bulk_job"] = job


def _cancel() -> None:
    st.session_state["bulk_job"].cancelled = True


def _discard() -> None:
    st.session_state.pop("bulk_job", None)


def many_texts(name: str, titles: Mapping[str, str]) -> None:
    source = st.segmented_control(
        _("Where the texts come from"),
        ["paste", "file"],
        default="paste",
        format_func={"paste": _("Paste"), "file": _("Upload a file")}.__getitem__,
        required=True,
        key="bulk_source",
        label_visibility="collapsed",
    )
    job: bulk.Job | None = st.session_state.get("bulk_job")
    running = job is not None and job.running
    ready: bulk.Job | None = None
    with layout.mistakes():
        if source == "paste":
            st.session_state["bulk_text_widget"] = st.session_state.get("bulk_text", "")
            run = run_of(name)
            st.text_area(
                _("One text per line")
                if run is None or run.config.task != "pair-classification"
                else _("One pair per line, its two texts separated by a tab"),
                height=170,
                key="bulk_text_widget",
                on_change=_keep_pasted,
                placeholder=EXAMPLES[0],
            )
            if st.session_state.get("bulk_text", "").strip():
                ready = pasted(name, titles)
            else:
                st.button(_("Fill in examples"), on_click=_fill_examples, icon=":material/edit_note:")
        else:
            ready = from_file(name, titles)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Predict {count:,} texts").format(count=len(ready.texts)) if ready else _("Predict"),
            type="primary",
            disabled=ready is None or running,
            on_click=_begin,
            args=(ready,),
            icon=":material/play_arrow:",
        )
        st.caption(
            _("At most {limit:,} texts at a time (the setting {setting}).").format(
                limit=settings.MAX_BULK.value(), setting=layout.plain(settings.MAX_BULK.name)
            ),
            width="content",
        )
    if ready and (ready.empty or ready.beyond):
        left_out(ready)
    place = st.container()
    if ready:
        layout.show_code(
            snippets.predict(
                name, ready.texts[0], ready.pairs[0] if ready.pairs else "", cached.predictor(name).max_length
            )
        )
    if job is not None:
        with place, layout.mistakes():
            follow(job)


def left_out(job: bulk.Job) -> None:
    """What of the source will not be predicted, and why."""
    if job.empty:
        st.caption(_("Rows without text, left out: {count:,}").format(count=job.empty))
    if job.beyond:
        st.warning(
            _("Only the first {limit:,} texts are predicted; {beyond:,} more are left out.").format(
                limit=len(job.texts), beyond=job.beyond
            )
        )


def follow(job: bulk.Job) -> None:
    """Work on a job while drawing its progress; then show what came out."""
    if job.running:
        predictor = cached.predictor(job.model)
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(0.0, text=progress_text(job))
            st.button(_("Cancel"), on_click=_cancel, icon=":material/stop_circle:", key="bulk_cancel")
        for _step in bulk.work(job, predictor):
            bar.progress(len(job.predictions) / len(job.texts), text=progress_text(job))
        st.rerun()
    results(job)


def progress_text(job: bulk.Job) -> str:
    done = _("{done:,} of {total:,} texts").format(done=len(job.predictions), total=len(job.texts))
    if not job.rate:
        return done
    minutes, seconds = divmod(round(job.seconds_left), 60)
    return (
        f"{done} · "
        + _("{rate:,.0f} texts/s").format(rate=job.rate)
        + " · "
        + _("about {minutes}:{seconds:02d} left").format(minutes=minutes, seconds=seconds)
    )


def results(job: bulk.Job) -> None:
    """The table of a finished or cancelled job, how right it is, and the download."""
    count = len(job.predictions)
    if job.cancelled:
        st.warning(
            _("Cancelled after {done:,} of {total:,} texts. What was predicted by then is kept.").format(
                done=count, total=len(job.texts)
            )
        )
    else:
        st.success(
            _("{count:,} texts in {seconds:.1f} s, {rate:,.0f} per second, by {model}").format(
                count=count, seconds=job.seconds, rate=job.rate, model=layout.plain(job.title)
            ),
            icon=":material/check:",
        )
    if not count:
        st.button(_("Discard"), on_click=_discard)
        return
    labels = tuple(job.predictions[0].probabilities)
    with layout.mistakes():
        evaluation = bulk.evaluation(job, labels)
        if evaluation is not None:
            first, second, third = st.columns(3)
            first.metric(
                _("Accuracy"),
                f"{evaluation.accuracy.value:.3f}",
                help=_(
                    "95 % interval {low:.3f}–{high:.3f}; always answering the most frequent label gives {majority:.3f}."
                ).format(low=evaluation.accuracy.low, high=evaluation.accuracy.high, majority=evaluation.majority),
            )
            second.metric(
                _("Macro-F1"),
                f"{evaluation.macro_f1.value:.3f}",
                help=_("95 % interval {low:.3f}–{high:.3f}.").format(
                    low=evaluation.macro_f1.low, high=evaluation.macro_f1.high
                ),
            )
            third.metric(_("Texts with a label"), f"{evaluation.n:,}")
            st.caption(
                _("95 % interval of the accuracy: {low:.3f}–{high:.3f}, measured on these {n:,} texts.").format(
                    low=evaluation.accuracy.low, high=evaluation.accuracy.high, n=evaluation.n
                )
            )
    table = bulk.table(job)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            column: st.column_config.NumberColumn(format="%.4f")
            for column in table.columns
            if pd.api.types.is_float_dtype(table[column])
        },
        alt=_("Every text with the label predicted for it and the probability of each label"),
    )
    cut = sum(answer.cut for answer in job.predictions)
    if cut:
        st.caption(
            _("{count:,} texts were longer than the model reads; their end was cut (column “Cut”).").format(count=cut)
        )
    with st.container(horizontal=True):
        st.download_button(
            _("Download as CSV"),
            bulk.download(job),
            file_name="predictions.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.button(_("Discard"), on_click=_discard)


def experiments(name: str) -> None:
    """Prepared experiments; one of them is a text that this very model got wrong."""
    english = {"pair": "", "view": "one"}
    rows = [
        layout.Experiment(
            _("“Not bad at all”"),
            _(
                "Two negative words that praise together. If “bad” alone decides, the model counts words; if “not” turns it, the "
                "model reads them together. Look at the marks below both."
            ),
            {"text": "Not bad at all.", **english},
        ),
        layout.Experiment(
            _("One “not” more"),
            _(
                "The two sentences differ in one word that turns their meaning round. A model that has understood it turns its answer; "
                "one that goes by “good” does not."
            ),
            {"text": "The film is good.", "other_text": "The film is not good.", "pair": "", "view": "texts"},
        ),
        layout.Experiment(
            _("Sarcasm"),
            _(
                "Every word is friendly, the sentence is not. Nothing in the text itself says so, and small models mostly take it at its word."
            ),
            {"text": "Great, another two hours of my life that nobody will give back to me.", **english},
        ),
        layout.Experiment(
            _("Chinese for an English model"),
            _(
                "High praise, in characters that an English vocabulary hardly has. The model still answers, and often surely: it has "
                "no way to say “I cannot read this”. The Tokens page shows what little it reads."
            ),
            {"text": "这部电影真好看，演员演得太棒了。", **english},
        ),
    ]
    run = run_of(name)
    report = cached.run_report(run.id) if run else None
    if report and report.test and report.test.mistakes:
        mistake = report.test.mistakes[0]
        rows.insert(
            3,
            layout.Experiment(
                _("A sentence it gets wrong"),
                _(
                    "From the test split, which this model never saw: the label there is **{true}**, the model says **{predicted}** and is "
                    "{confidence:.1%} sure. A high probability is no promise. Which words led it astray? Or is the label wrong?"
                ).format(
                    true=layout.plain(mistake.true),
                    predicted=layout.plain(mistake.predicted),
                    confidence=mistake.confidence,
                ),
                {"text": mistake.text, "pair": mistake.pair, "view": "one"},
            ),
        )
    layout.experiments("playground", rows)


with layout.page(
    _("Playground"),
    _(
        "Ask a trained model about your own sentences: how sure it is, which words it goes by, what it said before it was trained, "
        "and what another model says."
    ),
):
    st.html(STYLE)
    left, right = st.columns([2, 3])
    with left:
        model, titles = choose_model()
    views = {"one": _("One text"), "texts": _("Two texts"), "models": _("Two models"), "many": _("Many texts")}
    many = bool(model) and inputs.settle_view("playground", views) == "many"
    with right:
        text = "" if many else inputs.sentence("playground")
        pair = "" if many else inputs.pair("playground")
    if not model:
        nothing_trained()
    else:
        view = inputs.view("playground", views, label=_("What to try"))
        if view == "one":
            one_text(model, titles, text, pair)
        elif view == "texts":
            two_texts(model, text, pair)
        elif view == "models":
            two_models(model, titles, text, pair)
        else:
            many_texts(model, titles)
