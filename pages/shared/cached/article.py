"""The tutorial's experiments, on the bundled model."""

from core import article
from pages.shared.cached.models import encoder, tokenizer
from pages.shared.cached.store import kept


@kept
def repetition(
    seed: int, epochs: int, batch_size: int, learning_rate: float, optimizer: article.Optimizer
) -> article.Repetitions:
    """The tutorial's experiment with one seed, on the bundled model."""
    return article.repeat(
        tokenizer("minilm", -2), (seed,), epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, optimizer=optimizer
    )  # fmt: skip


@kept
def drift(steps: int) -> tuple[article.Drift, ...]:
    """What each optimiser does to the bundled model's word embeddings."""
    return article.optimizers(encoder("minilm"), tokenizer("minilm", -2), steps=steps)


@kept
def corruption(texts: tuple[str, ...], seed: int) -> article.Corruption:
    """The masking of pre-training on some texts, counted with the bundled vocabulary."""
    return article.corruption(tokenizer("minilm", 128), texts, seed=seed)


@kept
def direction(beginning: str, ends: tuple[str, str]) -> article.Direction:
    """Whether the bundled model's vectors depend on what comes later."""
    return article.direction(encoder("minilm"), tokenizer("minilm", 0), beginning, ends)


@kept
def output_of(code: str) -> tuple[str, bool]:
    """What a snippet of the tutorial's prints, and whether it fails."""
    return article.output_of(code)


@kept
def pace(tokens: int) -> article.Pace:
    """How fast the bundled model reads a text of so many tokens on this machine."""
    return article.pace(encoder("minilm"), tokenizer("minilm", 0), tokens)
