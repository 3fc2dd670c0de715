-- The decisions' database. Repeatable: every statement may run again.

-- By month of the payment's own time. A payment is known by client and id; id_cliente is null where it came by the topic.
CREATE TABLE IF NOT EXISTS decisoes (
    id_transacao   text           NOT NULL,
    transacao_em   timestamptz    NOT NULL,
    decidida_em    timestamptz    NOT NULL,
    decisao        text           NOT NULL CHECK (decisao IN ('aprovar', 'revisar', 'negar')),
    pontuacao      integer        NOT NULL CHECK (pontuacao BETWEEN 0 AND 1000),
    motivos        text[]         NOT NULL,
    operacao       text           NOT NULL,
    tipo_pagamento text           NOT NULL,
    valor          numeric(18, 2) NOT NULL,
    moeda          char(3)        NOT NULL,
    uf             char(2),
    id_pagador     text           NOT NULL,
    id_cliente     text,
    versao_regras  text           NOT NULL,
    versao_modelo  text           NOT NULL,
    degradado      boolean        NOT NULL,
    causas         text[]         NOT NULL,
    latencia_ms    integer        NOT NULL,
    id_rastro      text           NOT NULL
) PARTITION BY RANGE (transacao_em);

-- Before, an id was one payment's whoever its client was.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'decisoes'::regclass AND contype = 'p') THEN
        ALTER TABLE decisoes DROP CONSTRAINT decisoes_pkey;
    END IF;
END
$$;
CREATE UNIQUE INDEX IF NOT EXISTS decisoes_por_pagamento
ON decisoes (id_transacao, id_cliente, transacao_em) NULLS NOT DISTINCT;

-- A payer's decisions, newest first; what waits for a person; a trace.
CREATE INDEX IF NOT EXISTS decisoes_por_pagador ON decisoes (id_pagador, transacao_em DESC);
CREATE INDEX IF NOT EXISTS decisoes_nao_aprovadas ON decisoes (decisao, transacao_em DESC) WHERE decisao <> 'aprovar';
CREATE INDEX IF NOT EXISTS decisoes_por_rastro ON decisoes (id_rastro);

-- The first payment of a client under its id (tipo 'id'), and under an Idempotency-Key ('chave'): which one is decided.
-- src/acude/payments/reservations.py uses it. id_cliente is empty where the payment came by the topic.
DO $$
BEGIN
    IF to_regclass('reservas') IS NULL THEN
        CREATE TABLE reservas (
            id_cliente   text        NOT NULL,
            nome         text        NOT NULL,
            tipo         text        NOT NULL CHECK (tipo IN ('id', 'chave')),
            conteudo     bytea,      -- keyed digest of the payment; null where only its decision is known
            registro     text,       -- the record that is decided: topic/partition/offset; null until a worker has it
            reservada_em timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (id_cliente, nome, tipo)
        );
        -- What was decided before there were reservations stays decided.
        INSERT INTO reservas (id_cliente, nome, tipo, registro)
        SELECT DISTINCT coalesce(id_cliente, ''), id_transacao, 'id', '' FROM decisoes;
    END IF;
END
$$;

-- Block and allow lists; src/acude/risk/lists.py describes the columns. The audit log (audit.sql) has each change.
CREATE TABLE IF NOT EXISTS listas (
    lista     text        NOT NULL CHECK (lista IN ('bloqueio', 'permissao')),
    tipo      text        NOT NULL,
    valor     text        NOT NULL,
    dono      text        NOT NULL,
    motivo    text        NOT NULL,
    criada_em timestamptz NOT NULL,
    expira_em timestamptz NOT NULL CHECK (expira_em > criada_em),
    PRIMARY KEY (lista, tipo, valor)
);

-- Grows with each change, so a worker that checks every second reads the lists only when they have changed.
CREATE TABLE IF NOT EXISTS listas_versao (
    unica  boolean PRIMARY KEY DEFAULT true CHECK (unica),
    versao bigint  NOT NULL
);
INSERT INTO listas_versao (unica, versao) VALUES (true, 1) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION nova_versao_das_listas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE listas_versao SET versao = versao + 1;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER nova_versao AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON listas
FOR EACH STATEMENT EXECUTE FUNCTION nova_versao_das_listas();
