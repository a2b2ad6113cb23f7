"""Who somebody is without an account: ids that only this studio can sign, names, codes, and how often one may guess."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import settings, visitors
from core.errors import UserError
from core.visitors import MOST_NAME, MOST_WRONG, WRONG_SECONDS, Attempts, Visitor


def test_an_id_that_this_studio_signed_is_known_again() -> None:
    visitor_id = visitors.new_id()
    assert visitors.verified(visitors.signed(visitor_id)) == visitor_id
    assert visitors.new_id() != visitor_id


@given(st.text(max_size=120))
def test_nothing_else_is(token: str) -> None:
    assert visitors.verified(token) == ""


@pytest.mark.parametrize("change", [str.upper, lambda t: t[:-1], lambda t: "0" * 32 + t[32:], lambda t: t + "0", lambda t: t.replace(".", "")])  # fmt: skip
def test_a_forged_id_is_nobodys(change: object) -> None:
    visitor_id = "a" * 32
    assert callable(change)
    assert visitors.verified(change(visitors.signed(visitor_id))) == ""


def test_another_studio_signs_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = visitors.signed(visitors.new_id())
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "other"))
    assert visitors.verified(token) == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_the_key_is_its_owners_alone_and_stays_the_same() -> None:
    key = visitors.secret()
    file = settings.HOME.value() / "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and key == visitors.secret() and len(key) == 32
    assert [path.name for path in file.parent.glob(".secret*")] == []


def test_a_key_that_was_damaged_is_named() -> None:
    visitors.secret()
    (settings.HOME.value() / "secret").write_bytes(b"short")
    with pytest.raises(UserError, match="is damaged"):
        visitors.signed("a" * 32)


def test_a_name_is_kept_tidy() -> None:
    visitor_id = visitors.new_id()
    assert visitors.read(visitor_id) == Visitor(visitor_id)
    visitors.rename(visitor_id, "  Ana\n\x07 María  " + "x" * 99)
    name = visitors.read(visitor_id).name
    assert name.startswith("Ana María x") and len(name) == MOST_NAME


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": 3}', b"[]", b'{"id": "x", "name": null}', b"\xff\xfe"])
def test_what_cannot_be_read_counts_as_nothing(content: bytes) -> None:
    visitor_id = visitors.new_id()
    folder = settings.HOME.value() / "visitors"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{visitor_id}.json").write_bytes(content)
    assert visitors.read(visitor_id) == Visitor(visitor_id)


@pytest.mark.parametrize("bad", ["", "../../x", "A" * 32, "a" * 31])
def test_no_file_lies_outside(bad: str) -> None:
    with pytest.raises(ValueError):
        visitors.read(bad)


def test_a_code_counts_as_long_as_it_is_the_one_that_is_set() -> None:
    visitor_id = visitors.new_id()
    visitors.enter_class(visitor_id, "spring")
    visitors.enter_as_teacher(visitor_id, "owl")
    known = visitors.read(visitor_id)
    assert visitors.knows_class(known, "spring") and not visitors.knows_class(known, "autumn")
    assert visitors.knows_teacher(known, "owl") and not visitors.knows_teacher(known, "spring")
    kept = (settings.HOME.value() / "visitors" / f"{visitor_id}.json").read_text()
    assert "spring" not in kept and "owl" not in kept


def test_who_knows_the_class_code_is_no_teacher_by_copying_its_digest() -> None:
    visitor_id = visitors.new_id()
    known = visitors.enter_class(visitor_id, "same")
    assert not visitors.knows_teacher(Visitor(visitor_id, teacher_code=known.class_code), "same")


@pytest.mark.parametrize(("entered", "wanted", "right"), [("owl", "owl", True), (" owl ", "owl", True), ("Owl", "owl", False), ("", "", False), ("", "owl", False), ("猫头鹰", "猫头鹰", True)])  # fmt: skip
def test_codes(entered: str, wanted: str, right: bool) -> None:
    assert visitors.is_code(entered, wanted) == right


def test_guessing_is_slow() -> None:
    now = [0.0]
    attempts = Attempts(clock=lambda: now[0])
    for _ in range(MOST_WRONG):
        assert attempts.wait("there") == 0
        attempts.failed("there")
    assert attempts.wait("there") == WRONG_SECONDS and attempts.wait("elsewhere") == 0
    now[0] = WRONG_SECONDS
    assert attempts.wait("there") == 0
