-- The shop's own order database. Repeatable. All times are UTC, prices in `moeda` for one piece.
-- A return is an order of its own whose number begins with C and whose quantities are negative.
CREATE TABLE IF NOT EXISTS pedidos (
    id_pedido text PRIMARY KEY,
    id_usuario text,
    regiao text NOT NULL,
    moeda char(3) NOT NULL,
    momento timestamptz NOT NULL
);

-- The daily export reads one day.
CREATE INDEX IF NOT EXISTS pedidos_momento ON pedidos (momento);

CREATE TABLE IF NOT EXISTS itens (
    id_pedido text NOT NULL REFERENCES pedidos,
    linha integer NOT NULL,
    id_produto text NOT NULL,
    descricao text,
    quantidade integer NOT NULL CHECK (quantidade <> 0),
    preco numeric(18, 4) NOT NULL CHECK (preco > 0),
    PRIMARY KEY (id_pedido, linha)
);

-- Sales lines in the layout of the inbox's files. Filter on `data`: the index serves it.
CREATE OR REPLACE VIEW vendas AS
SELECT
    pedidos.id_pedido,
    itens.id_produto,
    itens.descricao,
    itens.quantidade,
    pedidos.momento AS data,
    itens.preco,
    pedidos.id_usuario,
    pedidos.regiao,
    pedidos.moeda,
    itens.linha
FROM pedidos
INNER JOIN itens USING (id_pedido);
