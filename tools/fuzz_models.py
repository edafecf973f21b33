"""Go through broken model files: ``python tools/fuzz_models.py [--count 200000] [--first 0] [--processes 2]``.

Each file is refused with ModelFileError, or is another sound model and scores. Found, and told by number, is what
ends a process, raises anything else, or imports, opens or starts something. Odd numbers are files broken anywhere,
all of which must be refused; even ones are broken inside and sealed again. Ends with 1 when anything was found.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"


@dataclass
class Tally:
    """What has come out so far."""

    done: int = 0
    refused: int = 0
    sound: int = 0  # of the even numbers: what was made of them is another model
    found: list[str] = field(default_factory=list)


def child(numbers: range) -> None:
    """Examine the files and tell of each, on a line, before and after."""
    sys.path.insert(0, str(TESTS))
    import resource

    from support.broken_models import examine

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))  # as a worker has it by default
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    for number in numbers:
        out.write(f"? {number}\n")
        try:
            refused, forbidden = examine(number)
        except BaseException as error:
            out.write(f"! {number} {type(error).__name__}: {' '.join(str(error).split())[:300]}\n")
            continue
        if number % 2 and not refused:
            out.write(f"! {number} a file that was broken anywhere was not refused\n")
        for each in forbidden:
            out.write(f"! {number} {' '.join(each.split())[:300]}\n")
        out.write("- \n" if refused else "+ \n")


def mind(numbers: range, tally: Tally) -> None:
    """Have children examine the files, a new one where one dies."""
    last = numbers.start - 1
    while last + 1 < numbers.stop:
        words = [sys.executable, __file__, "--child", str(last + 1), str(numbers.stop)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with subprocess.Popen(  # noqa: S603 - this very file, no shell
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                mark, _, text = line.rstrip().partition(" ")
                if mark == "?":
                    last = int(text)
                elif mark == "!":
                    tally.found.append(text)
                else:
                    tally.refused += mark == "-"
                    tally.sound += mark == "+"
                    tally.done += 1
        if process.returncode:
            tally.found.append(f"{last} ended its process with status {process.returncode}")
            tally.done += 1


def main() -> int:
    """Go through the files and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(range(*arguments.child))
        return 0
    tallies = [Tally() for _ in range(arguments.processes)]
    each = -(-arguments.count // arguments.processes)
    ranges = [
        range(start, min(start + each, arguments.first + arguments.count))
        for start in range(arguments.first, arguments.first + arguments.count, each)
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(arguments.processes) as pool:
        waiting = [pool.submit(mind, numbers, tally) for numbers, tally in zip(ranges, tallies, strict=False)]
        while not all(future.done() for future in waiting):
            time.sleep(1)
            show(tallies, arguments.count, time.perf_counter() - began)
    show(tallies, arguments.count, time.perf_counter() - began)
    for future in waiting:
        future.result()
    found = [text for tally in tallies for text in tally.found]
    print("", *found, sep="\n" if found else "")
    print(f"{len(found)} found" if found else "nothing found")
    return 1 if found else 0


def show(tallies: list[Tally], count: int, seconds: float) -> None:
    """Tell how far it is, on one line."""
    done, refused, sound = (sum(getattr(one, name) for one in tallies) for name in ("done", "refused", "sound"))
    text = f"{done:,} of {count:,} files in {seconds:.0f} s: {refused:,} refused, {sound:,} other sound models"
    print(f"\r{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
