"""What nobody needs any more goes: from memory now and then, from the disk once an hour.

From the disk go files that nobody has used for a week and, in a studio with a code or a login, what visitors cancelled long ago. Runs
that ended otherwise stay until somebody deletes them. This module does not know how either of them is kept.
"""

import logging
import time

from core import classroom
from core.errors import UserError
from pages.shared import memory, visitor
from pages.shared.data_form import uploads

EVERY_SECONDS = 3600.0
LOG = logging.getLogger(__name__)


class Tidy:
    """When the disk was tidied up last."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def up(self) -> None:
        """Tidy up what is due. What cannot be deleted is said in the log, and tried again an hour later."""
        memory.sweep()
        if time.monotonic() - self._last < EVERY_SECONDS:
            return
        self._last = time.monotonic()
        try:
            uploads.clear_away()
            if visitor.is_class():
                classroom.clear_cancelled(time.time())
        except (OSError, UserError) as error:
            LOG.warning("the disk could not be tidied up: %s", error)
