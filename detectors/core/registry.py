"""Finds the detectors: one file each beside this package, so the folder is the registry."""

import pkgutil
from functools import cache
from importlib import import_module

import detectors

from .detector import Detector


@cache
def catalogue() -> dict[str, type[Detector]]:
    """Every detector by name, in the order of their names."""
    found: dict[str, type[Detector]] = {}
    for module in pkgutil.iter_modules(detectors.__path__):
        if module.ispkg:
            continue
        members = vars(import_module(f"detectors.{module.name}")).values()
        own = [
            member
            for member in members
            if isinstance(member, type) and issubclass(member, Detector) and member.name() == module.name
        ]
        if len(own) != 1:
            raise TypeError(f"detectors/{module.name}.py must define exactly one detector, it defines {len(own)}")
        found[module.name] = own[0]
    return found
