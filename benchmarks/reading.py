"""How fast a large file is read: the studio's reader beside pandas.read_csv, on the same 60 MB.

    python -m benchmarks.reading                   200,000 rows of about 300 characters: less than a minute
    python -m benchmarks.reading --rows 20000

The file is made up in the run: sentences with commas, quotation marks and line breaks inside of quoted cells, and one of four
labels. Contenders:

    studio         the whole way from a path to a checked Table: encoding, delimiter, header, quotation marks and remarks are found
                   out, in a process of its own with limits, and the rows handed over
    pandas         pandas.read_csv(path, dtype=str, keep_default_na=False), which is told everything

Each runs in a fresh process that has loaded its libraries before the time is taken; the studio's time includes the start of the
process that reads. One JSON line per contender: seconds, seconds of a processor (which a busy machine changes less; both are the
least of --repeat runs), and the peak memory of all its processes together.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

WORDS = (
    "the a of and to in was film plot actor scene music story who never again really warm dull clever long evening friends "
    "laughed cried home rain summer old new city train letter voice light dark between without because although perhaps"
).split()
LABELS = ("praise", "complaint", "question", "other")
MB = 1024 * 1024


def sentence(chance: random.Random) -> str:
    words = chance.choices(WORDS, k=chance.randint(6, 14))
    if chance.random() < 0.3:
        words[len(words) // 2] += ","
    if chance.random() < 0.15:
        words[1] = f'"{words[1]} {words[2]}"'
    return " ".join(words).capitalize() + chance.choice(".!?.")


def write(path: Path, rows: int) -> None:
    """A file of so many rows as spreadsheets write it: a cell is enclosed where it must be."""
    chance = random.Random(7)
    sentences = [sentence(chance) for _ in range(5000)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,text,label\r\n")
        for number in range(rows):
            text = " ".join(chance.choices(sentences, k=5))
            if number % 50 == 0:
                text = text.replace(". ", ".\n", 1)
            cell = '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text
            file.write(f"{number},{cell},{chance.choice(LABELS)}\r\n")


def studio() -> Callable[[Path], int]:
    from core.tables import apart, files

    return lambda path: len(apart.read(files.read_table, path).frame)


def pandas() -> Callable[[Path], int]:
    import pandas as pd

    return lambda path: len(pd.read_csv(path, dtype=str, keep_default_na=False))


CONTENDERS = {"studio": studio, "pandas": pandas}


def contend(name: str, path: Path) -> None:
    """Read the file once and print what it took."""
    read = CONTENDERS[name]()
    began, before = time.perf_counter(), sum(os.times()[:4])
    rows = read(path)
    result = {"seconds": time.perf_counter() - began, "processor_seconds": sum(os.times()[:4]) - before, "rows": rows}
    print(json.dumps(result))


def resident(process: psutil.Process) -> int:
    """The bytes of memory that a process and its children hold."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        with one.oneshot():
            total += one.memory_info().rss if one.status() != psutil.STATUS_ZOMBIE else 0
    return total


def measured(name: str, path: Path) -> dict[str, float]:
    """What a contender says of one reading, and the most bytes of memory that it held."""
    command = [sys.executable, "-m", "benchmarks.reading", "--contender", name, "--file", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched, most = psutil.Process(process.pid), 0
        while process.poll() is None:
            try:
                most = max(most, resident(watched))
            except psutil.NoSuchProcess:
                continue  # it, or one of its children, has just ended
            time.sleep(0.01)
        return {**json.loads(process.stdout.read() if process.stdout else ""), "memory": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each contender, in turn")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        contend(options.contender, options.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.csv"
        write(path, options.rows)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(options.repeat):
            for name in CONTENDERS:
                runs[name].append(measured(name, path))
        for name, results in runs.items():
            line = {
                "contender": name,
                "megabytes": round(path.stat().st_size / 1e6, 1),
                "rows": results[0]["rows"],
                "seconds": round(min(result["seconds"] for result in results), 2),
                "processor_seconds": round(min(result["processor_seconds"] for result in results), 2),
                "peak_memory_mb": round(max(result["memory"] for result in results) / MB),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
