"""Consumer contracts: what somebody's program relies on, recorded from its run, kept as a file, checked anywhere.

``calls`` makes calls of exchanges (``places`` takes out what differs from run to run), ``shapes`` says what is relied
on in an answer, ``file`` reads and writes the contract, ``comparing`` holds a run against it, ``replay`` makes the
calls again at any service. The pytest plugin is the emulator's; nothing here knows it.
"""
