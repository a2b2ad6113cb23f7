"""Bytes to text: what is no text, and which encoding the text is in.

This module does not know what the text holds.
"""

import re

from core.errors import N_, UserError
from core.tables.table import Note

MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP / Excel / Word",
    b"\xd0\xcf\x11\xe0": "Excel / Word 97",
    b"\x1f\x8b": "GZIP",
    b"SQLite format 3": "SQLite",
}
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
    if strange > len(start) / 20 and not _utf16_codec(data):
        raise UserError("{file} holds binary data, not text; save the data as CSV (UTF-8)", file=name)


def decode(data: bytes, encoding: str = "") -> tuple[str, str, tuple[Note, ...]]:
    """The text, the name of its encoding, and remarks on the reading.

    encoding: the Python codec that a person named. Raises UserError when there is no such codec.
    """
    if encoding:
        return _decode_as(_known(encoding), encoding, data)
    if data.startswith(b"\xef\xbb\xbf"):
        return _decode_as("utf-8-sig", "UTF-8 (BOM)", data)
    utf16 = _utf16_codec(data)
    if utf16:
        return _decode_as(utf16, "UTF-16", data)
    if _is_mostly("utf-8", data):
        return _decode_as("utf-8", "UTF-8", data)
    if _is_mostly("gb18030", data) and _is_chinese(data):
        return _decode_as("gb18030", "GB18030", data)
    return _decode_western(data)


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
    message = N_("{count} characters are damaged: they are not {encoding} and were read as �")
    return text, name, ((message, {"count": text.count("\ufffd"), "encoding": name}),)


def _decode_western(data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """Windows-1252, which is Latin-1 with quotation marks and dashes where Latin-1 has control characters."""
    name = "Windows-1252" if re.search(rb"[\x80-\x9f]", data) else "Latin-1"
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "Latin-1"
    message = N_("the letters were read as {encoding}; if they look wrong, save the file as UTF-8")
    return text, name, ((message, {"encoding": name}),)


def _utf16_codec(data: bytes) -> str:
    """The codec of UTF-16 text, with or without a byte order mark; "" when it is not UTF-16.

    Without the mark, text is UTF-16 when reading it as such gives printable characters with some ASCII among them:
    other text read as UTF-16 gives none, since there each ASCII character is two bytes, one of them zero.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = data.count(0)
    if not zeros or len(data) % 2 or (zeros < len(data) / 10 and _is_mostly("utf-8", data)):
        return ""
    fitting: dict[str, int] = {}
    for codec in ("utf-16-le", "utf-16-be"):
        text = data[:65536].decode(codec, "replace")
        ascii_characters = len(re.findall(r"[\t\n\r -~]", text))
        unreadable = sum(not (character.isprintable() or character in "\t\r\n\u3000") for character in text)
        if ascii_characters > len(text) / 50 >= unreadable:
            fitting[codec] = ascii_characters
    return max(fitting, key=fitting.__getitem__, default="")


def _is_mostly(codec: str, data: bytes) -> bool:
    """Whether at most a tenth as many characters are damaged as there are good ones beyond ASCII."""
    text = data.decode(codec, "replace")
    damaged = text.count("\ufffd")
    return damaged * 10 <= len(re.findall(r"[^\x00-\x7f]", text)) - damaged


def _is_chinese(data: bytes) -> bool:
    """Whether bytes that can be read as GB18030 are Chinese rather than a Western language.

    Accented letters stand alone between ASCII letters; a Chinese character is mostly two bytes beyond ASCII, and the
    3,755 most common ones (GB 2312 level 1, first byte B0–D7) make up most of any Chinese text, but seldom arise from
    two accented letters in a row.
    """
    beyond = re.findall(rb"[\x80-\xff]+", data[:1_000_000])
    together = sum(len(run) for run in beyond if len(run) > 1)
    characters = re.sub(r"[\x00-\x7f\ufffd]", "", data[:1_000_000].decode("gb18030", "replace"))
    first_bytes = characters.encode("gb2312", "ignore")[::2]
    common = sum(0xB0 <= byte <= 0xD7 for byte in first_bytes)
    return together >= 0.6 * sum(map(len, beyond)) and common >= 0.3 * len(characters) and common > 0
