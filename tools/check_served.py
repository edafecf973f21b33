"""Serve an emulator, run ``amlclassic contracts check`` on it, stop it: ``tools/check_served.py [--times N] FLAGS``.

All other flags go to the command. With ``--times`` it is checked again and again, with the seeds 1, 2, 3 and so on, and
served afresh each time. Exit status: the command's first that is not 0.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from amlemulator.commands._child import ChildEmulator, Interrupted, Signals


def main(words: list[str]) -> int:
    """Check. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=0)
    arguments, flags = parser.parse_known_args(words)
    try:
        with Signals() as signals:
            if not arguments.times:
                return _check(signals, flags)
            return _repeat(signals, arguments.times, flags)
    except Interrupted as stop:
        return stop.status


def _repeat(signals: Signals, times: int, flags: list[str]) -> int:
    for number in range(1, times + 1):
        begun = time.monotonic()
        status = _check(signals, ["--seed", str(number), *flags])
        print(f"{number} of {times}: status {status}, {time.monotonic() - begun:.1f} s", flush=True)
        if status:
            return status
    return 0


def _check(signals: Signals, flags: list[str]) -> int:
    with ChildEmulator(signals) as child:
        child.start()
        command = [sys.executable, "-m", "amlemulator.cli", "contracts", "check"]
        file = str(child.folder / "endpoints.json")
        # our own program, no shell
        return subprocess.run([*command, "--endpoints-file", file, *flags], check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
