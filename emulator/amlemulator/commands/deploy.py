"""``amlclassic deploy``: an experiment file becomes a web service of the running emulator."""

from __future__ import annotations

import argparse

_EPILOG = """\
The experiment is checked (everything wrong is told at once, with file and line), its data files are taken along as
saved data sets, it is run once for the columns of its ports, and it becomes a web service.

With --update the service of that name gets it: the default endpoint follows and keeps its keys; added endpoints stay as
they are until they are refreshed, with the models that were put there; an endpoint with PreventUpdate stays. Models
that are not given stay as the service has them.

With --predictive FILE is a training experiment, and what Studio's "Set up web service, Predictive" made of it is
deployed: the trained model, saved transforms, input and output in their places.

With --train or --score MODULE:FUNCTION there is no experiment: FILE is a CSV file of rows, and MODULE.py in this folder
has the functions. train(rows) returns the model as bytes, score(model, rows) the scored rows, or score(rows) without
--train; rows are pandas' frames. The functions run in worker processes only. With both, the training service is NAME
and the scoring one "NAME [Predictive Exp.]".

The control plane of the emulator is asked, so this works from its own machine; elsewhere with --control-token, also
AMLCLASSIC_CONTROL_TOKEN.

Exit status: 0 deployed; 1 something is wrong with the experiment, or its run failed, and nothing was changed; 2 the
call was wrong; 130 stopped by Ctrl-C, and nothing was changed.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("file", metavar="FILE", help="the experiment, as `amlclassic experiments check` reads it")
    parser.add_argument("--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote")
    parser.add_argument("--workspace", metavar="NAME", help="workspace, by name or id (default: the first)")
    parser.add_argument("--name", metavar="NAME", help="name of the web service (default: the experiment's)")
    parser.add_argument("--update", action="store_true", help="put it in the place of the service of that name")
    parser.add_argument("--predictive", action="store_true", help="set up and deploy the predictive experiment")
    parser.add_argument("--train", metavar="MODULE:FUNCTION", help="a function that trains; FILE is rows then")
    parser.add_argument("--score", metavar="MODULE:FUNCTION", help="a function that scores; FILE is rows then")
    parser.add_argument("--label", metavar="COLUMN", default="", help="the true values, for Evaluate Model (--train)")
    parser.add_argument(
        "--model", metavar="RESOURCE=FILE", action="append", default=[], help="file for a Saved Model of the experiment"
    )
    parser.add_argument(
        "--parameter",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="web service parameter, for the run before the deployment",
    )
    parser.add_argument("--control-token", metavar="TOKEN", help="token for /_emulator, where it needs one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Deploy. Returns 0, 1, 2 or 130 as the epilog says."""
    from amlemulator.commands._deployment import deploy  # the client and PyYAML stay out of `amlclassic --help`

    return deploy(arguments)
