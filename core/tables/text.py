"""Bytes to text: what is no text, and which encoding the text is in.

This module does not know what the text holds.
"""

import re

from core.errors import N_, Note, UserError, plural
from core.tables.encodings import Guess, guess

MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP / Excel / Word",
    b"\xd0\xcf\x11\xe0": "Excel / Word 97",
    b"\x1f\x8b": "GZIP",
    b"SQLite format 3": "SQLite",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a": "RAR",
    b"BZh9": "BZIP2",
    b"\xfd7zXZ": "XZ",
}
LFS = b"version https://git-lfs.github.com/spec/"
HTML = re.compile(
    rb"(\xef\xbb\xbf)?\s{0,1000}(<!--.{0,1000}-->\s{0,1000})?(<\?xml|<!doctype|<html|<head|<body)",
    re.IGNORECASE | re.DOTALL,
)
PICKLE = re.compile(rb"\x80[\x02-\x05]")


def check_text(data: bytes, name: str) -> None:
    """Raise UserError when the bytes are not text, whatever the file is called."""
    if PICKLE.match(data):
        raise UserError(
            "{file} is a pickle file, which can run code when it is opened, so it is never read; save the data as CSV",
            file=name,
        )
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            raise UserError(
                "{file} is not a table but a file of another kind ({kind}), whatever its name; save the data as CSV (UTF-8)",
                file=name,
                kind=kind,
            )
    start = data[:65536]
    strange = len(re.findall(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]", start))
    if strange > len(start) / 20 and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and not _utf16_codec(data):
        raise UserError("{file} holds binary data, not text; save the data as CSV (UTF-8)", file=name)


def check_content(data: bytes, name: str) -> None:
    """Raise UserError when a text stands where the data should be: a pointer to it, or a page of the web."""
    if data.startswith(LFS):
        raise UserError(
            "{file} holds no data: it is a pointer that Git LFS leaves in its place; fetch the data with 'git lfs pull', or "
            "download the file itself",
            file=name,
        )
    if HTML.match(data[:65536]):
        raise UserError(
            "{file} is a web page (HTML or XML), not a table; perhaps a sign-in or error page was saved in its place: "
            "download the file itself",
            file=name,
        )


# --- Encodings ---------------------------------------------------------------------------------------------------------

NAMES = {
    "shift_jis": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "euc_kr": "EUC-KR",
    "big5": "Big5",
    "latin-1": "Latin-1",
    "cp874": "CP874",
    "cp866": "CP866",
}
ISO_2022_JP = (b"\x1b$B", b"\x1b$@")


def decode(data: bytes, encoding: str = "") -> tuple[str, str, tuple[Note, ...]]:
    """The text, the name of its encoding, and remarks on the reading.

    encoding: the Python codec that a person named. Raises UserError when there is no such codec.
    """
    if encoding:
        return _decode_as(_known(encoding), encoding, data)
    if data.startswith(b"\xef\xbb\xbf"):
        return _decode_as("utf-8-sig", "UTF-8 (BOM)", data)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decode_as("utf-16", "UTF-16", data)
    utf16 = _utf16_codec(data)
    if utf16:
        return _guessed(Guess(utf16, doubtful=False), "UTF-16", data)
    if any(mark in data[:65536] for mark in ISO_2022_JP):
        return _guessed(Guess("iso2022_jp", doubtful=False), "ISO-2022-JP", data)
    try:
        return data.decode("utf-8"), "UTF-8", ()
    except UnicodeDecodeError:
        if _is_mostly_utf8(data):
            return _decode_as("utf-8", "UTF-8", data)
    found = guess(data)
    name = NAMES.get(found.codec) or re.sub("cp(?=125)", "windows-", found.codec).replace("_", "-").upper()
    return _guessed(found, name.replace("WINDOWS", "Windows"), data)


def _known(encoding: str) -> str:
    """The codec that a person named, which must be one of text."""
    try:
        "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise UserError(
            "there is no encoding '{name}'; examples are utf-8, gb18030, big5, shift_jis, euc-kr, cp1251 and cp1252",
            name=encoding[:50],
        ) from error
    return encoding


def _decode_as(codec: str, name: str, data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """The decoded text; what cannot be decoded becomes U+FFFD and is noted."""
    try:
        return data.decode(codec), name, ()
    except UnicodeDecodeError:
        text = data.decode(codec, "replace")
    message = plural(
        N_("{count} character is damaged: it is not {encoding} and was read as �"),
        N_("{count} characters are damaged: they are not {encoding} and were read as �"),
        text.count("\ufffd"),
    )
    return text, name, ((message, {"count": text.count("\ufffd"), "encoding": name}),)


def _guessed(found: Guess, name: str, data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """The text in an encoding that nobody named, with the remark that it was guessed."""
    text, name, notes = _decode_as(found.codec, name, data)
    message = (
        N_(
            "the letters were read as {encoding}, which is little more than a guess; if they look wrong, name the encoding "
            "or save the file as UTF-8"
        )
        if found.doubtful
        else N_("the letters were read as {encoding}; if they look wrong, name the encoding or save the file as UTF-8")
    )
    return text, name, ((message, {"encoding": name}), *notes)


def _utf16_codec(data: bytes) -> str:
    """The codec of UTF-16 text without a byte order mark; "" when it is not UTF-16.

    Text is UTF-16 when reading it as such gives printable characters with some ASCII among them: other text read as UTF-16
    gives none, since there each ASCII character is two bytes, one of them zero.
    """
    start = data[:65536]
    if not start.count(0) or len(data) % 2 or (start.count(0) < len(start) / 10 and _is_mostly_utf8(start)):
        return ""
    fitting: dict[str, int] = {}
    for codec in ("utf-16-le", "utf-16-be"):
        text = start.decode(codec, "replace")
        ascii_characters = len(re.findall(r"[\t\n\r -~]", text))
        unreadable = sum(not (character.isprintable() or character in "\t\r\n\u3000") for character in text)
        if ascii_characters > len(text) / 50 >= unreadable:
            fitting[codec] = ascii_characters
    return max(fitting, key=fitting.__getitem__, default="")


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether at most a tenth as many characters are damaged as there are good ones beyond ASCII."""
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    return damaged * 10 <= len(text) - len(text.encode("ascii", "ignore")) - damaged
