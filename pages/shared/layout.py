"""What every page has: its frame with ways to present, share and reset it, the token chips, "Show the code", downloads.

Text, tokens and labels are untrusted: everything that becomes HTML here is escaped here.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer
from streamlit.elements.lib.mutable_popover_container import PopoverContainer
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import UserError
from core.results import Token, Tokens
from pages.shared import charts, components, first_view, i18n, inputs, membership, memory, path, visitor
from pages.shared.experiments import Vote
from pages.shared.i18n import _, ngettext
from pages.shared.words import plain

STYLE = (
    "<style>"
    + "".join((components.FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in ("theme", "chips"))
    + """
[data-testid="stMainBlockContainer"] { padding-top: 4.25rem; }
[data-testid="stMainBlockContainer"] h1 { font-size: 2rem; padding: .1rem 0; }
[data-testid="stMainBlockContainer"] :is(h1, h2, h3, p, li, .answer) { text-wrap-style: pretty; }
.katex-display { padding-block: .3rem; }
[data-testid="stCaptionContainer"] code { color: inherit; font-size: inherit; }
[data-testid="stPopoverBody"] { width: min(34rem, 92vw); }
.st-key-history { display: none; }
.st-key-strip button, .st-key-strip_ways button { min-height: 2rem; padding: .1rem .7rem; }
.st-key-strip_open { padding: .6rem .9rem; border-left: 4px solid var(--st-primary-color, #0072B2); }
@media (max-width: 640px) {
  .st-key-strip { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: thin; padding-right: 2.5rem;
    mask-image: linear-gradient(90deg, #000 calc(100% - 2.5rem), transparent); }  /* there is more to the right */
  .st-key-strip > * { flex: none; }
  .st-key-strip_ways { flex-direction: row; }
  .st-key-frame { gap: .4rem; }
  .st-key-frame [role="radiogroup"] button { padding: .2rem .45rem; }
}
[class*="st-key-wide_"] { overflow-x: auto; }
[class*="st-key-wide_"] > * { min-width: 40rem; }
[data-testid="stMetricValue"] * { white-space: normal; overflow: visible; }
[data-testid="stPageLink"] :is(a, span, p) { white-space: normal; }
[data-testid="stSelectbox"] input { text-overflow: ellipsis; }
.cut { text-decoration: line-through; text-decoration-color: #D55E00; opacity: .75; overflow-wrap: anywhere; white-space: pre-wrap; }
</style>
"""
)

PRESENTED = (
    "<style>"
    + f"html {{ font-size: {16 * charts.PRESENTED:.0f}px !important; --presented: 1; --names: normal; --ends: 6.5rem; --between: 12px; --heading: 2.5rem; --apart: 14px; --letters: .78rem; --close: 1.1; --keys: none; --tallest: none; }}"
    + """
[data-testid="stHeader"], [data-testid="stLayoutWrapper"]:has(> :is(.st-key-intro, .st-key-topics, .st-key-pictures, .st-key-code, .st-key-path)) { display: none; }
[data-testid="stMainBlockContainer"] { padding: .35rem 1.5rem; }
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] { gap: .4rem; }
[data-testid="stMainBlockContainer"] h1 { font-size: 1.25rem; padding: 0; }
.st-key-toolbar div:has(> input) { height: 2rem; min-height: 0; }
.st-key-toolbar input { padding-block: 0; }
.st-key-strip { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: thin; gap: .4rem; }
.st-key-strip > * { flex: none; }
.st-key-strip button { min-height: 1.8rem; padding: 0 .6rem; }
.st-key-strip button p { font-size: .875rem; }
.st-key-strip_open { padding: .5rem .8rem; }
.st-key-strip_ways button { min-height: 0; padding: .2rem .5rem; }
.st-key-strip_ways button p { font-size: .75rem; line-height: 1.25; }
.st-key-presented button { min-height: 1.6rem; padding: 0 .6rem; }
.st-key-presented kbd { opacity: .75; }
.st-key-toolbar [data-testid="stWidgetLabel"], .st-key-toolbar [data-testid="stColumn"]:has([data-testid="stPopover"]) { display: none; }
</style>
"""
)  # larger type, and nothing but the picture, the strip, and the line with the model and the sentence

_share = components.part("share")
_history = components.unseen("history")
_menu = components.unseen("menu")


@contextmanager
def page(
    title: str, sentence: str, *, resets: Iterable[str] = inputs.OF_PICTURES, opens_in: str = ""
) -> Iterator[None]:
    """A page's frame: title, one sentence on what it shows, the language; a user's mistake inside becomes one clear line.

    resets: the shared values that the page's own Reset gives their defaults again. opens_in: the language of the sentence that
    it opens with, where that is not the language of the page.
    """
    st.set_page_config(page_title=f"{title} · {first_view.STUDIO}", page_icon=first_view.ICON, layout="wide")
    i18n.keep()
    _with_navigation()
    inputs.restore()
    inputs.speak(title, opens_in or i18n.language())
    presented = inputs.get("present") == "1"
    st.html(STYLE)
    history = st.container(key="history")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        if presented:
            st.html(PRESENTED)
            with st.container(key="presented", width="content", horizontal=True, gap="small"):
                path.next_button(title)
                st.button(
                    _("Leave presentation"),
                    key="leave",
                    icon=":material/close:",
                    on_click=inputs.put,
                    args=("present", ""),
                    shortcut="Esc",
                )
        else:
            with st.container(key="frame", width="content", horizontal=True, vertical_alignment="center", gap="small"):
                _tools(resets)
                i18n.picker()
    hidden, admitted = False, False
    with mistakes():
        if visitor.is_admitted():
            hidden, admitted = inputs.keep_to_own(), True
        else:
            membership.gate()
    if not admitted:  # a wrong code is a mistake that was shown: nothing else is
        st.stop()
    with st.container(key="intro"):
        st.markdown(sentence)
    if hidden:
        st.warning(_("The run of this link belongs to somebody else. Here only they and the teacher see it."))
    membership.with_teacher(title)
    with mistakes(), suppress(Vote):
        yield
    inputs.drawn()
    with history:
        _history(key="history_part", data=urlencode(inputs.address()))
        _menu(key="menu_part")
    memory.give_back()
    i18n.spoken().add(i18n.language())


def _tools(resets: Iterable[str]) -> None:
    """Ways to show the page to a class, to send it, and to begin it again; who you are, where several share the studio."""
    st.button(
        _("Present"), key="present", type="tertiary", icon=":material/slideshow:", on_click=inputs.put, args=("present", "1"),
        help=_("Larger type, without the navigation and the options: for a projector."),
    )  # fmt: skip
    _share(
        key="share",
        data={"label": _("Copy link"), "help": _("Copy the link of exactly this state."), "done": _("Link copied"), "failed": _("Copy this link:")},
        width="content",
    )  # fmt: skip
    st.button(
        _("Reset"), key="reset", type="tertiary", icon=":material/restart_alt:", on_click=inputs.reset, args=(tuple(resets),),
        help=_("Restore this page's defaults."),
    )  # fmt: skip
    if not visitor.is_host() and not visitor.must_log_in():
        membership.you()


def _with_navigation() -> None:
    """Begin a visit again with the navigation where it begins without it.

    Streamlit opens a page of the folder pages/ by itself until app.py has run once, as when a link is the first that is opened of a server.
    """
    context = get_script_run_ctx()
    if "begun" not in st.session_state and context is not None and context.pages_manager.uses_pages_directory:
        st.session_state["begun"] = True
        path.navigation()
        st.rerun()


@contextmanager
def mistakes() -> Iterator[None]:
    """Show a UserError raised inside as one translated line."""
    try:
        yield
    except UserError as error:
        st.error(plain(i18n.error_text(error)), icon=":material/error:")


def wide(name: str) -> DeltaGenerator:
    """A container for a picture that would be too narrow on a telephone: there it scrolls sideways."""
    return st.container(key=f"wide_{name}")


KINDS = ("word", "continuation", "special", "unknown", "padding")


def kind_name(kind: str) -> str:
    """A token kind in plain words."""
    return {
        "word": _("word start"),
        "continuation": _("continuation of a word"),
        "special": _("special token"),
        "unknown": _("not in the vocabulary"),
        "padding": _("padding, ignored by the model"),
    }[kind]


def _chip(token: Token, joined: bool, ids: bool) -> str:
    classes = ["chip", token.kind, *(["joined"] if joined else []), *(["second"] if token.source == 1 else [])]
    place = "" if token.start is None else _("characters {start}–{end}").format(start=token.start, end=token.end)
    hover = " · ".join(
        part
        for part in (
            kind_name(token.kind),
            _("id {id}").format(id=token.id),
            _("position {position}").format(position=token.position),
            _("segment {segment}").format(segment="AB"[token.segment] if token.segment < 2 else token.segment),
            place,
        )
        if part
    )
    number = f"<small>{token.id}</small>" if ids else ""
    return f'<span class="{" ".join(classes)}" title="{escape(hover)}"><b>{escape(token.text)}</b>{number}</span>'


def chips_html(tokens: Sequence[Token], *, ids: bool = True) -> str:
    """Tokens as chips: kinds differ by outline, corners and tint; hovering shows id, position, segment and offsets."""
    following = [*tokens[1:], None]
    return (
        '<div class="chips">'
        + "".join(
            _chip(token, after is not None and after.kind == "continuation", ids)
            for token, after in zip(tokens, following, strict=True)
        )
        + "</div>"
    )


def chips(tokens: Tokens) -> None:
    """The chips of an input, and below them what their shapes mean and what did not fit."""
    st.html(chips_html(tokens.tokens))
    kinds = [kind for kind in KINDS if any(token.kind == kind for token in tokens.tokens)]
    keys = "".join(
        f'<span><span class="chip {kind}"><b>{"##" if kind == "continuation" else "ab"}</b></span>{escape(kind_name(kind))}</span>'
        for kind in kinds
    )
    if tokens.pair:
        second = escape(_("second sentence"))
        keys += f'<span><span class="chip second"><b>ab</b></span>{second}</span>'
    st.html(f'<div class="keys">{keys}</div>')


def cut_text(text: str, longest: int = 600) -> None:
    """Text that was cut off, struck through; a very long one shows its beginning and says how much follows."""
    more = len(text) - longest
    rest = (
        ngettext(" … and {count:,} more character", " … and {count:,} more characters", more).format(count=more)
        if more > 0
        else ""
    )
    st.html(f'<p class="cut">{escape(text[:longest])}</p><p><small>{escape(rest)}</small></p>')


def what_was_cut(tokens: Tokens) -> None:
    """What of a text (and pair) did not fit."""
    if tokens.cut or tokens.cut_pair:
        st.warning(_("Cut at {limit} tokens. The model never sees this:").format(limit=tokens.max_length))
        cut_text(tokens.cut + tokens.cut_pair)


@dataclass(frozen=True)
class Download:
    """A file that can be taken away. title: of its button."""

    title: str
    name: str
    mime: str
    content: str


def tick(claim: str, key: str, *, holds: bool = True) -> PopoverContainer:
    """One line that says whether a check holds, and opens to show how it was made; returns the place for that, and whether it is open.

    claim: what holds, such as "equals transformers", or what does not.
    """
    return st.popover(f"{'✓' if holds else '✗'} {claim}", type="tertiary", key=f"tick_{key}", on_change="rerun")


def downloads(files: Sequence[Download], key: str) -> None:
    """A button for each file."""
    with st.container(horizontal=True):
        for file in files:
            st.download_button(
                file.title,
                file.content,
                file.name,
                file.mime,
                key=f"{key}_{file.name}",
                on_click="ignore",
                icon=":material/download:",
            )


def opened(part: ExpanderContainer) -> bool:
    """Whether the visitor has opened a part of the page that is sent when it is."""
    return bool(part.open)


@st.fragment
def show_code(code: str, caption: str = "", *, title: str = "", key: str = "code") -> None:
    """The page's numbers as a runnable script, sent when it is opened: what colours it is 1.5 MB and half a second for the browser.

    caption: what it does, when it is not simply the page's numbers. title: of the part, where it is not "Show the code". key: the
    name of the part on the page.
    """
    with st.container(key=key):
        part = st.expander(title or _("Show the code"), icon=":material/code:", key=f"open_{key}", on_change="rerun")
    if opened(part):
        with part:
            st.caption(
                caption or _("Plain transformers and torch with the values chosen above; it gives the same numbers.")
            )
            st.code(code, language="python")
