-- Without TimescaleDB: a partition a day, hours by a table of their own, both kept by three functions that the loader
-- calls. Nothing is compressed.

CREATE TABLE IF NOT EXISTS pagamentos_por_hora (
    hora timestamptz NOT NULL,
$hour_columns
    PRIMARY KEY (hora, $group, resultado)
) PARTITION BY RANGE (hora);

-- Creates a day's partition of the minutes and its month's of the hours.
CREATE OR REPLACE FUNCTION pagamentos_preparar(dia date) RETURNS void
LANGUAGE plpgsql AS $$$$
DECLARE
    mes date := date_trunc('month', dia);
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF pagamentos_por_minuto FOR VALUES FROM (%L) TO (%L)',
        'pagamentos_por_minuto_' || to_char(dia, 'YYYY_MM_DD'),
        dia::timestamp AT TIME ZONE 'UTC',
        (dia + 1)::timestamp AT TIME ZONE 'UTC'
    );
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF pagamentos_por_hora FOR VALUES FROM (%L) TO (%L)',
        'pagamentos_por_hora_' || to_char(mes, 'YYYY_MM'),
        mes::timestamp AT TIME ZONE 'UTC',
        (mes + INTERVAL '1 month')::timestamp AT TIME ZONE 'UTC'
    );
END
$$$$;

-- Adds an hour up again from its minutes.
CREATE OR REPLACE FUNCTION pagamentos_somar_hora(qual timestamptz) RETURNS void
LANGUAGE sql AS $$$$
    DELETE FROM pagamentos_por_hora WHERE hora = qual;
    INSERT INTO pagamentos_por_hora
    SELECT qual, $group, resultado, sum(transacoes), sum(valor)
    FROM pagamentos_por_minuto
    WHERE janela_inicio >= qual AND janela_inicio < qual + INTERVAL '1 hour'
    GROUP BY $group, resultado;
$$$$;

-- Drops minutes of more than $minute_days days and hours of more than $hour_days.
CREATE OR REPLACE FUNCTION pagamentos_expirar(agora timestamptz) RETURNS void
LANGUAGE plpgsql AS $$$$
DECLARE
    hoje date := agora AT TIME ZONE 'UTC';
    velha regclass;
BEGIN
    FOR velha IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE CASE inhparent
            WHEN 'pagamentos_por_minuto'::regclass
                THEN to_date(right(inhrelid::regclass::text, 10), 'YYYY_MM_DD') < hoje - $minute_days
            WHEN 'pagamentos_por_hora'::regclass
                THEN to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') + INTERVAL '1 month' <= hoje - $hour_days
            ELSE false
        END
    LOOP
        EXECUTE format('DROP TABLE %s', velha);
    END LOOP;
    DELETE FROM pagamentos_cargas WHERE hora < (hoje - $minute_days)::timestamp AT TIME ZONE 'UTC';
END
$$$$;
