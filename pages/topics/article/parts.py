"""What every piece of evidence is drawn with: the model that the claims are about, and a few numbers beside each other."""

import streamlit as st

MODEL = "minilm"  # the claims are about BERT: every number here is that of the bundled one


def facts(rows: list[tuple[str, str]]) -> None:
    """A few numbers beside each other."""
    for column, (name, value) in zip(st.columns(len(rows)), rows, strict=True):
        column.metric(name, value)


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}%"
