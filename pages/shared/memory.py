"""Memory that was freed goes back to the machine: glibc keeps what large passes through a model needed, hundreds of MB."""

import ctypes
import platform

GLIBC = platform.libc_ver()[0] == "glibc"


def give_back() -> None:
    """Give freed memory back. It takes 0.1 ms when there is none, and 40 ms when there are 250 MB."""
    if GLIBC:
        ctypes.CDLL(None).malloc_trim(0)
