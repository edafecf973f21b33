"""``amlclassic diagnose``: what is wrong with a retraining, by the checks of the troubleshooting document."""

from __future__ import annotations

import argparse

_EPILOG = """\
It walks the checks of the troubleshooting document in its order, shows what it
saw, and names the cause and the mend. Give what the program uses, right or
wrong; what is not given is not checked. Nothing is changed on the service:
only GET and RRS calls are sent, and the control plane is not needed.

With an endpoints file alone it looks at the scoring service and the endpoint
that was added to it. Secrets can also be given in the environment:
AMLCLASSIC_TOKEN, AMLCLASSIC_SCORING_KEY, AMLCLASSIC_TRAINING_KEY,
AMLCLASSIC_SAS_BLOB_TOKEN.

Exit status: 0 nothing wrong was found; 1 something is wrong, or the service
cannot be reached; 2 the call was wrong; 130 stopped by Ctrl-C.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    known = parser.add_argument_group("what is known")
    known.add_argument("--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote")
    known.add_argument(
        "--workspace", metavar="NAME", help="workspace, by name or id (default: the addresses', or first)"
    )
    known.add_argument("--scoring-service", metavar="NAME", help="by name or id, where no PATCH URL is given")
    known.add_argument("--endpoint-name", metavar="NAME", help="the added endpoint, where no PATCH URL is given")
    patch = parser.add_argument_group("what the program PATCHes with")
    patch.add_argument("--patch-url", metavar="URL", help="the address that the PATCH is sent to")
    patch.add_argument("--token", metavar="TOKEN", help="the token that it is sent with")
    patch.add_argument("--resource-name", metavar="NAME", help="Name of the resource")
    patch.add_argument("--base-location", metavar="URL", help="BaseLocation of the model")
    patch.add_argument("--relative-location", metavar="PATH", help="RelativeLocation of the model")
    patch.add_argument("--sas-blob-token", metavar="TOKEN", help="SasBlobToken of the model")
    patch.add_argument("--model-url", metavar="URL", help="the three in one, as the program joins them")
    score = parser.add_argument_group("what the program scores with")
    score.add_argument("--scoring-url", metavar="URL", help="ApiLocation of the endpoint, or its RRS address")
    score.add_argument("--scoring-key", metavar="KEY", help="key that it is scored with")
    score.add_argument("--request", metavar="FILE", help="the JSON that it sends (default: made of swagger's sample)")
    train = parser.add_argument_group("what the program trains with")
    train.add_argument("--training-url", metavar="URL", help="address of the training endpoint that it calls")
    train.add_argument("--training-key", metavar="KEY", help="key of that endpoint")
    train.add_argument("--job-id", metavar="ID", help="the job that made the model")
    parser.add_argument("--lang", choices=("en", "ko"), default="en", help="language of the texts (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Diagnose. Returns 0, 1, 2 or 130 as the epilog says."""
    from amlemulator.commands._diagnosing import diagnosed  # the client stays out of `amlclassic --help`

    return diagnosed(arguments)
