-- Makes an hour's minutes those that are given; what stands already is not written again.
WITH novas AS MATERIALIZED (
    SELECT * FROM unnest($arrays) AS n ($names)
), fora AS (
    DELETE FROM pagamentos_por_minuto AS p
    WHERE
        p.janela_inicio >= %(hora)s AND p.janela_inicio < %(hora)s + INTERVAL '1 hour'
        AND NOT EXISTS (SELECT FROM novas AS n WHERE ($n_keys) = ($p_keys))
)
INSERT INTO pagamentos_por_minuto AS p ($names)
SELECT $names FROM novas
ON CONFLICT ($keys) DO UPDATE SET transacoes = excluded.transacoes, valor = excluded.valor
WHERE (p.transacoes, p.valor) IS DISTINCT FROM (excluded.transacoes, excluded.valor)
