"""Window functions. ``{i}`` is IGNORE NULLS, ``{f}`` the OVER clause."""

from acude.athena.functions.registry import window
from acude.athena.value import raises

for _name in ("row_number", "rank", "dense_rank"):
    window(_name, "-> bigint", f"{_name}(){{f}}")
for _name in ("percent_rank", "cume_dist"):
    window(_name, "-> double", f"{_name}(){{f}}")
_BUCKETS = raises("INVALID_FUNCTION_ARGUMENT", "Buckets must be greater than 0")
window("ntile", "bigint -> bigint", f"ntile(CASE WHEN {{0}} <= 0 THEN {_BUCKETS} ELSE {{0}} END){{f}}")
for _name in ("first_value", "last_value"):
    window(_name, "T -> T", f"{_name}({{0}}{{i}}){{f}}")
_OFFSET = raises("INVALID_FUNCTION_ARGUMENT", "Offset must be at least 1")
window("nth_value", "T, bigint -> T", f"nth_value({{0}}, CASE WHEN {{1}} < 1 THEN {_OFFSET} ELSE {{1}} END{{i}}){{f}}")
_BELOW = raises("INVALID_FUNCTION_ARGUMENT", "Offset must be at least 0")
for _name in ("lag", "lead"):
    _checked = f"CASE WHEN {{1}} < 0 THEN {_BELOW} ELSE {{1}} END"
    window(_name, "T -> T", f"{_name}({{0}}{{i}}){{f}}")
    window(_name, "T, bigint -> T", f"{_name}({{0}}, {_checked}{{i}}){{f}}")
    window(_name, "T, bigint, T -> T", f"{_name}({{0}}, {_checked}, {{2}}{{i}}){{f}}")
