"""``amlclassic retrain``: the whole retraining flow against any endpoints file or any addresses, resumable."""

from __future__ import annotations

import argparse

_EPILOG = """\
Keys can also be given in the environment: AMLCLASSIC_TRAINING_KEY, AMLCLASSIC_TOKEN, AMLCLASSIC_CONNECTION_STRING.

The journal (--state) records every step, without keys. Killed or stopped at any point, the same command goes on where
it was; at most one job is started and the endpoint is updated once. When all is done the same command only looks
whether it still is so; other input makes a new retraining, and so does --again.

Exit status: 0 the endpoint serves the new model; 1 something failed, or the condition is not met (then nothing was
changed); 2 the call was wrong; 130 stopped by Ctrl-C, to be gone on with.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.epilog = _EPILOG
    _add_places(parser)
    _add_work(parser)
    _add_conduct(parser)


def _add_places(parser: argparse.ArgumentParser) -> None:
    file = parser.add_argument_group("where, by an endpoints file")
    file.add_argument("--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote")
    file.add_argument("--workspace", metavar="NAME", help="workspace, by name or id (default: the first)")
    file.add_argument("--training-service", metavar="NAME", help="by name or id (default: the first that trains)")
    file.add_argument("--scoring-service", metavar="NAME", help="by name or id (default: the one named after it)")
    direct = parser.add_argument_group("where, by addresses")
    direct.add_argument("--training-url", metavar="URL", help="ApiLocation of the training service's endpoint")
    direct.add_argument("--training-key", metavar="KEY", help="key of that endpoint")
    direct.add_argument("--management-url", metavar="URL", help="management host of the workspace's own region")
    direct.add_argument("--token", metavar="TOKEN", help="the workspace's authorization token")
    direct.add_argument("--workspace-id", metavar="ID", help="the workspace (default: the one in --training-url)")
    direct.add_argument("--scoring-service-id", metavar="ID", help="the scoring (predictive) web service")


def _add_work(parser: argparse.ArgumentParser) -> None:
    work = parser.add_argument_group("what")
    source = work.add_mutually_exclusive_group()
    source.add_argument("--input", metavar="FILE", help="training rows on this machine; they are uploaded")
    source.add_argument("--input-blob", metavar="PATH", help="training rows in storage: container/path/rows.csv")
    source.add_argument("--input-url", metavar="URL", help="training rows by their whole address, SAS included")
    work.add_argument(
        "--connection-string", metavar="TEXT", help="storage to upload to (default: the endpoints file's)"
    )
    work.add_argument("--container", metavar="NAME", default="retraining", help="container to upload to (%(default)s)")
    work.add_argument("--input-name", metavar="NAME", default="input1", help="Web Service Input (%(default)s)")
    work.add_argument("--parameter", metavar="NAME=VALUE", action="append", default=[], help="web service parameter")
    work.add_argument("--endpoint-name", metavar="NAME", default="retrained", help="endpoint to update (%(default)s)")
    work.add_argument("--resource-name", metavar="NAME", help="resource to update (default: the only one there is)")
    work.add_argument("--model-output", metavar="NAME", help="output with the model (default: the .ilearner)")
    work.add_argument("--evaluation-output", metavar="NAME", help="output with the evaluation (default: the .csv)")
    work.add_argument("--accept", metavar="CONDITION", help='patch only if it holds: "AUC >= 0.9 and Accuracy > 0.8"')


def _add_conduct(parser: argparse.ArgumentParser) -> None:
    conduct = parser.add_argument_group("how")
    conduct.add_argument(
        "--state", metavar="FILE", help="the journal (default: in this folder, named by what is retrained)"
    )
    conduct.add_argument("--again", action="store_true", help="begin anew; the journal there is, is kept beside")
    conduct.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=3600.0, help="wait for the job (%(default)g)"
    )
    conduct.add_argument("--no-preflight", action="store_true", help="send what would be refused here")
    conduct.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Retrain. Returns 0, 1, 2 or 130 as the epilog says."""
    from amlemulator.commands._retraining import retrain  # the client and requests stay out of `amlclassic --help`

    return retrain(arguments)
