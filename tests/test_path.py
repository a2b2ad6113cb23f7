"""The path through the studio: every page says which step it is, and where to go from it, in one order everywhere."""

from urllib.parse import parse_qs

import pytest

from pages.shared import path
from tests.pages_common import check, open_page, texts

PAGES = list(path.STEPS)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_says_its_step_and_leads_on_with_the_sentence(page: str) -> None:
    app = check(open_page(page, text="A sentence of mine", view="nosuch"))
    place = PAGES.index(page)
    assert f"Step {place + 1} of {len(PAGES)}" in texts(app)
    before, after = [link.proto for link in app.get("page_link")][-2:]
    around = ["", *PAGES, ""]  # Home is the page without a name in the address
    assert (before.page, after.page) == (around[place], around[place + 2])
    assert after.label == "Next: " + ([row.title for row in path.STEPS.values()] + ["Home"])[place + 1]
    for link in (before, after):
        carried = parse_qs(link.query_string)
        assert carried["text"] == ["A sentence of mine"] and "view" not in carried


def test_homes_cards_are_in_the_order_of_the_path() -> None:
    app = check(open_page("home"))
    cards = [link.proto.page for link in app.get("page_link")][: len(PAGES)]
    assert cards == PAGES
    assert [f"**{path.numbered(page)}**" in texts(app) for page in PAGES] == [True] * len(PAGES)
