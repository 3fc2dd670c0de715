-- What people ask, the same on both kinds of database. taxa_fraude: refused among decided.

CREATE OR REPLACE VIEW pagamentos_minuto AS
SELECT
    $keys,
    transacoes,
    valor,
    round(valor / transacoes, 4) AS media,
    round(
        coalesce(sum(transacoes) FILTER (WHERE resultado = 'negar') OVER grupo, 0)
        / sum(transacoes) FILTER (WHERE resultado <> 'sem_decisao') OVER grupo,
        6
    ) AS taxa_fraude
FROM pagamentos_por_minuto
WINDOW grupo AS (PARTITION BY janela_inicio, $group);

CREATE OR REPLACE VIEW pagamentos_hora AS
SELECT
    hora,
    $group,
    resultado,
    transacoes::bigint AS transacoes,
    valor::numeric(38, 2) AS valor,
    round(valor / transacoes, 4) AS media,
    round(
        coalesce(sum(transacoes) FILTER (WHERE resultado = 'negar') OVER grupo, 0)
        / sum(transacoes) FILTER (WHERE resultado <> 'sem_decisao') OVER grupo,
        6
    ) AS taxa_fraude
FROM pagamentos_por_hora
WINDOW grupo AS (PARTITION BY hora, $group);

-- Dashboards read with a role of their own, where the server has it; it sees these two views and nothing else.
DO $$$$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'painel') THEN
        GRANT SELECT ON pagamentos_minuto, pagamentos_hora TO painel;
    END IF;
END
$$$$;
