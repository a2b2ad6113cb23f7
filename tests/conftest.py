"""What every test shares: a studio home of its own, no network, tiny models made on the spot, a browser where there is one."""

import os
import socket
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import Browser
from streamlit.components.v2 import manifest_scanner
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

from core import multilingual
from tests.browser import driver

torch.set_num_threads(1)  # tiny models are quicker on one thread, and leave the other core to a second worker

# The same few examples in every run, whatever ran before: a test that fails, fails everywhere.
settings.register_profile("studio", derandomize=True, max_examples=20, deadline=None, database=None)
settings.load_profile("studio")

WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] i love hate eating drinking pizza coffee the film was good bad great awful boring a an "
    "very not and plot acting ##ing ##s ##ed play walk , . ! 我 爱 好 坏 电 影"
).split()


BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser: the tests of tests/browser, and those elsewhere that ask for the `browser` fixture."""
    for item in items:
        if BROWSER_TESTS in item.path.parents or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a browser, a test that needs one is skipped before its app starts; REQUIRE_BROWSER=1 makes it fail instead."""
    if item.get_closest_marker("browser") and driver.this_browser() is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(driver.NO_BROWSER, pytrace=False)
        pytest.skip(driver.NO_BROWSER)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running browser for the tests outside tests/browser, which open their own pages in it."""
    with driver.chromium() as running:
        yield running


@pytest.fixture(autouse=True)
def studio_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """STUDIO_HOME in a folder of the test's own, and a hub that is never asked."""
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "studio"))
    monkeypatch.setenv("STUDIO_HUB", "off")
    return tmp_path / "studio"


@pytest.fixture(autouse=True)
def everything_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest has no screen: what a page makes when it comes into sight or is opened is made at once."""
    monkeypatch.setattr("pages.shared.sight.reached", lambda name, wanted: True)
    monkeypatch.setattr("pages.shared.layout.opened", lambda part: True)


@pytest.fixture(autouse=True)
def without_multilingual(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of the multilingual model looks as if it were not installed: making the model takes seconds in every new home."""
    monkeypatch.setattr(multilingual, "package_file", lambda: None)


# Cached functions whose results stay from one test to the next: loaded tokenizers, read data, and what takes a second or more. Nobody may
# change them, and each is kept under all that it depends on: the model's name, the time at which its files were written, the texts.
LONG = frozenset(
    "_tokenizer _loaded_tokenizer _dataset _sentence_vectors _atlas _ablation _opened _outcome _refusal _threshold _read _quality".split()
)


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """What one test's pages cached is gone before the next, but for LONG."""
    yield
    if "pages.shared.cached.store" in sys.modules:
        sys.modules["pages.shared.cached.store"].forget(lambda name: name not in LONG)
    if "pages.shared.cached.visitors" in sys.modules:
        sys.modules["pages.shared.cached.visitors"].attempts.clear()


@pytest.fixture(autouse=True, scope="session")
def one_scan_for_components() -> Iterator[None]:
    """AppTest looks through every installed package for components whenever it runs a page; once will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that would leave the machine fails the test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise AssertionError(f"a test tried to reach {address}")
        real(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A BERT tokenizer over WORDS."""
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def make_config(**options: object) -> BertConfig:
    """Two layers, two heads, hidden size 32, 64 positions."""
    return BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a random BertModel and its tokenizer."""
    folder = tmp_path_factory.mktemp("tiny-bert")
    torch.manual_seed(0)
    BertModel(make_config()).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    yield folder


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a random two-class BertForSequenceClassification (labels bad, good) and its tokenizer."""
    folder = tmp_path_factory.mktemp("tiny-classifier")
    torch.manual_seed(0)
    config = make_config(id2label={0: "bad", 1: "good"}, label2id={"bad": 0, "good": 1})
    BertForSequenceClassification(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    yield folder
