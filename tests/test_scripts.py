"""core.scripts, and the model to begin with: told by the letters of the text."""

import pytest

from core import models, multilingual
from core.scripts import is_chinese, is_unspaced, mostly_latin


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("I love eating pizza", True),
        ("Résumé und Straße", True),
        ("", True),
        ("12 + 30 = 42 🙂", True),
        ("我爱吃披萨", False),
        ("我爱 BERT", True),
        ("我很喜欢 BERT", True),
        ("我真的很喜欢 BERT", False),
        ("Привет", False),
        ("ภาษาไทย", False),
    ],
)
def test_most_letters_decide(text: str, latin: bool) -> None:
    assert mostly_latin([text]) is latin


def test_several_texts_are_counted_together() -> None:
    assert mostly_latin(["a" * 10, "我爱"]) and not mostly_latin(["ab", "我爱吃披萨"])
    assert mostly_latin(["a" * 10, "我" * 9]) and not mostly_latin(["a" * 10, "我" * 11])


def test_chinese_characters() -> None:
    assert is_chinese("我") and not is_chinese("か") and not is_chinese("A") and not is_chinese("，")


def test_scripts_without_spaces_between_words() -> None:
    assert all(map(is_unspaced, "我かカｶไລམမខ豈𠀀")) and not any(map(is_unspaced, "aéЖ한ع 1,。"))


def test_the_model_to_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    assert models.default(["我爱吃披萨"]) == "minilm", "the package is not installed here"
    monkeypatch.setattr(multilingual, "available", lambda: True)
    monkeypatch.setattr(models, "availability", lambda name: "here")
    assert models.default(["我爱吃披萨"]) == "multilingual-e5-small"
    assert models.default(["I love eating pizza"]) == models.default([]) == "minilm"
