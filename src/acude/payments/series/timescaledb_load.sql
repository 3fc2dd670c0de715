-- Fills an hour that was emptied.
INSERT INTO pagamentos_por_minuto ($names)
SELECT $names FROM unnest($arrays) AS n ($names)
ON CONFLICT ($keys) DO UPDATE SET transacoes = excluded.transacoes, valor = excluded.valor
