"""The machine a run trains on: its device, whether it computes in bfloat16, its threads and memory, and its description.

This module does not know what is trained there.
"""

import ctypes
import functools
import platform
import re
import sys
import timeit
from pathlib import Path

import psutil
import torch
import transformers
from transformers import TrainingArguments

from core import threads

WORTH_ROUNDING = 1.2  # how many times as fast as float32 bfloat16 must be
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@functools.cache
def bfloat16_pays(device: torch.device) -> bool:
    """Whether training should compute in bfloat16: the device multiplies such numbers itself, and faster than float32.

    A processor is timed, once (a tenth of a second): with matrix units (AMX) bfloat16 is more than twice as fast, with the
    AVX-512 instructions alone it can be half as fast.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    if not (able.get("avx512_bf16") or able.get("amx_bf16")):
        return False
    return _seconds_of_a_product(torch.float32) > WORTH_ROUNDING * _seconds_of_a_product(torch.bfloat16)


def _seconds_of_a_product(dtype: torch.dtype) -> float:
    """The shortest of some matrix products, on one thread: short enough that a busy machine leaves one of them alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        x, weight = torch.ones(512, 384, dtype=dtype), torch.ones(384, 384, dtype=dtype)
        return min(timeit.repeat(lambda: x @ weight, number=1, repeat=30))
    finally:
        torch.set_num_threads(before)


def settle_process() -> None:
    """Threads as the settings say; memory that a step frees is kept for the next (glibc returns it at a cost of 5%)."""
    threads.settle()
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory_mb() -> float:
    """The most memory this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def environment(args: TrainingArguments, attention: str) -> dict[str, str]:
    used = device()
    processor = str(torch.cpu.get_capabilities().get("cpu_name") or platform.processor() or platform.machine())
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "system": platform.platform(terse=True),
        "device": torch.cuda.get_device_name() if used.type == "cuda" else processor,
        "threads": str(threads.most()),
        "precision": "bfloat16 autocast" if args.bf16 else "float32",
        "attention": attention,
    }
