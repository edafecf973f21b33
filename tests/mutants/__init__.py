"""Plausible wrong behaviours of the emulator, each a small patch: proof that ``amlclassic contracts check`` sees them.

``python -m mutants`` (with ``tests`` on the path) serves each in a process of its own and has it checked.
"""
