"""The small table that the cases call §."""

SALES = (
    "(VALUES (1, 'BR', DECIMAL '10.50', TIMESTAMP '2011-12-01 08:26:00', true), "
    "(2, 'UK', DECIMAL '-3.25', TIMESTAMP '2011-12-01 23:59:59.999', false), "
    "(3, 'BR', DECIMAL '7.00', TIMESTAMP '2011-12-02 00:00:00', true), "
    "(4, NULL, DECIMAL '0.00', NULL, NULL)) AS t(id, regiao, valor, em, ok)"
)
"""id, regiao, valor, em, ok: four sales, the last one of nulls."""
