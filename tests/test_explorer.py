"""The attention explorer's data: the same weights as the library's, in bytes, and few of them; and its page and file."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from playwright.sync_api import Browser
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import attention, html, models
from core.attention import Atlas
from core.errors import UserError
from core.figures.style import DIVERGING, SEQUENTIAL
from core.results import Token, Tokens
from pages.shared.components import FOLDER, script
from pages.topics.attention import explorer
from tests.pages_common import LANGUAGES, check, open_page

SCRIPT = script("attention_explorer")
SCALES = "".join(f"--st-chart-{name}-colors: {','.join(scale.light)};" for name, scale in (("sequential", SEQUENTIAL), ("diverging", DIVERGING)))  # fmt: skip
STYLE = (FOLDER / "attention_explorer.css").read_text(encoding="utf-8")
HOSTILE = (
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "x" * 10_000,
    "\u202eabc",
    "`${1}`",
)


def make_atlas(texts: tuple[str, ...], *, layers: int = 2, heads: int = 2, pair_from: int | None = None) -> Atlas:
    """Random maps of given tokens; [CLS], [SEP] and [MASK] are special."""
    tokens = tuple(
        Token(text, i, "special" if text in ("[CLS]", "[SEP]") else "word", 0, 1, int(pair_from is not None and i >= pair_from), 0, 0, i, True)
        for i, text in enumerate(texts)
    )  # fmt: skip
    count = layers * (heads + 1) + 1
    random = np.random.default_rng(0)
    maps = random.integers(0, 256, size=(count, len(texts), len(texts)), dtype=np.uint8)
    made = Tokens("m", "", "b" if pair_from else "", tokens, 512, "", "", 1)
    return Atlas(made, maps, random.random(count, dtype=np.float32), layers, heads)


def _tiny(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    return (
        models.load_encoder(str(folder), attention="eager", allow_path=True),
        models.load_tokenizer(str(folder), allow_path=True),
    )


def read(payload: bytes) -> tuple[dict[str, Any], bytes]:
    """A payload's header and what follows it."""
    length = int.from_bytes(payload[:4], "little")
    return json.loads(payload[4 : 4 + length]), payload[4 + length :]


def test_atlas_holds_the_librarys_weights(tiny_bert: Path) -> None:
    model, tokenizer = _tiny(tiny_bert)
    maps = attention.attend(model, tokenizer, "the film was good", "i love pizza")
    atlas = attention.atlas(model, tokenizer, "the film was good", "i love pizza")
    assert atlas.maps.shape == (2 * 3 + 1, 10, 10)
    assert atlas.changes is None
    again = attention.atlas_of(maps)  # without reading the text once more
    np.testing.assert_array_equal(again.maps, atlas.maps)
    np.testing.assert_array_equal(again.peaks, atlas.peaks)
    found = atlas.maps / 255 * atlas.peaks[:, None, None]
    expected = [
        *maps.weights[0],
        maps.weights[0].mean(0),
        *maps.weights[1],
        maps.weights[1].mean(0),
        maps.weights.mean((0, 1)),
    ]
    for map_, true, peak in zip(found, expected, atlas.peaks, strict=True):
        assert np.abs(map_ - true).max() <= peak / 510 + 1e-6
    assert atlas.index(1, 1) == 4
    assert atlas.index(1, None) == 5


def test_masking_says_how_much_moved(tiny_bert: Path) -> None:
    model, tokenizer = _tiny(tiny_bert)
    before = attention.attend(model, tokenizer, "the film was good").weights
    after = attention.attend(model, tokenizer, "the [MASK] was good").weights
    atlas = attention.atlas(model, tokenizer, "the film was good", mask=(2,))
    assert atlas.masked == (2,)
    assert atlas.tokens.texts[2] == "[MASK]"
    assert atlas.changes is not None
    moved = np.abs(after - before).sum(-1).mean(-1) / 2
    np.testing.assert_allclose(atlas.changes[[0, 1, 3, 4]], moved.ravel(), atol=1e-3)
    np.testing.assert_allclose(atlas.changes[-1], np.abs((after - before).mean((0, 1))).sum(-1).mean() / 2, atol=1e-3)
    with pytest.raises(UserError, match="no token at position 9"):
        attention.atlas(model, tokenizer, "the film was good", mask=(9,))


def test_payload_points_at_the_weights() -> None:
    atlas = make_atlas(("[CLS]", "a", "b", "[SEP]", "c", "[SEP]"), pair_from=4)
    head, body = read(html.explorer_payload(atlas, chosen=1, full=(1, 2), document="d", view="a-b"))
    assert (head["id"], head["chosen"], head["rows"], head["columns"]) == ("d", 1, [0, 1, 2, 3], [4, 5])
    assert head["labels"] == ["[CLS]", "a", "b", "[SEP]", "c", "[SEP]"]
    assert head["maskable"] == [False, True, True, False, True, False]
    assert [map_["index"] for map_ in head["maps"]] == [1, 2]
    for map_ in head["maps"]:
        sent = np.frombuffer(body, np.uint8, 8, map_["offset"]).reshape(4, 2)
        assert (sent == atlas.maps[map_["index"], :4, 4:]).all()
        assert map_["peak"] == pytest.approx(atlas.peaks[map_["index"]])
    assert head["tiles"]["rows"] == [0, 1, 2, 3]
    assert (np.frombuffer(body, np.uint8, 7 * 8).reshape(7, 4, 2) == atlas.maps[:, :4, 4:]).all()
    assert read(html.explorer_payload(atlas, chosen=1, full=(1,), tiles=False))[0]["tiles"] is None
    with pytest.raises(UserError, match="only one text"):
        html.explorer_payload(make_atlas(("a",)), chosen=0, full=(), view="a-b")


def test_small_maps_show_the_largest_weight_of_a_block() -> None:
    atlas = make_atlas(("[CLS]", *("word",) * 98, "[SEP]"))
    head, body = read(html.explorer_payload(atlas, chosen=0, full=(0,)))
    rows, columns = head["tiles"]["rows"], head["tiles"]["columns"]
    assert rows[:3] == [0, 1, 5]
    assert rows[-1] == 99
    assert len(rows) <= 32
    assert head["block"] == 4
    tile = np.frombuffer(body, np.uint8, len(rows) * len(columns)).reshape(len(rows), len(columns))
    for i, (top, bottom) in enumerate(zip(rows, [*rows[1:], 100], strict=True)):
        for j, (left, right) in enumerate(zip(columns, [*columns[1:], 100], strict=True)):
            assert tile[i, j] == atlas.maps[0, top:bottom, left:right].max()
    head, _ = read(html.explorer_payload(make_atlas(("[SEP]", "word") * 50), chosen=0, full=(0,)))
    assert head["tiles"]["rows"] == list(range(0, 100, 4))


def test_the_first_view_is_small() -> None:
    long = make_atlas(("[CLS]", *("word",) * 126, "[SEP]"), layers=12, heads=12)
    full = [long.index(5, 5), *explorer._neighbours(long.index(5, 5), 12, 12, 128 * 128, explorer.FIRST)]
    payload = html.explorer_payload(long, chosen=long.index(5, 5), full=full)
    assert 180_000 < len(payload) + len(SCRIPT.encode()) + len(STYLE.encode()) < 300_000
    assert len(html.explorer_payload(long, chosen=3, full=(3,), tiles=False)) < 25_000


def test_neighbours_are_those_of_the_arrow_keys() -> None:
    assert explorer._neighbours(0, 2, 3, 10, 1000) == [1, 4]
    assert explorer._neighbours(5, 2, 3, 10, 1000) == [6, 4, 1]
    assert explorer._neighbours(5, 2, 3, 10, 25) == [6, 4]
    assert explorer._neighbours(8, 2, 3, 10, 1000) == [4]  # from the mean of all, at the bottom


def test_a_file_holds_as_many_heads_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    atlas = make_atlas(tuple("abcdefgh"))

    def held(most: int) -> list[int]:
        monkeypatch.setattr(html, "MOST_IN_FILE", most)
        document = html.explorer_document(atlas, script=SCRIPT, style=STYLE, chosen=4)
        found = re.search(r'atob\("([^"]+)"\)', document)
        assert found
        head, _ = read(base64.b64decode(found[1]))
        assert head["offline"]
        assert head["tiles"]
        return sorted(map_["index"] for map_ in head["maps"])

    assert held(1000) == [0, 1, 2, 3, 4, 5, 6]
    assert held(200) == [3, 4, 5]
    assert held(100) == [4]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_file_works_offline_and_tokens_stay_text(browser: Browser, tmp_path: Path, scheme: str) -> None:
    atlas = make_atlas(("[CLS]", *HOSTILE, "[SEP]"))
    file = tmp_path / "explorer.html"
    file.write_text(html.explorer_document(atlas, script=SCRIPT, style=STYLE, chosen=0), encoding="utf-8")
    complaints: list[str] = []
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            complaints.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None
        ),
    )
    page.goto(file.as_uri())
    page.wait_for_function("document.querySelector('canvas.large').height > 200")
    page.locator("canvas.large").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.locator(".explorer caption", has_text="<img src=x onerror=window.hacked=1> (2) looks at").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    svg = Path(download.value.path()).read_text(encoding="utf-8")
    assert "<img" not in svg
    assert "&#60;img" in svg
    page.locator("canvas.large").focus()
    page.keyboard.press("+")
    page.get_by_role("button", name="Show everything again").click()
    box = page.locator("canvas.large").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.6 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.9 * box["height"], steps=3)
    page.mouse.up()
    page.get_by_role("button", name="Show everything again").wait_for()
    assert "does not add up to 1" in page.locator(".main .note").last.inner_text()
    page.locator("canvas.overview").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".main h2", has_text="Layer 1, head 2").wait_for()
    assert page.evaluate("window.hacked === undefined")
    assert complaints == []
    page.close()


class Mounted:
    """The explorer in a browser without a server: what it is given, what it asks for, and what it complains about."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        folder.joinpath("part.html").write_text(
            f"<!doctype html><meta charset=utf-8><style>{STYLE} :root {{ {SCALES} }}</style><div id=place></div><script type=module>"
            + SCRIPT.replace("export default function", "window.part = function")
            + "</script>",
            encoding="utf-8",
        )
        self.page = browser.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto((folder / "part.html").as_uri())
        self.page.wait_for_function("!!window.part")

    def give(self, payload: bytes) -> None:
        """A payload arrives; drawn when this returns."""
        self.page.evaluate(
            """async (written) => {
              const data = Uint8Array.from(atob(written), (c) => c.charCodeAt(0));
              window.asked ??= [];
              window.part({ data, parentElement: document.querySelector("#place"), setStateValue: (_, value) => window.asked.push(value) });
              await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            }""",
            base64.b64encode(payload).decode(),
        )

    def asked(self, count: int) -> list[dict[str, Any]]:
        """Everything asked for so far, at least `count` wishes."""
        self.page.wait_for_function(f"window.asked.length >= {count}")
        return cast(list[dict[str, Any]], self.page.evaluate("window.asked"))


@pytest.fixture
def mounted(browser: Browser, tmp_path: Path) -> Iterator[Mounted]:
    part = Mounted(browser, tmp_path)
    yield part
    assert part.complaints == []
    part.page.close()


def test_a_text_that_comes_back_is_asked_for_anew(mounted: Mounted) -> None:
    first, second = make_atlas(tuple("abcdef")), make_atlas(tuple("xyz"))
    mounted.give(html.explorer_payload(first, chosen=0, full=(0, 1), document="first"))
    mounted.give(html.explorer_payload(second, chosen=0, full=(0, 1), document="second"))
    mounted.give(html.explorer_payload(first, chosen=0, full=(), tiles=False, document="first"))  # “you have it all”
    assert mounted.asked(1)[-1] | {"have": False, "held": [], "id": "first"} == mounted.asked(1)[-1]
    mounted.give(html.explorer_payload(first, chosen=0, full=(0,), document="first"))
    assert mounted.page.locator(".main h2").inner_text() == "Layer 1, head 1"
    assert "loading" not in (mounted.page.locator(".explorer").get_attribute("class") or "")


def test_the_same_wish_twice_is_two_wishes(mounted: Mounted) -> None:
    """The page may have chosen another head in between, and the server only hears of values that changed."""
    atlas = make_atlas(tuple("abcdef"))
    everything = range(7)
    for chosen in (0, 0):
        mounted.give(html.explorer_payload(atlas, chosen=chosen, full=everything, document="d"))
        mounted.page.locator("canvas.overview").press("ArrowRight")
        mounted.asked(1)
        mounted.give(html.explorer_payload(atlas, chosen=1, full=(), tiles=False, document="d"))
        mounted.page.wait_for_timeout(300)
    wishes = [wish for wish in mounted.asked(2) if wish["map"] == 1]
    assert len(wishes) == len({json.dumps(wish) for wish in wishes}) >= 2


def test_a_head_far_away_keeps_the_focus_and_its_caption(mounted: Mounted) -> None:
    atlas = make_atlas(tuple("abcdef"))
    mounted.give(html.explorer_payload(atlas, chosen=0, full=(0, 1), document="d"))
    page, large = mounted.page, mounted.page.locator("canvas.large")
    for key in ("Home", "ArrowDown", "ArrowDown"):
        large.press(key)
    caption, numbers = page.locator(".panel caption").first, page.locator(".panel td.number")
    caption.get_by_text("c (2) looks at").wait_for()
    before = numbers.all_inner_texts()
    overview = page.locator("canvas.overview")
    for _step in range(2):
        overview.press("ArrowDown")
    page.wait_for_function("[3, 6].includes(window.asked.at(-1)?.map)")  # the map before them was asked for as well
    assert page.locator(".main h2").inner_text() == "Layer 1, head 1"  # as long as the other one is on its way
    mounted.give(html.explorer_payload(atlas, chosen=6, full=(6,), tiles=False, document="d"))
    assert page.locator(".main h2").inner_text() == "Mean of all layers and heads"
    assert caption.inner_text() == "c (2) looks at"
    after = numbers.all_inner_texts()
    assert after != before
    row = atlas.maps[6, 2] / 255 * atlas.peaks[6]
    assert [float(text) for text in after[:6]] == pytest.approx(sorted(row, reverse=True), abs=0.006)
    assert page.evaluate("document.activeElement.className") == "overview"


def test_another_language_reaches_the_captions(mounted: Mounted) -> None:
    atlas = make_atlas(tuple("abcdef"))
    mounted.give(html.explorer_payload(atlas, chosen=0, full=(0,), document="d"))
    mounted.page.locator("canvas.large").press("Home")
    mounted.page.locator(".panel caption", has_text="a (0) looks at").wait_for()
    mounted.give(html.explorer_payload(atlas, chosen=0, full=(0,), document="d", text=lambda words: "* " + words))
    assert all(caption.startswith("* ") for caption in mounted.page.locator(".panel caption").all_inner_texts())


def test_its_look_is_told_and_comes_back(mounted: Mounted) -> None:
    atlas = make_atlas(tuple("abcdef"))

    def give(*look: str) -> None:
        mounted.give(html.explorer_payload(atlas, chosen=0, full=range(7), document="d", look=look))

    def pressed(name: str) -> str | None:
        return mounted.page.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed")

    give("lines", "words")
    box = mounted.page.get_by_label("Hide special tokens")
    assert pressed("Lines") == "true" and box.is_checked()
    box.uncheck()
    assert mounted.asked(1)[-1]["look"] == ["lines"]
    give("lines", "words")  # an answer to something older
    assert not box.is_checked()
    give("lines")
    assert pressed("Lines") == "true" and not box.is_checked()
    give()  # such as by another address
    assert pressed("Heat map") == "true"


def test_a_button_that_goes_hands_its_focus_on(mounted: Mounted) -> None:
    atlas = make_atlas(tuple("abcdef"))
    mounted.give(html.explorer_payload(atlas, chosen=0, full=(0,), document="d"))
    mounted.page.locator("canvas.large").press("+")
    mounted.page.get_by_role("button", name="Show everything again").press("Enter")
    mounted.page.get_by_role("button", name="Show everything again").wait_for(state="hidden")
    assert mounted.page.evaluate("document.activeElement.className") == "large"


def test_the_browsers_wishes_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {f"{explorer.KEY}_shape": ("d", 2, 3, 5, 1, 2)}
    monkeypatch.setattr("streamlit.session_state", state)

    def ask(**values: object) -> None:
        state[explorer.KEY] = {"ask": {"id": "d", "map": 0, "masked": [], **values}}
        explorer._take()

    ask(map=6, masked=[3, 1, 3, 77, -1, "x"])
    assert (state["shared_layer"], state["shared_head"]) == ("1", "2")
    assert (state["shared_map_masked"], explorer._masked("d", 5), explorer._masked("d", 3)) == ("1,3", (1, 3), (1,))
    assert explorer._masked("another", 5) == () and explorer._masked("d", 5) == (), (
        "what was masked of another text is nothing here"
    )
    ask(map=99, look=["after", "lines", "<b>", 3])
    assert state["shared_map_look"] == "lines,after"
    ask(map=7)
    assert state[explorer.CHOSEN] == ("d", 1, 2, 7)
    ask(map=99)
    assert state[explorer.CHOSEN] == ("d", 1, 2, 7)
    ask(map=0, id="another")
    assert state["shared_layer"] == "1"
    ask(map="0")
    assert state["shared_layer"] == "1"
    ask(map=0)
    assert state["shared_layer"] == "0"
    assert explorer.CHOSEN not in state


def test_an_address_opens_it_as_it_was() -> None:
    app = check(open_page("attention", text="the river bank was steep", map_look="lines", map_masked="2"))
    link = app.query_params
    assert (link["map_look"], link["map_masked"]) == ("lines", "2")
    app.session_state["shared_text"] = "another river bank"
    assert "map_masked" not in check(app.run()).query_params


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_it_first(language: str) -> None:
    app = check(open_page("attention", text="the film was good", pair="i love it", part="a-b", lang=language))
    assert app.session_state["shared_view"] == "explorer"
    (shown,) = (part for part in app.get("bidi_component") if part.proto.bytes)
    head, _ = read(shown.proto.bytes)
    assert (head["rows"], head["columns"]) == ([0, 1, 2, 3, 4, 5], [6, 7, 8, 9])
    assert head["shape"] == [6, 12]


def test_what_is_chosen_before_the_server_has_answered_does_not_mask_again(mounted: Mounted) -> None:
    atlas = make_atlas(tuple("abcdef"))
    before = html.explorer_payload(atlas, chosen=0, full=range(7), after=replace(atlas, masked=(2,)), document="d")
    mounted.give(before)
    mounted.page.evaluate(
        """([before, unmask, canvas]) => {
          before.click();
          unmask.click();
          canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        }""",
        [
            mounted.page.get_by_role("button", name="before", exact=True).element_handle(),
            mounted.page.get_by_role("button", name="Unmask all").element_handle(),
            mounted.page.locator("canvas.overview").element_handle(),
        ],
    )  # at once, however slow the machine is: "before" and the arrow ask a moment later
    wishes = mounted.asked(2)
    assert [wish["masked"] for wish in wishes] == [[], []]
    mounted.give(before)  # the answer to a wish of before these
    mounted.page.locator("canvas.overview").press("ArrowRight")
    assert mounted.asked(3)[-1]["masked"] == []
    mounted.give(html.explorer_payload(atlas, chosen=0, full=(), tiles=False, document="d", answers=3))
    assert mounted.page.locator(".masked").is_hidden()
