"""What can go wrong with the warehouse."""

from acude.errors import AcudeError


class WarehouseError(AcudeError):
    """A load or a look at the warehouse failed."""


class UnreachableError(WarehouseError):
    """The database doesn't answer."""

    retryable = True


class SchemaDriftError(WarehouseError):
    """The warehouse's tables aren't those of the contracts."""


class LoadError(WarehouseError):
    """A table's period wasn't loaded; its old rows stand."""

    retryable = True
