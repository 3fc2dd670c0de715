-- Payments by minute and hour, plain. Generated: change src/acude/payments/series/ or the contract
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
) PARTITION BY RANGE (janela_inicio);

-- From which of gold's files an hour was loaded: what differs is loaded again.
CREATE TABLE IF NOT EXISTS pagamentos_cargas (
    hora timestamptz PRIMARY KEY,
    arquivos text NOT NULL,
    carregada_em timestamptz NOT NULL DEFAULT now()
);

-- Without TimescaleDB: a partition a day, hours by a table of their own, both kept by three functions that the loader
-- calls. Nothing is compressed.

CREATE TABLE IF NOT EXISTS pagamentos_por_hora (
    hora timestamptz NOT NULL,
    tipo_pagamento text NOT NULL,
    operacao text NOT NULL,
    moeda text NOT NULL,
    uf text NOT NULL,
    resultado text NOT NULL,
    transacoes bigint NOT NULL,
    valor numeric(38, 2) NOT NULL,
    PRIMARY KEY (hora, tipo_pagamento, operacao, moeda, uf, resultado)
) PARTITION BY RANGE (hora);

-- Creates a day's partition of the minutes and its month's of the hours.
CREATE OR REPLACE FUNCTION pagamentos_preparar(dia date) RETURNS void
LANGUAGE plpgsql AS $$
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
$$;

-- Adds an hour up again from its minutes.
CREATE OR REPLACE FUNCTION pagamentos_somar_hora(qual timestamptz) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM pagamentos_por_hora WHERE hora = qual;
    INSERT INTO pagamentos_por_hora
    SELECT qual, tipo_pagamento, operacao, moeda, uf, resultado, sum(transacoes), sum(valor)
    FROM pagamentos_por_minuto
    WHERE janela_inicio >= qual AND janela_inicio < qual + INTERVAL '1 hour'
    GROUP BY tipo_pagamento, operacao, moeda, uf, resultado;
$$;

-- Drops minutes of more than 35 days and hours of more than 400.
CREATE OR REPLACE FUNCTION pagamentos_expirar(agora timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    hoje date := agora AT TIME ZONE 'UTC';
    velha regclass;
BEGIN
    FOR velha IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE CASE inhparent
            WHEN 'pagamentos_por_minuto'::regclass
                THEN to_date(right(inhrelid::regclass::text, 10), 'YYYY_MM_DD') < hoje - 35
            WHEN 'pagamentos_por_hora'::regclass
                THEN to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') + INTERVAL '1 month' <= hoje - 400
            ELSE false
        END
    LOOP
        EXECUTE format('DROP TABLE %s', velha);
    END LOOP;
    DELETE FROM pagamentos_cargas WHERE hora < (hoje - 35)::timestamp AT TIME ZONE 'UTC';
END
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
