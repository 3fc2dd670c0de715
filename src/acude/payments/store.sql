-- The decisions' database. Repeatable: every statement may run again.

-- By month of the payment's own time: a payment that came twice has one place, so its key keeps the first decision.
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
    id_rastro      text           NOT NULL,
    PRIMARY KEY (id_transacao, transacao_em)
) PARTITION BY RANGE (transacao_em);

-- A payer's decisions, newest first; what waits for a person; a trace.
CREATE INDEX IF NOT EXISTS decisoes_por_pagador ON decisoes (id_pagador, transacao_em DESC);
CREATE INDEX IF NOT EXISTS decisoes_nao_aprovadas ON decisoes (decisao, transacao_em DESC) WHERE decisao <> 'aprovar';
CREATE INDEX IF NOT EXISTS decisoes_por_rastro ON decisoes (id_rastro);
