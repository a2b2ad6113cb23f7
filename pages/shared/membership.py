"""What a shared studio asks of a visitor and tells them: to log in, the class code at the door, a name, the teacher's code, the page that is looked at together.

Who sits at the machine alone sees nothing of it. This module does not know what is written on the page that the teacher shows.
"""

import streamlit as st

from core import classroom, settings, visitors
from core.errors import N_, UserError
from pages.shared import experiments, i18n, login, path, visitor
from pages.shared.cached import visitors as cached_visitors
from pages.shared.i18n import _
from pages.shared.words import plain

SEEN = "look_seen"  # session key: when the teacher's last "look here" was followed or put away
LOOK_SECONDS = 5
NAME_HELP = N_("It stands beside your runs, for everybody who uses this studio. You may leave it empty.")


def gate() -> None:
    """The door: nothing else is on the page until they have logged in, where that is asked, and the class code is entered."""
    if visitor.must_log_in():
        _log_in()
        return
    st.markdown(_("This studio belongs to a class. Your teacher tells you the code."))
    with st.form("gate", border=False):
        code = st.text_input(_("Class code"), type="password", key="gate_code", width=320)
        name = st.text_input(
            _("Your name"), visitor.record().name, key="gate_name", max_chars=visitors.MOST_NAME, help=_(NAME_HELP), width=320
        )  # fmt: skip
        if st.form_submit_button(_("Come in"), type="primary", key="gate_enter"):
            visitor.enter(code)
            visitors.rename(visitor.me(), name)
            st.rerun()


def _log_in() -> None:
    st.markdown(
        _("Log in to use this studio. What you make here is then yours in every browser; the others learn only the name that you give yourself.")
    )  # fmt: skip
    with st.container(horizontal=True):
        for provider in login.providers():
            title = _("Log in with {provider}").format(provider=plain(provider)) if provider else _("Log in")
            if st.button(title, type="primary", key=f"log_in_{provider}", icon=":material/login:"):
                login.begin(provider)


def you() -> None:
    """A name to be found by, and the way to the teacher's role."""
    known = visitor.record()
    with st.popover(known.name or _("You"), icon=":material/person:", key="you", type="tertiary"):
        name = st.text_input(
            _("Your name"), known.name, max_chars=visitors.MOST_NAME, key=f"you_name_{known.name}",
            help=_(NAME_HELP),
        )  # fmt: skip
        try:
            if name != known.name:
                visitors.rename(visitor.me(), name)
                st.rerun()
            if visitor.is_teacher():
                st.caption(_("You are the teacher: you may change everybody's runs, and there is the page Classroom."))
                if visitor.is_class():
                    st.page_link(path.file(path.CLASSROOM), label=_("Classroom"), icon=":material/groups:")
            elif settings.TEACHER_CODE.value():
                code = st.text_input(_("Teacher's code"), type="password", key="you_code")
                if st.button(_("I am the teacher"), key="you_enter") and code:  # pressing it is what sends the code
                    visitor.enter(code)
                    st.rerun()
            if login.person() and st.button(_("Log out"), key="log_out", icon=":material/logout:"):
                login.end()
        except UserError as error:
            st.error(plain(i18n.error_text(error)), icon=":material/error:")


def with_teacher(title: str) -> None:
    """What goes between a class and its teacher on a page of this title: they see who is on it, and show a page to everybody, who see it at once."""
    if visitor.is_class() and not visitor.is_teacher():
        page = path.page_of(title)
        if page:
            cached_visitors.presence().note(visitor.me(), page)
        st.fragment(run_every=LOOK_SECONDS)(_shown)(page)


def _shown(page: str) -> None:
    look = classroom.look()
    if look is None or look.at <= float(st.session_state.setdefault(SEEN, 0.0)):
        return
    with st.container(key="look", horizontal=True, vertical_alignment="center", border=True):
        st.markdown(":material/visibility: " + plain(look.title or _("Your teacher shows you a page.")))
        if st.button(_("Look at it"), key="look_go", type="primary"):
            st.session_state[SEEN] = look.at
            experiments.keep_own(page)
            st.switch_page(f"pages/{look.page}.py", query_params=dict(look.query))
        if st.button(_("Later"), key="look_later", type="tertiary"):
            st.session_state[SEEN] = look.at
            st.rerun()
