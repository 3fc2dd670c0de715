-- Payments by minute and hour, timescaledb. Generated: change src/acude/payments/series/ or the contract
-- gold.ao_vivo_pagamentos_por_minuto, then `make generate`. The loader runs it where the tables are missing.

-- Both kinds of database; columns and key are the contract's.

CREATE TABLE IF NOT EXISTS pagamentos_por_minuto (
    janela_inicio timestamptz NOT NULL,
    tipo_pagamento text NOT NULL,
    operacao text NOT NULL,
    moeda text NOT NULL,
    uf text NOT NULL,
    resultado text NOT NULL,
    transacoes bigint NOT NULL,
    valor numeric(38, 2) NOT NULL,
    PRIMARY KEY (janela_inicio, tipo_pagamento, operacao, moeda, uf, resultado)
);

-- From which of gold's files an hour was loaded: what differs is loaded again.
CREATE TABLE IF NOT EXISTS pagamentos_cargas (
    hora timestamptz PRIMARY KEY,
    arquivos text NOT NULL,
    carregada_em timestamptz NOT NULL DEFAULT now()
);

-- TimescaleDB keeps hours, compresses and forgets by its own jobs. Run again, this gives them today's settings.

CREATE EXTENSION IF NOT EXISTS timescaledb;

SELECT create_hypertable('pagamentos_por_minuto', by_range('janela_inicio', INTERVAL '1 day'), if_not_exists => true);

CREATE MATERIALIZED VIEW IF NOT EXISTS pagamentos_por_hora
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 hour', janela_inicio) AS hora,
    tipo_pagamento, operacao, moeda, uf,
    resultado,
    sum(transacoes) AS transacoes,
    sum(valor) AS valor
FROM pagamentos_por_minuto
GROUP BY time_bucket(INTERVAL '1 hour', janela_inicio), tipo_pagamento, operacao, moeda, uf, resultado
WITH NO DATA;

-- It reaches a day further back than minutes are loaded, and minutes are dropped from there on: an hour outside would
-- never be added up, one inside whose minutes are gone would be emptied.
SELECT remove_continuous_aggregate_policy('pagamentos_por_hora', if_exists => true);
SELECT add_continuous_aggregate_policy(
    'pagamentos_por_hora',
    start_offset => INTERVAL '36 days',
    end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '15 minutes'
);

-- In the order of the whole key, an hour's rows are in few batches, and a late change unpacks those. By segments it
-- would unpack one per segment of the day, more rows than TimescaleDB allows a statement.
ALTER TABLE pagamentos_por_minuto SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = '',
    timescaledb.compress_orderby = 'janela_inicio, tipo_pagamento, operacao, moeda, uf, resultado'
);

-- The first load, which fills old days, is over by then: while both are at work on a day, they can block each other.
SELECT remove_compression_policy('pagamentos_por_minuto', if_exists => true);
SELECT add_compression_policy(
    'pagamentos_por_minuto',
    compress_after => INTERVAL '7 days',
    initial_start => now() + INTERVAL '1 day'
);

SELECT remove_retention_policy('pagamentos_por_minuto', if_exists => true);
SELECT add_retention_policy('pagamentos_por_minuto', drop_after => INTERVAL '36 days');
SELECT remove_retention_policy('pagamentos_por_hora', if_exists => true);
SELECT add_retention_policy('pagamentos_por_hora', drop_after => INTERVAL '400 days');

CREATE OR REPLACE FUNCTION pagamentos_preparar(_dia date) RETURNS void
LANGUAGE sql AS $$ SELECT $$;

CREATE OR REPLACE FUNCTION pagamentos_somar_hora(_hora timestamptz) RETURNS void
LANGUAGE sql AS $$ SELECT $$;

CREATE OR REPLACE FUNCTION pagamentos_expirar(agora timestamptz) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM pagamentos_cargas
    WHERE hora < date_trunc('day', agora, 'UTC') - INTERVAL '35 days';
$$;

-- What people ask, the same on both kinds of database. taxa_fraude: refused among decided.

CREATE OR REPLACE VIEW pagamentos_minuto AS
SELECT
    janela_inicio, tipo_pagamento, operacao, moeda, uf, resultado,
    transacoes,
    valor,
    round(valor / transacoes, 4) AS media,
    round(
        coalesce(sum(transacoes) FILTER (WHERE resultado = 'negar') OVER grupo, 0)
        / sum(transacoes) FILTER (WHERE resultado <> 'sem_decisao') OVER grupo,
        6
    ) AS taxa_fraude
FROM pagamentos_por_minuto
WINDOW grupo AS (PARTITION BY janela_inicio, tipo_pagamento, operacao, moeda, uf);

CREATE OR REPLACE VIEW pagamentos_hora AS
SELECT
    hora,
    tipo_pagamento, operacao, moeda, uf,
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
WINDOW grupo AS (PARTITION BY hora, tipo_pagamento, operacao, moeda, uf);

-- Dashboards read with a role of their own, where the server has it; it sees these two views and nothing else.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'painel') THEN
        GRANT SELECT ON pagamentos_minuto, pagamentos_hora TO painel;
    END IF;
END
$$;
