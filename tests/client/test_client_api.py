"""The public API, and what the package may import."""

import subprocess
import sys

import amlclient


def test_all_is_the_public_api() -> None:
    """Everything without an underscore that the package holds is in __all__, in order, and nothing else."""
    members = [name for name in vars(amlclient) if not name.startswith("_")]
    assert sorted(members) == amlclient.__all__


def test_importing_the_client_imports_nothing_heavy() -> None:
    """The storage SDK, numpy and the emulator stay out until they are needed."""
    heavy = ("azure", "numpy", "pandas", "amlemulator", "yaml")
    code = f"import sys, amlclient; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
