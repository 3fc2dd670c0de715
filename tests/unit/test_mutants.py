"""The mutants fit the code: a rule that was moved or reworded is still broken on purpose."""

from collections.abc import Iterator

import pytest
import yaml

from tests.mutants.__main__ import LIST, PROJECT, Mutant


def mutants() -> Iterator[Mutant]:
    """All mutants of the list."""
    for fields in yaml.safe_load((PROJECT / LIST).read_text(encoding="utf-8")):
        yield Mutant.model_validate(fields)


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_what_a_mutant_breaks_stands_once_in_its_file(mutant: Mutant) -> None:
    assert (PROJECT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert [one for one in mutant.tests if not (PROJECT / one.split("::")[0]).exists()] == []
