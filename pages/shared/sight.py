"""What is in the visitor's sight: what is slow to make is made when its place comes into sight, and what was asked for is brought there.

This module does not know what is made or asked for.
"""

from pages.shared import components

_watch = components.unseen("sight")
_come = components.unseen("come")


def reached(name: str, wanted: str) -> bool:
    """Whether the visitor has this place of the page in sight while it is to show `wanted`; the browser says so when they come to it.

    Use it inside an @st.fragment, which runs again then. name: of the place. wanted: tells what it is to show from what it showed.
    """
    place = _watch(key=f"sight_{name}", data=wanted, on_seen_change=lambda: None)
    return bool(place.seen == wanted)


def come(name: str) -> None:
    """Bring this place of the page into the visitor's sight, once, where it stands far down. name: of the place."""
    _come(key=f"come_{name}")
