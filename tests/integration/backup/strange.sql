-- What makes dumps hard: keys, views, sequences, bytes, arrays, JSON, large objects, names and texts that need quotes.
CREATE SCHEMA "Seção 2";
CREATE TABLE "Seção 2"."nome com ""aspas""" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    texto text,
    bytes bytea,
    lista text [],
    documento jsonb
);
INSERT INTO "Seção 2"."nome com ""aspas""" (texto, bytes, lista, documento)
SELECT
    E'linha\t' || n || E'\n\\.\r',
    decode(md5(n::text), 'hex'),
    ARRAY['a,b', NULL, ''],
    '{"ç": [1, null]}'
FROM generate_series(1, 1000) AS n;

CREATE TABLE cofre (dono text, conteudo text);
COMMENT ON TABLE cofre IS 'o cofre fica atrás do quadro';
INSERT INTO cofre VALUES ('cpf.k1.Zm9yYW0tc2Ugb3MgYW5lbO', 'o cofre fica atrás do quadro');
CREATE TABLE vazia (id integer);
SELECT lo_from_bytea(0, '\x0102030405');
CREATE VIEW aberto AS SELECT dono FROM cofre;
GRANT SELECT ON aberto TO leitor;

-- Much that doesn't compress, for several chunks.
CREATE TABLE ruido AS
SELECT
    n,
    md5(n::text) || md5((n + 1)::text) AS digestos
FROM generate_series(1, 20000) AS n;
ALTER TABLE ruido ADD PRIMARY KEY (n);
