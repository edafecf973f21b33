"""What is wrong with a retraining: the checks of the troubleshooting document, walked in its order.

``setup`` is what the program that does not work uses, ``survey`` what the service tells about it (GET and RRS only:
nothing is changed), ``checks_*`` the questions, ``walk`` their order, ``result`` what came of them.
"""

from .result import CheckResult, Diagnosis
from .setup import RetrainingSetup
from .walk import diagnose

__all__ = ["CheckResult", "Diagnosis", "RetrainingSetup", "diagnose"]
