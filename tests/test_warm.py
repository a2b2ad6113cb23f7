"""The early start: what the first visitor would wait for is loaded before."""

import asyncio
from threading import Event, Thread, get_ident
from time import sleep

import pytest

from core import models, settings
from pages.shared import i18n, libraries, memory, server, warm
from pages.shared.cached import encoder
from pages.shared.opening import OPENINGS
from tests.pages_common import check, open_page


def test_what_most_pages_begin_with_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    warm.load(Event())
    for name in ("load", "load_encoder"):
        monkeypatch.setattr(models, name, lambda *args, **options: pytest.fail("it is loaded"))
    assert encoder.vectors("minilm", OPENINGS["en"]["text"], max_length=12).shape == (12, 384)


def test_the_multilingual_model_is_loaded_once_a_page_was_opened_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, seen = [], Event()
    monkeypatch.setattr(warm, "load", lambda over: None)
    monkeypatch.setattr(warm, "load_further", lambda language, over: (loaded.append(language), seen.set()))
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    i18n.spoken().clear()

    async def lives() -> bool:
        async with server.lifespan(None):
            await asyncio.sleep(0.1)
            assert not loaded, "a studio without Chinese pages does without"
            for _page in range(2):
                await asyncio.to_thread(check, await asyncio.to_thread(open_page, "article", lang="zh"))
            return await asyncio.to_thread(seen.wait, 10)

    assert asyncio.run(lives())
    assert loaded == ["zh"]


def test_pages_in_another_language_wait_for_nothing_more_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(models, "default", lambda texts: "minilm" if texts[0].isascii() else models.MULTILINGUAL)
    monkeypatch.setattr(warm.cached_tokens, "tokens", lambda name, text: asked.append(("tokens", name)))
    monkeypatch.setattr(warm.encoder, "vectors", lambda name, text, **options: asked.append(("vectors", name)))
    monkeypatch.setattr(warm.search, "vector", lambda name, text: asked.append(("search", name)))
    warm.load_further("en", Event())
    assert not asked
    warm.load_further("zh", Event())
    assert asked == [(step, models.MULTILINGUAL) for step in ("tokens", "vectors", "search")]


def test_without_the_multilingual_model_nothing_further_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm.encoder, "vectors", lambda *args, **options: pytest.fail("it was loaded"))
    warm.load_further("zh", Event())


def test_a_wrong_setting_does_not_end_the_early_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.MEMORY_MB.name, "much")
    warm.load(Event())


def test_the_server_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = Event(), Event()
    monkeypatch.setattr(warm, "load", lambda over: (begun.set(), go_on.wait(10)))

    async def starts() -> bool:
        async with server.lifespan(None):
            answers = await asyncio.to_thread(begun.wait, 10)
            go_on.set()
            return answers

    assert asyncio.run(starts())


def test_a_server_that_ends_waits_for_the_step_that_it_is_at_and_begins_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    begun = Event()

    def step(name: str) -> None:
        begun.set()
        sleep(0.2)
        done.append(name)

    monkeypatch.setattr(warm.cached_tokens, "tokens", lambda *args, **options: step("tokens"))
    monkeypatch.setattr(warm.encoder, "vectors", lambda *args, **options: step("vectors"))

    async def ends_early() -> None:
        async with server.lifespan(None):
            await asyncio.to_thread(begun.wait, 10)

    asyncio.run(ends_early())
    assert done == ["tokens"]


def test_the_server_is_tidied_up_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    swept, seen = [], Event()
    monkeypatch.setattr(warm, "load", lambda over: None)
    monkeypatch.setattr(server, "TIDY_SECONDS", 0.01)
    monkeypatch.setattr(memory, "sweep", lambda: (swept.append(1), seen.set()))

    async def lives() -> bool:
        async with server.lifespan(None):
            return await asyncio.to_thread(seen.wait, 10)

    assert asyncio.run(lives())
    Event().wait(0.1)
    many = len(swept)
    Event().wait(0.1)
    assert len(swept) == many


def test_the_libraries_are_imported_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = set(), []

    def imported(name: str) -> None:
        at_once.add(get_ident())
        most.append(len(at_once))
        sleep(0.01)
        at_once.discard(get_ident())

    monkeypatch.setattr(libraries, "import_module", imported)
    monkeypatch.setattr(libraries, "_loaded", Event())
    threads = [Thread(target=libraries.load) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert libraries.are_loaded()
