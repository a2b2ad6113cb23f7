"""The path through the studio: its pages in order, what each does, and the way from one to the next.

The navigation, Home's cards and the foot of each page follow this table. It does not know what a page shows.
"""

from dataclasses import dataclass
from itertools import groupby

import streamlit as st
from streamlit.navigation.page import Page

from core.errors import N_
from pages.shared import first_view, inputs, visitor
from pages.shared.i18n import _


@dataclass(frozen=True)
class Step:
    """A page: its title, its icon, its section of the navigation, and what happens there in a word or two."""

    title: str
    icon: str
    section: str
    does: str


STEPS = {
    "tokens": Step(N_("Tokens"), ":material/abc:", N_("See"), N_("Tokenise")),
    "encoder": Step(N_("Encoder"), ":material/account_tree:", N_("See"), N_("Encode")),
    "attention": Step(N_("Attention"), ":material/hub:", N_("See"), N_("Attend")),
    "embeddings": Step(N_("Embeddings"), ":material/scatter_plot:", N_("See"), N_("Compare")),
    "pretraining": Step(N_("Pre-training"), ":material/school:", N_("Train"), N_("Pre-train")),
    "finetune": Step(N_("Fine-tune"), ":material/model_training:", N_("Train"), N_("Fine-tune")),
    "runs": Step(N_("Runs"), ":material/list_alt:", N_("Train"), N_("Evaluate, take away")),
    "playground": Step(N_("Playground"), ":material/sports_esports:", N_("Use"), N_("Predict and explain")),
    "search": Step(N_("Search"), ":material/search:", N_("Use"), N_("Search")),
    "summarise": Step(N_("Summarise"), ":material/short_text:", N_("Use"), N_("Summarise")),
    "article": Step(N_("The tutorial, checked"), ":material/fact_check:", N_("Learn"), N_("Check a tutorial")),
}  # a page's file in pages/ → its row

CLASSROOM = "classroom"  # the teacher's page: no step of the path


def file(page: str) -> str:
    """The page's script, as Streamlit names it."""
    return f"pages/{page}.py"


def navigation() -> Page:
    """The pages in their sections at the top of the screen; returns the page that is asked for."""
    pages = {"": [st.Page(file("home"), title=_("Home"), icon=":material/home:", default=True)]} | {
        _(section): [st.Page(file(page), title=_(STEPS[page].title), icon=STEPS[page].icon) for page in group]
        for section, group in groupby(STEPS, key=lambda page: STEPS[page].section)
    }  # section → its pages; "" is no section
    if visitor.is_class():  # who has its address learns there whose page it is; only the teacher sees the way
        pages[_("Learn")].append(
            st.Page(
                file(CLASSROOM),
                title=_("Classroom"),
                icon=":material/groups:",
                visibility="visible" if visitor.is_teacher() else "hidden",
            )
        )
    return st.navigation(pages, position="top")


def numbered(page: str) -> str:
    """What the page does, with its number: "2 · Encode"."""
    return f"{list(STEPS).index(page) + 1} · {_(STEPS[page].does)}"


def step(page: str) -> str:
    """Which step of how many the page is, to begin its sentence with, in markdown."""
    return "**" + _("Step {number} of {count}").format(number=list(STEPS).index(page) + 1, count=len(STEPS)) + "** · "


def _carried() -> dict[str, str]:
    """What another page opens with: the visitor's sentence and model, but not the view, since each page has its own."""
    return {name: value for name, value in inputs.link().items() if name != "view"}


def page_of(title: str) -> str:
    """The page, "home" or a step, whose translated title this is; "" for one that is no step."""
    pages = {first_view.STUDIO: "home", **{_(row.title): name for name, row in STEPS.items()}}
    return pages.get(title, "")


def title_of(page: str) -> str:
    """What a page, "home" or a step, is called."""
    return _("Home") if page == "home" else _(STEPS[page].title)


def next_button(title: str) -> None:
    """A button to the page after the one with this title, as small as others beside it; nothing on a page that is no step."""
    page, order = page_of(title), ["home", *STEPS, "home"]
    if not page:
        return
    after = order[order.index(page) + 1]
    if st.button(_("Next: {title}").format(title=title_of(after)), key="next", icon=":material/arrow_forward:"):
        st.switch_page(file(after), query_params=_carried())


def footer(page: str) -> None:
    """Where to go from here: the page before and the next one, with the visitor's sentence and model."""
    pages = ["home", *STEPS, "home"]
    place = pages.index(page)
    carried = _carried()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="path"):
        before, after = pages[place - 1], pages[place + 1]
        st.page_link(file(before), label=title_of(before), icon=":material/arrow_back:", query_params=carried)
        st.page_link(
            file(after),
            label=_("Next: {title}").format(title=title_of(after)),
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=carried,
        )
