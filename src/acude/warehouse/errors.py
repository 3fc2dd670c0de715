"""What can go wrong with the warehouse, said in sentences that a user can act on."""

from acude.local.errors import PlatformError


class WarehouseError(PlatformError):
    """A load or a look at the warehouse that failed; says what was found and what to do next."""


class UnreachableError(WarehouseError):
    """The database doesn't answer."""


class SchemaDriftError(WarehouseError):
    """The warehouse's tables aren't those of the contracts."""


class LoadError(WarehouseError):
    """A table's period wasn't loaded; its old rows stand."""
