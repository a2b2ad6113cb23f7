"""What stands before every page: a signed identity for each browser, headers that browsers heed, the way back from a login, an early start, tidying up.

It does not know what the identity is used for.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from threading import Event, Thread
from time import monotonic
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import settings, visitors
from core.errors import UserError
from pages.shared import libraries

COOKIE = "studio_visitor"
RETURN = "studio_return"  # cookie: the address at which somebody went to log in
RETURN_SECONDS, LONGEST_RETURN = 600, 3000
LOGIN, CALLBACK = "/auth/login", "/oauth2callback"  # Streamlit's own addresses
TIDY_SECONDS = 20.0
LOOK_SECONDS = 0.5  # between two looks at whether a page was opened in another language
LAST_SECONDS = 10.0  # for the step that the early start is at when the server ends
# Seconds for which one thread keeps the interpreter while others want it (Python's own: 0.005). A reading asks for it again after each
# of some hundred operations of torch: beside three other threads a sentence took 3.2 s, and takes 0.36 s with this.
SWITCH = 0.0005
YEAR = 365 * 24 * 3600
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


class Identity:
    """Sets the cookie with an answer that is a page, where the browser sent none that this studio signed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Headers(scope=scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if headers.get("content-type", "").startswith("text/html") and not _identity(request):
                    headers.append("Set-Cookie", _cookie(_is_secure(scope, request)))
            await send(message)

        await self.app(scope, receive, answer)


class WayBack:
    """After a login the browser comes to the page that it came from; Streamlit would send it to the first one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.endswith((LOGIN, CALLBACK)):
            await self.app(scope, receive, send)
            return
        request = Headers(scope=scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if path.endswith(LOGIN):
                    kept = quote(_came_from(request), safe="/")
                    if len(kept) <= LONGEST_RETURN:
                        headers.append("Set-Cookie", _short_lived(kept, RETURN_SECONDS))
                else:
                    sent = SimpleCookie(request.get("cookie", "")).get(RETURN)
                    address = unquote(sent.value) if sent else ""
                    if _is_ours(address) and "location" in headers:
                        headers["location"] = address
                    headers.append("Set-Cookie", _short_lived("", 0))
            await send(message)

        await self.app(scope, receive, answer)


def _came_from(request: Headers) -> str:
    """The page of this studio that the browser was at, as path and query."""
    parts = urlsplit(request.get("referer", ""))
    return parts._replace(scheme="", netloc="", fragment="").geturl() if parts.netloc == request.get("host") else "/"


def _is_ours(address: str) -> bool:
    """Whether an address is a place in this studio: a path, and nothing that a browser takes for another host."""
    return address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()


def _short_lived(value: str, seconds: int) -> str:
    return f"{RETURN}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"


def _identity(request: Headers) -> str:
    """The id that the browser sent; "" when it is none of ours."""
    sent = SimpleCookie(request.get("cookie", "")).get(COOKIE)
    try:
        return visitors.verified(sent.value) if sent else ""
    except UserError:  # the studio's folder cannot be written: the page says so
        return ""


def _is_secure(scope: Scope, request: Headers) -> bool:
    return scope.get("scheme") == "https" or request.get("x-forwarded-proto", "").startswith("https")


def _cookie(secure: bool) -> str:
    """A new identity. Over https it is also sent inside another site's frame, as a Space shows the studio."""
    try:
        token = visitors.signed(visitors.new_id())
    except UserError:  # nothing can be kept: the identity lasts as long as the session
        return f"{COOKIE}=; Path=/; Max-Age=0"
    where = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    return f"{COOKIE}={token}; Path=/; Max-Age={YEAR}; HttpOnly; {where}"


MIDDLEWARE = (Middleware(Identity), Middleware(WayBack))


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """From when the server answers: the libraries and the first model are loaded beside it, before anybody asks for them.

    From then on it is tidied up now and then.
    """
    sys.setswitchinterval(SWITCH)
    os.environ.setdefault("GOMP_SPINCOUNT", settings.SPIN)  # torch's threads read it when they are loaded
    over = Event()
    beside = Thread(target=_beside, args=(over,), name="beside", daemon=True)
    beside.start()
    yield
    over.set()
    await asyncio.to_thread(beside.join, LAST_SECONDS)  # what it is at cannot go on without the interpreter


def _beside(over: Event) -> None:
    libraries.load()  # here, since it takes seconds: the server answers meanwhile
    from pages.shared import i18n, warm
    from pages.shared.tidy import Tidy

    warm.load(over)
    tidy, tidied, known = Tidy(), monotonic(), set[str]()
    while not over.wait(LOOK_SECONDS):
        for language in i18n.spoken() - known:
            known.add(language)
            warm.load_further(language, over)
        if monotonic() - tidied >= TIDY_SECONDS:
            tidy.up()
            tidied = monotonic()
