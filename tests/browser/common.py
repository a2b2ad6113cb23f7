"""What every browser test asks of a page when it is done."""

import re

from tests.browser.driver import Watch

STREAMLITS_OWN = re.compile(r"status of 404")  # Streamlit looks for its own end points below a page's path first


def check(watch: Watch) -> None:
    """Nothing left the machine, and no message of ours is on the console."""
    assert watch.outside == []
    assert [message for message in watch.console if not STREAMLITS_OWN.search(message)] == []
