"""The provider side: checks whether a service keeps the promises that ``contracts/`` writes down.

It needs the addresses and keys of an endpoints file and nothing else: no control plane, no module of the emulator. What
it makes it removes. ``amlclassic contracts check`` is its command; ``checks`` holds the promises, one function each.
"""
