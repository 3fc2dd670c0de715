-- TimescaleDB keeps hours, compresses and forgets by its own jobs. Run again, this gives them today's settings.

CREATE EXTENSION IF NOT EXISTS timescaledb;

SELECT create_hypertable('pagamentos_por_minuto', by_range('janela_inicio', INTERVAL '1 day'), if_not_exists => true);

CREATE MATERIALIZED VIEW IF NOT EXISTS pagamentos_por_hora
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 hour', janela_inicio) AS hora,
    $group,
    resultado,
    sum(transacoes) AS transacoes,
    sum(valor) AS valor
FROM pagamentos_por_minuto
GROUP BY time_bucket(INTERVAL '1 hour', janela_inicio), $group, resultado
WITH NO DATA;

-- It reaches a day further back than minutes are loaded, and minutes are dropped from there on: an hour outside would
-- never be added up, one inside whose minutes are gone would be emptied.
SELECT remove_continuous_aggregate_policy('pagamentos_por_hora', if_exists => true);
SELECT add_continuous_aggregate_policy(
    'pagamentos_por_hora',
    start_offset => INTERVAL '$chunk_days days',
    end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '15 minutes'
);

-- In the order of the whole key, an hour's rows are in few batches, and a late change unpacks those. By segments it
-- would unpack one per segment of the day, more rows than TimescaleDB allows a statement.
ALTER TABLE pagamentos_por_minuto SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = '',
    timescaledb.compress_orderby = '$keys'
);

-- The first load, which fills old days, is over by then: while both are at work on a day, they can block each other.
SELECT remove_compression_policy('pagamentos_por_minuto', if_exists => true);
SELECT add_compression_policy(
    'pagamentos_por_minuto',
    compress_after => INTERVAL '$compress_days days',
    initial_start => now() + INTERVAL '1 day'
);

SELECT remove_retention_policy('pagamentos_por_minuto', if_exists => true);
SELECT add_retention_policy('pagamentos_por_minuto', drop_after => INTERVAL '$chunk_days days');
SELECT remove_retention_policy('pagamentos_por_hora', if_exists => true);
SELECT add_retention_policy('pagamentos_por_hora', drop_after => INTERVAL '$hour_days days');

CREATE OR REPLACE FUNCTION pagamentos_preparar(_dia date) RETURNS void
LANGUAGE sql AS $$$$ SELECT $$$$;

CREATE OR REPLACE FUNCTION pagamentos_somar_hora(_hora timestamptz) RETURNS void
LANGUAGE sql AS $$$$ SELECT $$$$;

CREATE OR REPLACE FUNCTION pagamentos_expirar(agora timestamptz) RETURNS void
LANGUAGE sql AS $$$$
    DELETE FROM pagamentos_cargas
    WHERE hora < date_trunc('day', agora, 'UTC') - INTERVAL '$minute_days days';
$$$$;
