"""Visitors: who somebody is. Their browser keeps a random id, signed by this studio, or they have logged in; a name and codes go with it.

It does not know how the id comes to the browser and back, nor how one logs in, nor what a visitor may do. Whoever can read the studio's folder can
sign an id: it holds apart people who share a studio, not people who share its disk.
"""

import hashlib
import hmac
import os
import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from core import disk, settings
from core.errors import UserError

ID = re.compile(r"[0-9a-f]{32}")
MOST_NAME = 40  # characters
MOST_WRONG, WRONG_SECONDS = 10, 600  # wrong codes from one address, and for how long they count


@dataclass(frozen=True)
class Visitor:
    """What is kept of one: the name they gave themselves, and what they proved. class_code, teacher_code: digests of the codes they entered, "" for none."""

    id: str
    name: str = ""
    class_code: str = ""
    teacher_code: str = ""


@dataclass
class Attempts:
    """The wrong codes of each address of late, so that nobody tries them all. Several threads may ask at once."""

    clock: Callable[[], float] = time.monotonic
    _wrong: dict[str, deque[float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, address: str) -> int:
        """The seconds before this address may try again; 0 when it may now."""
        with self._lock:
            wrong = self._recent(address)
            return max(1, round(wrong[0] + WRONG_SECONDS - self.clock())) if len(wrong) >= MOST_WRONG else 0

    def failed(self, address: str) -> None:
        """Count a wrong code."""
        with self._lock:
            for known in list(self._wrong):  # addresses that have been quiet are forgotten
                if not self._recent(known):
                    del self._wrong[known]
            self._wrong.setdefault(address, deque(maxlen=MOST_WRONG)).append(self.clock())

    def _recent(self, address: str) -> deque[float]:
        wrong = self._wrong.get(address, deque())
        while wrong and wrong[0] + WRONG_SECONDS <= self.clock():
            wrong.popleft()
        return wrong


def secret() -> bytes:
    """The key that signs ids, 32 bytes, made at the first asking and kept in the studio's folder. Raises UserError when it cannot be kept."""
    file = settings.HOME.value() / "secret"
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f".secret.{secrets.token_hex(4)}")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writer:
                writer.write(secrets.token_bytes(32))
                writer.flush()
                os.fsync(writer.fileno())
            with suppress(FileExistsError):  # who comes second takes the first one's
                os.link(part, file)
            part.unlink()
        key = file.read_bytes()
    except OSError as error:
        raise disk.unwritable(error, file.parent) from error
    if len(key) != 32:
        raise UserError("the file {file} is damaged: delete it, and every browser gets a new identity", file=file)
    return key


def new_id() -> str:
    return secrets.token_hex(16)


def signed(visitor_id: str) -> str:
    """The id as a browser keeps it: id, point, signature."""
    return f"{visitor_id}.{_digest('visitor', visitor_id)}"


def verified(token: str) -> str:
    """The id in what a browser sent; "" when this studio did not sign it."""
    visitor_id, _, signature = token.partition(".")
    genuine = ID.fullmatch(visitor_id) and hmac.compare_digest(
        signature.encode("utf-8", "replace"), _digest("visitor", visitor_id).encode()
    )
    return visitor_id if genuine else ""


def of_login(issuer: str, subject: str) -> str:
    """The id of somebody who has logged in: always the same, and it does not tell who they are. Raises UserError when the key cannot be kept."""
    return _digest("login", f"{issuer}\n{subject}")[:32]


def is_named(names: str, *known_as: str) -> bool:
    """Whether somebody is in a list of e-mail addresses and subjects. known_as: their own, "" for none."""
    named = {name.strip().casefold() for name in names.split(",")} - {""}
    return any(name.casefold() in named for name in known_as)


def _digest(purpose: str, text: str) -> str:
    return hmac.new(secret(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def read(visitor_id: str) -> Visitor:
    """What is kept of a visitor; only the id where that is nothing, or nothing that can be read."""
    try:
        kept = TypeAdapter(Visitor).validate_json(_file(visitor_id).read_bytes())
    except (OSError, ValidationError):
        return Visitor(visitor_id)
    return replace(kept, id=visitor_id, name=_tidy(kept.name))


def rename(visitor_id: str, name: str) -> Visitor:
    """Keep the name that a visitor gives themselves. Raises UserError when it cannot be kept."""
    return _keep(replace(read(visitor_id), name=_tidy(name)))


def is_code(entered: str, wanted: str) -> bool:
    """Whether a code is the one that was set, in a time that does not depend on where they differ."""
    return bool(wanted) and hmac.compare_digest(entered.strip().encode(), wanted.encode())


def enter_class(visitor_id: str, code: str) -> Visitor:
    """Remember that a visitor knows the class code."""
    return _keep(replace(read(visitor_id), class_code=_digest("class", code)))


def enter_as_teacher(visitor_id: str, code: str) -> Visitor:
    """Remember that a visitor knows the teacher's code."""
    return _keep(replace(read(visitor_id), teacher_code=_digest("teacher", code)))


def knows_class(visitor: Visitor, code: str) -> bool:
    """Whether they entered the class code that is set now: another code sends everybody out."""
    return hmac.compare_digest(visitor.class_code, _digest("class", code))


def knows_teacher(visitor: Visitor, code: str) -> bool:
    """Whether they entered the teacher's code that is set now."""
    return hmac.compare_digest(visitor.teacher_code, _digest("teacher", code))


def _tidy(name: str) -> str:
    printed = "".join(one if one.isprintable() else " " for one in name)
    return " ".join(printed.split())[:MOST_NAME]


def _file(visitor_id: str) -> Path:
    if not ID.fullmatch(visitor_id):
        raise ValueError(f"not a visitor's id: {visitor_id!r}")
    return settings.HOME.value() / "visitors" / f"{visitor_id}.json"


def _keep(visitor: Visitor) -> Visitor:
    file = _file(visitor.id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        disk.write(file, TypeAdapter(Visitor).dump_json(visitor))
    except OSError as error:
        raise disk.unwritable(error, file.parent) from error
    return visitor
