"""Every emulated module of Studio's palette by its name: the catalogues put together. Nothing heavy is imported."""

from __future__ import annotations

from functools import cache

from amlemulator.experiments.catalogue_data import DATA
from amlemulator.experiments.catalogue_functions import FUNCTIONS
from amlemulator.experiments.catalogue_learners import LEARNERS
from amlemulator.experiments.catalogue_models import MODELS
from amlemulator.experiments.catalogue_preparation import PREPARATION
from amlemulator.experiments.modules import Module


@cache
def registry() -> dict[str, Module]:
    """Return every emulated module by its name, older names included."""
    modules = (*DATA, *PREPARATION, *LEARNERS, *MODELS, *FUNCTIONS)
    return {name: module for module in modules for name in (module.name, *module.older_names)}
