"""What goes on inside a fuzz's process: `python -m tests.fuzz.MODULE WHAT OF SEED FIRST END STEP`.

Inputs are drawn by what, of, seed and number alone, so that those of a failure can be drawn again.
"""

import faulthandler
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Fuzz(NamedTuple):
    """What is asked of this process.

    Attributes:
        what: is checked.
        of: topic, server or kind of file.
        seed: of all inputs.
        numbers: of the inputs, with a step of those that are checked together.
    """

    what: str
    of: str
    seed: int
    numbers: range

    @classmethod
    def asked(cls) -> "Fuzz":
        """By the command line."""
        _, what, of, seed, *numbers = sys.argv
        return cls(what, of, int(seed), range(*map(int, numbers)))

    def steps(self, drawn: Callable[[int], T]) -> Iterator[list[T]]:
        """The inputs of each step, which is printed before it is taken: the last line names what ended the process.

        Args:
            drawn: makes the input of a number.
        """
        faulthandler.enable()
        for first in self.numbers:
            last = min(first + self.numbers.step, self.numbers.stop)
            inputs = [drawn(number) for number in range(first, last)]
            print(self.what, self.of, self.seed, first, inputs[0] if len(inputs) == 1 else len(inputs), flush=True)
            yield inputs
