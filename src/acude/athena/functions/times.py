"""Dates and times. A zoned time is read in its own zone."""

from acude.athena.functions.registry import scalar
from acude.athena.types import varchar
from acude.athena.value import Value, in_zone, local, offset_minutes, raises, refuses

_PARTS = {
    "year": "year",
    "month": "month",
    "day": "day",
    "day_of_month": "day",
    "quarter": "quarter",
    "week": "weekofyear",
    "week_of_year": "weekofyear",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
}
_TIME_PARTS = {"hour": "hour", "minute": "minute", "second": "second"}


for _name, _function in _PARTS.items():
    scalar(_name, "date -> bigint", f"CAST({_function}({{0}}) AS BIGINT)")
    scalar(_name, "timestamp(p) -> bigint", f"CAST({_function}({{0}}) AS BIGINT)")
    scalar(_name, "timestamptz(p) -> bigint", lambda a, f=_function: f"CAST({f}({local(a[0])}) AS BIGINT)")  # type: ignore[misc]
for _name, _function in _TIME_PARTS.items():
    scalar(_name, "timestamp(p) -> bigint", f"CAST({_function}({{0}}) AS BIGINT)")
    scalar(_name, "timestamptz(p) -> bigint", lambda a, f=_function: f"CAST({f}({local(a[0])}) AS BIGINT)")  # type: ignore[misc]
scalar("millisecond", "timestamp(p) -> bigint", "CAST((epoch_us({0}) // 1000) % 1000 AS BIGINT)")
scalar("hour", "interval_day -> bigint", "(({0} // 3600000) % 24)")
scalar("minute", "interval_day -> bigint", "(({0} // 60000) % 60)")
scalar("second", "interval_day -> bigint", "(({0} // 1000) % 60)")
scalar("day", "interval_day -> bigint", "({0} // 86400000)")
scalar("to_milliseconds", "interval_day -> bigint", "{0}")
scalar("last_day_of_month", "date -> date", "last_day({0})")
scalar("last_day_of_month", "timestamp(p) -> date", "last_day({0})")
scalar("last_day_of_month", "timestamptz(p) -> date", lambda a: f"last_day({local(a[0])})")
scalar("current_timezone", "-> varchar", "'UTC'")
scalar("current_date", "-> date", "CAST(timezone('UTC', now()) AS DATE)")
scalar("now", "-> timestamptz(3)", "date_trunc('millisecond', now())")
scalar("current_timestamp", "-> timestamptz(3)", "date_trunc('millisecond', now())")
scalar("localtimestamp", "-> timestamp(3)", "date_trunc('millisecond', timezone('UTC', now()))")

_FAR = raises("INVALID_FUNCTION_ARGUMENT", "Unix time is out of range")
_FROM_UNIX = "make_timestamptz(CAST(floor({0} * 1000 + 0.5) AS BIGINT) * 1000)"
scalar(
    "from_unixtime",
    "double -> timestamptz(3)",
    f"(CASE WHEN NOT isfinite({{0}}) OR abs({{0}}) > 1e12 THEN {_FAR} ELSE {_FROM_UNIX} END)",
)
scalar("to_unixtime", "timestamptz(p) -> double", "(CAST(epoch_us({0}) AS DOUBLE) / 1000000)")
scalar("to_unixtime", "timestamp(p) -> double", "(CAST(epoch_us({0}) AS DOUBLE) / 1000000)")
scalar("to_iso8601", "date", "strftime({0}, '%Y-%m-%d')", result=lambda _: varchar(16))
scalar(
    "from_iso8601_date",
    "varchar -> date",
    f"(CASE WHEN {{0}} IS NULL THEN NULL WHEN regexp_full_match({{0}}, '\\d{{4}}-\\d{{2}}-\\d{{2}}') "
    f"AND TRY_CAST({{0}} AS DATE) IS NOT NULL THEN TRY_CAST({{0}} AS DATE) "
    f"WHEN regexp_full_match({{0}}, '[-+0-9W]+') THEN {refuses('Such an ISO 8601 date')} "
    f"ELSE {raises('INVALID_FUNCTION_ARGUMENT', 'Invalid ISO 8601 date')} END)",
)
scalar("human_readable_seconds", "double -> varchar", "acude_human_seconds({0})")


def _offset(args: list[Value]) -> str:
    """Minutes between a zoned time's local time and UTC."""
    zone = args[0].type.zone
    if offset_minutes(zone) is not None:
        return f"(CASE WHEN {args[0].sql} IS NULL THEN NULL ELSE CAST({offset_minutes(zone)} AS BIGINT) END)"
    moved = in_zone(args[0].sql, zone)
    return f"((epoch_us({moved}) - epoch_us({args[0].sql})) // 60000000)"


scalar("timezone_hour", "timestamptz(p) -> bigint", lambda a: f"({_offset(a)} // 60)")
scalar("timezone_minute", "timestamptz(p) -> bigint", lambda a: f"({_offset(a)} % 60)")
