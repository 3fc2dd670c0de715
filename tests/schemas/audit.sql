-- The audit log. The database server's administrator runs this once (on one machine `acude up` does) and owns the table.
-- The platform's role, a member of acude_trilha, may only insert and select. Repeatable.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'acude_trilha') THEN
        CREATE ROLE acude_trilha NOLOGIN;
    END IF;
END
$$;

-- A schema of its own: the database's owner may drop everything in `public`.
CREATE SCHEMA IF NOT EXISTS auditoria;

CREATE TABLE IF NOT EXISTS auditoria.trilha (
    numero  bigint      PRIMARY KEY CHECK (numero > 0),
    em      timestamptz NOT NULL,
    tipo    text        NOT NULL CHECK (tipo IN ('decisao', 'lista', 'politica', 'acesso')),
    quem    text        NOT NULL,
    objeto  text        NOT NULL,
    detalhe text        NOT NULL,
    hash    bytea       NOT NULL CHECK (octet_length(hash) = 32),
    chave   text
);

-- An older log goes on: its rows have no key.
ALTER TABLE auditoria.trilha ADD COLUMN IF NOT EXISTS chave text;

-- What happened to a payment or an entry; what is rare; a span of time.
CREATE INDEX IF NOT EXISTS trilha_por_objeto ON auditoria.trilha (objeto, numero);
CREATE INDEX IF NOT EXISTS trilha_sem_decisoes ON auditoria.trilha (tipo, numero) WHERE tipo <> 'decisao';
CREATE INDEX IF NOT EXISTS trilha_por_tempo ON auditoria.trilha USING brin (em);

CREATE OR REPLACE FUNCTION auditoria.so_cresce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'auditoria.trilha only grows: % is refused', tg_op USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE OR REPLACE TRIGGER so_cresce BEFORE UPDATE OR DELETE OR TRUNCATE ON auditoria.trilha
FOR EACH STATEMENT EXECUTE FUNCTION auditoria.so_cresce();

REVOKE ALL ON SCHEMA auditoria FROM public;
REVOKE ALL ON auditoria.trilha FROM public, acude_trilha;
GRANT USAGE ON SCHEMA auditoria TO acude_trilha;
GRANT SELECT, INSERT ON auditoria.trilha TO acude_trilha;
