"""What core says to people: mistakes they can mend, and texts that a page will translate.

Core knows no language. A message is an English template plus its values, so that a page can translate the
template and fill the values in afterwards. This module does not know where a message is shown.
"""

from collections.abc import Iterable, Mapping

Note = tuple[str, Mapping[str, object]]  # a remark: its template, marked for translation, and its values


class UserError(Exception):
    """A mistake the user can mend: `message` is a str.format template, `values` what it is filled with.

    >>> str(UserError("column '{column}' not found; the file has: {columns}", column="lable", columns="text, label"))
    "column 'lable' not found; the file has: text, label"
    """

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        super().__init__(message.format(**values))


class Cancelled(Exception):
    """Raised out of long work when its `report` callback asked it to stop."""


def plural(one: str, several: str, count: float) -> str:
    """The template for this many of a thing; both are marked for translation with N_.

    A page that has the number at hand says ngettext instead. The choice is made here, so that a remark stays a string that can be kept.
    """
    return one if count == 1 else several


def N_(text: str) -> str:
    """Mark a text for translation (gettext's no-op marker) and return it unchanged."""
    return text


def some(names: Iterable[object], most: int = 10, chars: int = 100) -> str:
    """The first few of these names, each as far as so many characters, and that there are more."""
    shown = [str(name)[:chars] for name in names]
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "")
