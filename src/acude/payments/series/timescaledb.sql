-- TimescaleDB keeps hours, compresses and forgets by its own jobs.

CREATE EXTENSION IF NOT EXISTS timescaledb;

SELECT create_hypertable('pagamentos_por_minuto', by_range('janela_inicio', INTERVAL '1 day'));

CREATE MATERIALIZED VIEW pagamentos_por_hora
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

-- It begins behind what is forgotten: an hour without its minutes would be emptied.
SELECT add_continuous_aggregate_policy(
    'pagamentos_por_hora',
    start_offset => INTERVAL '$almost_minute_days days',
    end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '15 minutes'
);

ALTER TABLE pagamentos_por_minuto SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'tipo_pagamento, uf',
    timescaledb.compress_orderby = 'janela_inicio'
);

SELECT add_compression_policy('pagamentos_por_minuto', compress_after => INTERVAL '$compress_days days');
SELECT add_retention_policy('pagamentos_por_minuto', drop_after => INTERVAL '$minute_days days');
SELECT add_retention_policy('pagamentos_por_hora', drop_after => INTERVAL '$hour_days days');

CREATE FUNCTION pagamentos_preparar(_dia date) RETURNS void
LANGUAGE sql AS $$$$ SELECT $$$$;

CREATE FUNCTION pagamentos_somar_hora(_hora timestamptz) RETURNS void
LANGUAGE sql AS $$$$ SELECT $$$$;

CREATE FUNCTION pagamentos_expirar(agora timestamptz) RETURNS void
LANGUAGE sql AS $$$$
    DELETE FROM pagamentos_cargas
    WHERE hora < date_trunc('day', agora, 'UTC') - INTERVAL '$minute_days days';
$$$$;
