"""The hub: how names on it are written, and whether it can be asked now.

This module does not know what is fetched from it.
"""

import re
import socket
from functools import lru_cache
from urllib.parse import urlparse

from huggingface_hub import constants

from core import settings

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)


@lru_cache(maxsize=8)
def _answers(host: str, port: int, timeout: float) -> bool:
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError:
        return False
    return True


def hub_reachable() -> bool:
    """Whether the hub can be asked. The answer is remembered until `forget_hub`, so that an offline machine waits once."""
    if settings.HUB.value() == "off":
        return False
    address = urlparse(constants.ENDPOINT)
    port = address.port or (443 if address.scheme == "https" else 80)
    return _answers(address.hostname or "", port, settings.HUB_TIMEOUT.value())


def forget_hub() -> None:
    """Ask the hub again next time."""
    _answers.cache_clear()
