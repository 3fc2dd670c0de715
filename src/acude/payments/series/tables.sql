-- Both kinds of database; columns and key are the contract's.

CREATE TABLE IF NOT EXISTS pagamentos_por_minuto (
$columns
    PRIMARY KEY ($keys)
)$divided;

-- From which of gold's files an hour was loaded: what differs is loaded again.
CREATE TABLE IF NOT EXISTS pagamentos_cargas (
    hora timestamptz PRIMARY KEY,
    arquivos text NOT NULL,
    carregada_em timestamptz NOT NULL DEFAULT now()
);
