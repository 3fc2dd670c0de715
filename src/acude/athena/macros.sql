-- Arithmetic on HUGEINT digits. A denominator is never zero here.
CREATE OR REPLACE MACRO trino_half_up(n, d) AS
    (n // d) + (CASE WHEN 2 * abs(n % d) >= abs(d) THEN (CASE WHEN (n < 0) = (d < 0) THEN 1 ELSE -1 END) ELSE 0 END);
CREATE OR REPLACE MACRO trino_floor_div(n, d) AS (n // d) - (CASE WHEN n < 0 AND n % d <> 0 THEN 1 ELSE 0 END);
CREATE OR REPLACE MACRO trino_ceil_div(n, d) AS (n // d) + (CASE WHEN n > 0 AND n % d <> 0 THEN 1 ELSE 0 END);
-- Arrays as sets: in order of first appearance, null once.
CREATE OR REPLACE MACRO trino_distinct(l) AS
    list_filter(l, lambda e, i: CASE WHEN e IS NULL THEN len(list_filter(l[1:i - 1], lambda x: x IS NULL)) = 0
                                     ELSE list_position(l, e) = i END);
CREATE OR REPLACE MACRO trino_has(l, e) AS
    CASE WHEN e IS NULL THEN len(list_filter(l, lambda x: x IS NULL)) > 0 ELSE list_contains(l, e) END;
CREATE OR REPLACE MACRO trino_except(a, b) AS
    CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE trino_distinct(list_filter(a, lambda y: NOT trino_has(b, y))) END;
CREATE OR REPLACE MACRO trino_union(a, b) AS
    CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE trino_distinct(list_concat(a, b)) END;
CREATE OR REPLACE MACRO trino_intersect(a, b) AS
    CASE WHEN a IS NULL OR b IS NULL THEN NULL
         WHEN len(a) < len(b) THEN trino_distinct(list_filter(b, lambda y: trino_has(a, y)))
         ELSE trino_distinct(list_filter(a, lambda y: trino_has(b, y))) END;
-- Maps from a group's pairs: a null key is left out, of equal keys the first stays.
CREATE OR REPLACE MACRO trino_keyed(pairs) AS list_filter(pairs, lambda p: p.k IS NOT NULL);
CREATE OR REPLACE MACRO trino_keys(pairs) AS
    trino_distinct(list_transform(trino_keyed(pairs), lambda p: p.k));
CREATE OR REPLACE MACRO trino_map_agg(pairs) AS
    CASE WHEN len(trino_keyed(pairs)) > 0 THEN
        map(trino_keys(pairs),
            list_transform(trino_keys(pairs), lambda q: list_filter(trino_keyed(pairs), lambda p: p.k = q)[1].v)) END;
CREATE OR REPLACE MACRO trino_multimap_agg(pairs) AS
    CASE WHEN len(trino_keyed(pairs)) > 0 THEN
        map(trino_keys(pairs),
            list_transform(trino_keys(pairs), lambda q:
                list_transform(list_filter(trino_keyed(pairs), lambda p: p.k = q), lambda p: p.v))) END;
-- Whole months between two local times, as Joda counts them: the last day of a month completes a longer month.
CREATE OR REPLACE MACRO trino_rest(t, d) AS d * 86400000000 + (epoch_us(t) - epoch_us(date_trunc('day', t)));
CREATE OR REPLACE MACRO trino_months_up(a, b) AS
    (year(b) - year(a)) * 12 + month(b) - month(a)
    - (CASE WHEN trino_rest(b, day(b)) < trino_rest(a, CASE WHEN CAST(b AS DATE) = last_day(b) THEN least(day(a), day(b))
                                                            ELSE day(a) END) THEN 1 ELSE 0 END);
CREATE OR REPLACE MACRO trino_months(a, b) AS
    CASE WHEN b >= a THEN trino_months_up(a, b) ELSE -trino_months_up(b, a) END;
