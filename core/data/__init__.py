"""Datasets: columns, labels, splits, report. What the parts know is said in each of them."""

# re-exported until the callers name the modules
from core.data.bundled import ARTICLE, DATASETS
from core.data.clean import NO_LABEL
from core.data.columns import guess_columns
from core.data.dataset import TextDataset
from core.data.load import load, token_lengths

__all__ = ["ARTICLE", "DATASETS", "NO_LABEL", "TextDataset", "guess_columns", "load", "token_lengths"]
