"""One text, two classifiers."""

import streamlit as st

from pages.shared import cached, inputs, layout
from pages.shared.i18n import _
from pages.shared.snippets import playground as snippets
from pages.topics.playground import experiments
from pages.topics.playground.answer import bars, notes, say
from pages.topics.playground.classifier import short_title


def show(name: str, titles: dict[str, str], text: str, pair: str) -> None:
    others = {other: title for other, title in titles.items() if other != name}
    if inputs.get("other_classifier") == name:
        inputs.put("other_classifier", "")
    if not others and not inputs.get("other_classifier"):
        st.info(
            _(
                "There is only one classifier so far. Train another one, with other data, settings or a smaller model, or type the name of a classifier on the hub."
            )
        )
        st.page_link("pages/finetune.py", label=_("Fine-tune another model"), icon=":material/model_training:")
    other = inputs.other_model("playground", others, label=_("Compare with"), name="other_classifier")
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
    layout.experiments("playground", experiments.rows(name))
    layout.show_code(
        "\n\n".join(
            snippets.predict(model, text, pair, cached.predictor(model).max_length)
            for model in (name, other)
            if model and (model == name or len(answers) == 2)
        )
    )
