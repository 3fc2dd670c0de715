"""The signals, a file each: a pure function of a payment's past that says whether something is odd.

A file `muitos_cartoes_no_ip.py` holds the function of that name; its name in capitals is the reason code. Keyword
arguments are its thresholds, which the policy file gives; its docstring's first line is what a person reads.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from acude.risk.velocity import Past

Function = Callable[..., bool]


@dataclass(frozen=True)
class Signal:
    """One signal: its name in the policy, its reason code, what it means, its thresholds' names and types."""

    name: str
    function: Function
    thresholds: dict[str, type]

    @property
    def code(self) -> str:
        """The reason code."""
        return self.name.upper()

    @property
    def meaning(self) -> str:
        """A sentence for a person."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def fires(self, past: Past, thresholds: dict[str, float]) -> bool:
        """Whether the payment shows it."""
        return bool(self.function(past, **thresholds))


@cache
def all_signals() -> dict[str, Signal]:
    """Every signal by name, in the order of names."""
    found = {}
    for module in iter_modules(__path__):
        function: Function = getattr(import_module(f"{__name__}.{module.name}"), module.name)
        parameters = inspect.signature(function, eval_str=True).parameters.values()
        thresholds = {one.name: one.annotation for one in parameters if one.kind is one.KEYWORD_ONLY}
        found[module.name] = Signal(module.name, function, thresholds)
    return found
