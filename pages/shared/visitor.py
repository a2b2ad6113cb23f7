"""Who somebody is, what is theirs, and what they may do: asked by every page that shows or changes runs.

A visitor is a signed id in a cookie; where the browser keeps none, it is one that lasts as long as the session. Where the host asks
people to log in, they are who the provider says instead, in every browser, and nobody comes in without. Who sits at the machine
itself is the host: nothing is asked of them and they may change everything, unless a teacher's code or a login is set up. Everybody
else may change their own runs, and the teacher, who knows the code or is named in STUDIO_TEACHERS, all of them; a setting says
whether they see those of others. It does not know what is done with a run.
"""

from dataclasses import dataclass

import streamlit as st

from core import limits, models, runs, settings, visitors
from core.errors import UserError
from core.runs import Run
from core.visitors import Visitor
from pages.shared import login
from pages.shared.cached import runs as cached_runs
from pages.shared.cached import visitors as cached_visitors
from pages.shared.login import Person
from pages.shared.server import COOKIE

OPENED = "opened_runs"  # session key: the ids of the runs that were started or opened during this visit
SESSION = "visitor"  # session key: whom the provider knows them as, and their id


@dataclass(frozen=True)
class Request:
    """What the browser sent: the cookie, and the address it came from, "" for this machine itself."""

    cookie: str
    address: str


def request() -> Request:
    """What this session's browser sent. A proxy on this machine speaks for others, so that its requests are not the host's."""
    context = st.context
    cookie, address, behind = context.cookies.get(COOKIE), context.ip_address, context.headers.get("X-Forwarded-For")
    if isinstance(behind, str):
        return Request(str(cookie), behind.split(",")[-1].strip() or "proxy")
    return Request(str(cookie), address if isinstance(address, str) else "")


def me() -> str:
    """This visitor's id."""
    now = login.person()
    person, known = st.session_state.get(SESSION, (None, ""))
    if not known or person != now:  # the session has begun, or they have logged out in it
        known = _id_of(now)
        st.session_state[SESSION] = now, known
    return str(known)


def _id_of(person: Person | None) -> str:
    """The id of who has logged in, or else of the cookie; a new one where there is none."""
    try:
        if person:
            return visitors.of_login(person.issuer, person.subject)
        return visitors.verified(request().cookie) or visitors.new_id()
    except UserError:  # the studio's folder cannot be written: what needs it says so
        return visitors.new_id()


def must_log_in() -> bool:
    """Whether nothing is for them before they have logged in."""
    return login.is_configured() and login.person() is None


def is_host() -> bool:
    """Whether they sit at the machine, and neither a code nor a login says who the teacher is."""
    return not request().address and not settings.TEACHER_CODE.value() and not login.is_configured()


def is_teacher() -> bool:
    """Whether they may change everything."""
    if is_host():
        return True
    code, person = settings.TEACHER_CODE.value(), login.person()
    if person and visitors.is_named(settings.TEACHERS.value(), person.email, person.subject):
        return True
    return bool(code) and not must_log_in() and visitors.knows_teacher(record(), code)


def is_class() -> bool:
    """Whether the studio is set up for a class: there is a code to enter, or a login."""
    return bool(settings.TEACHER_CODE.value() or settings.CLASS_CODE.value()) or login.is_configured()


def is_admitted() -> bool:
    """Whether they may come in: they have logged in where that is asked, and know the code where there is one."""
    code = settings.CLASS_CODE.value()
    return not must_log_in() and (not code or is_teacher() or visitors.knows_class(record(), code))


def may_change(run: Run) -> bool:
    """Whether they may cancel, resume, rename or delete a run."""
    return is_teacher() or (bool(run.owner) and run.owner == me())


def sees_all() -> bool:
    """Whether they may look at everybody's runs."""
    return settings.RUNS_SEEN.value() == "all" or is_teacher()


def may_see(owner: str) -> bool:
    """Whether they may look at the runs of this owner: nobody's ("") are everybody's."""
    return sees_all() or owner in ("", me())


def runs_seen() -> tuple[Run, ...]:
    """Every run that they may look at, newest first."""
    found = cached_runs.all_runs()
    if sees_all():
        return found
    owners = ("", me())
    return tuple(run for run in found if run.owner in owners)


def check_may_change(run: Run) -> None:
    """Raise UserError when they may not change a run."""
    if not may_change(run):
        raise UserError("the run '{run}' belongs to somebody else; only they and the teacher may change it", run=run.id)


def check_may_start(new: int = 1) -> None:
    """Raise UserError when they may not be here, or have as many runs waiting, or as much on the disk, as one may have.

    new: how many runs they are about to begin. The teacher, and so the host, has no limits.
    """
    if not is_admitted():
        raise UserError("you have to come in before you start anything: load the page again")
    if not is_teacher():
        limits.check_waiting(me(), new)
        limits.check_disk(me())


def record() -> Visitor:
    """What is kept of this visitor."""
    return visitors.read(me())


def name_of(visitor_id: str) -> str:
    """The name that a visitor gave themselves, "" for none."""
    return visitors.read(visitor_id).name if visitor_id else ""


def enter(code: str) -> None:
    """Take a code for what it is: the teacher's or the class'. Raises UserError when it is neither, or after too many that were wrong."""
    attempts, address = cached_visitors.attempts(), request().address
    seconds = attempts.wait(address)
    if seconds:
        raise UserError("too many wrong codes; try again in {seconds} seconds", seconds=seconds)
    if visitors.is_code(code, settings.TEACHER_CODE.value()):
        visitors.enter_as_teacher(me(), settings.TEACHER_CODE.value())
    elif visitors.is_code(code, settings.CLASS_CODE.value()):
        visitors.enter_class(me(), settings.CLASS_CODE.value())
    else:
        attempts.failed(address)
        raise UserError("this is not the code")


def opened(*names: str) -> None:
    """These runs, by their ids or as models ("run:…"), were started or opened here; other names count for nothing."""
    ids = [name.removeprefix("run:") for name in names]
    known = _ids()
    st.session_state[OPENED] = known + tuple(
        run_id for run_id in ids if run_id not in known and models.RUN_NAME.fullmatch(f"run:{run_id}")
    )


def owns(name: str) -> bool:
    """Whether a run, by its id or as a model ("run:…"), is this visitor's: started by them, or opened during this visit."""
    run_id = name.removeprefix("run:")
    return run_id in _ids() or runs.owner(run_id) == me()


def _ids() -> tuple[str, ...]:
    return tuple(st.session_state.get(OPENED, ()))
