"""Attention maps made for drawing, and what a drawn figure hands to the browser."""

import base64
import json

import numpy as np
import plotly

from core.results import AttentionMaps, Token, Tokens


def make_maps(
    texts: tuple[str, ...], *, layers: int = 2, heads: int = 3, pair_from: int | None = None, even: bool = False
) -> AttentionMaps:
    """Random rows that sum to 1."""
    tokens = tuple(
        Token(text, i, "word", 0, 1, int(pair_from is not None and i >= pair_from), 0, 0, i, True)
        for i, text in enumerate(texts)
    )
    size = len(texts)
    scores = np.random.default_rng(0).normal(scale=0 if even else 2, size=(layers, heads, size, size))
    weights = np.exp(scores)
    weights = (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)
    made = Tokens("m", "", "b" if pair_from else "", tokens, 512, "", "", 1)
    return AttentionMaps(made, weights, tuple(range(layers)))


def values(figure: object) -> np.ndarray:
    """The heat map's matrix as the browser gets it."""
    z = json.loads(plotly.io.to_json(figure))["data"][0]["z"]
    shape = [int(n) for n in z["shape"].split(",")]
    return np.frombuffer(base64.b64decode(z["bdata"]), dtype=np.dtype(z["dtype"])).reshape(shape)


def maps_of(weights: list[list[float]], texts: str, pair_from: int | None = None) -> AttentionMaps:
    """One layer, one head, over tokens of which those in brackets are special."""
    tokens = tuple(
        Token(
            text=text,
            id=i,
            kind="special" if text.startswith("[") else "word",
            start=None if text.startswith("[") else i,
            end=None if text.startswith("[") else i + 1,
            source=None if text.startswith("[") else int(pair_from is not None and i >= pair_from),
            word=None if text.startswith("[") else i,
            segment=0,
            position=i,
            attended=True,
        )
        for i, text in enumerate(texts.split())
    )
    made = Tokens(model="", text=texts, pair="", tokens=tokens, max_length=64, cut="", cut_pair="", words=0)
    return AttentionMaps(made, np.array([[weights]], dtype=np.float32), (0,))
