"""Tests of experiments train as workers do: on one thread, for with busy neighbours several are three times slower."""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
