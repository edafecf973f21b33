"""Plausible wrong behaviours of the client, each a small patch: proof that the client's tests see them.

``python -m mutants.client`` (with ``tests`` on the path) runs the client's tests on each, in a process of its own.
"""

from mutants.patching import Register

OF_CLIENT = Register(
    "mutants.client.of_repeating",
    "mutants.client.of_connections",
    "mutants.client.of_answers",
    "mutants.client.of_requests",
    "mutants.client.of_secrets",
    "mutants.client.of_flows",
)
mutant, mutants = OF_CLIENT.mutant, OF_CLIENT.every
