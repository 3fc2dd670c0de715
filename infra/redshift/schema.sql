-- The warehouse's tables on Amazon Redshift. Generated from contracts/: do not edit; change the contract, then
--   python -m acude.contracts.redshift > infra/redshift/schema.sql

CREATE TABLE IF NOT EXISTS cargas (
    tabela VARCHAR(256) NOT NULL,
    data VARCHAR(256) NOT NULL,
    linhas BIGINT NOT NULL,
    soma_receita DECIMAL(38, 4),
    hash_conteudo VARCHAR(256) NOT NULL,
    versao_delta BIGINT NOT NULL,
    execucao VARCHAR(1000) NOT NULL,
    carregado_em TIMESTAMP NOT NULL,
    PRIMARY KEY (tabela, data, carregado_em)
)
DISTSTYLE AUTO SORTKEY (tabela, data, carregado_em);
COMMENT ON TABLE cargas IS 'Record of the loads. One row: one load of one table and day. Owner: plataforma';
COMMENT ON COLUMN cargas.tabela IS 'Table';
COMMENT ON COLUMN cargas.data IS 'Day or month that was loaded';
COMMENT ON COLUMN cargas.linhas IS 'Rows loaded';
COMMENT ON COLUMN cargas.soma_receita IS 'Sum of receita where the table has one';
COMMENT ON COLUMN cargas.hash_conteudo IS 'SHA-256 of the loaded rows';
COMMENT ON COLUMN cargas.versao_delta IS 'Version of the Delta table that was read';
COMMENT ON COLUMN cargas.execucao IS 'Airflow run id or command';
COMMENT ON COLUMN cargas.carregado_em IS 'When the transaction committed, UTC';

CREATE TABLE IF NOT EXISTS estoque (
    id_produto VARCHAR(256) NOT NULL,
    nivel_estoque BIGINT NOT NULL,
    ultima_atualizacao TIMESTAMP NOT NULL,
    PRIMARY KEY (id_produto)
)
DISTSTYLE AUTO SORTKEY (id_produto);
COMMENT ON TABLE estoque IS 'Latest stock of each product. One row: one product. Owner: armazens';
COMMENT ON COLUMN estoque.id_produto IS 'Product';
COMMENT ON COLUMN estoque.nivel_estoque IS 'Pieces in all warehouses';
COMMENT ON COLUMN estoque.ultima_atualizacao IS 'When a warehouse last counted it, UTC';

CREATE TABLE IF NOT EXISTS eventos_clientes (
    id_usuario VARCHAR(256) NOT NULL,
    tipo_evento VARCHAR(256) NOT NULL,
    id_produto VARCHAR(256),
    "timestamp" TIMESTAMP NOT NULL,
    data DATE NOT NULL
)
DISTSTYLE KEY DISTKEY (id_usuario) SORTKEY (data);
COMMENT ON TABLE eventos_clientes IS 'Shopper events for the warehouse. One row: one event. Owner: loja';
COMMENT ON COLUMN eventos_clientes.id_usuario IS 'Shopper';
COMMENT ON COLUMN eventos_clientes.tipo_evento IS 'What happened';
COMMENT ON COLUMN eventos_clientes.id_produto IS 'Product';
COMMENT ON COLUMN eventos_clientes."timestamp" IS 'Event time, UTC';
COMMENT ON COLUMN eventos_clientes.data IS 'UTC day of the event';

CREATE TABLE IF NOT EXISTS vendas (
    id_pedido VARCHAR(256) NOT NULL,
    id_produto VARCHAR(256) NOT NULL,
    quantidade INTEGER NOT NULL,
    preco DECIMAL(18, 4) NOT NULL,
    data DATE NOT NULL,
    moeda VARCHAR(12) NOT NULL,
    receita DECIMAL(28, 4) NOT NULL,
    tipo VARCHAR(256) NOT NULL
)
DISTSTYLE KEY DISTKEY (id_produto) SORTKEY (data);
COMMENT ON TABLE vendas IS 'Sales lines for the warehouse. One row: one sales line. Owner: vendas';
COMMENT ON COLUMN vendas.id_pedido IS 'Invoice number';
COMMENT ON COLUMN vendas.id_produto IS 'Product';
COMMENT ON COLUMN vendas.quantidade IS 'Pieces; negative for a return';
COMMENT ON COLUMN vendas.preco IS 'Price of one piece in moeda';
COMMENT ON COLUMN vendas.data IS 'UTC day of the sale';
COMMENT ON COLUMN vendas.moeda IS 'ISO 4217 currency';
COMMENT ON COLUMN vendas.receita IS 'quantidade * preco';
COMMENT ON COLUMN vendas.tipo IS 'venda or devolucao';

CREATE TABLE IF NOT EXISTS estoque_por_armazem (
    data DATE NOT NULL,
    id_armazem VARCHAR(256) NOT NULL,
    id_produto VARCHAR(256) NOT NULL,
    nivel_estoque BIGINT NOT NULL,
    ultima_atualizacao TIMESTAMP NOT NULL,
    PRIMARY KEY (data, id_armazem, id_produto)
)
DISTSTYLE AUTO SORTKEY (data);
COMMENT ON TABLE estoque_por_armazem IS 'What each warehouse last said about each product at the end of a day. One row: one day, warehouse and product. Owner: armazens';
COMMENT ON COLUMN estoque_por_armazem.data IS 'UTC day at whose end this holds';
COMMENT ON COLUMN estoque_por_armazem.id_armazem IS 'Warehouse';
COMMENT ON COLUMN estoque_por_armazem.id_produto IS 'Product';
COMMENT ON COLUMN estoque_por_armazem.nivel_estoque IS 'Pieces in that warehouse';
COMMENT ON COLUMN estoque_por_armazem.ultima_atualizacao IS 'When the warehouse counted it, UTC';

CREATE TABLE IF NOT EXISTS funil_conversao (
    data DATE NOT NULL,
    etapa VARCHAR(256) NOT NULL,
    usuarios BIGINT NOT NULL,
    taxa DECIMAL(9, 6),
    PRIMARY KEY (data, etapa)
)
DISTSTYLE AUTO SORTKEY (data);
COMMENT ON TABLE funil_conversao IS 'Where shoppers drop out on their way to a purchase. One row: one day and step. Owner: loja';
COMMENT ON COLUMN funil_conversao.data IS 'UTC day of the events';
COMMENT ON COLUMN funil_conversao.etapa IS 'Step of the funnel';
COMMENT ON COLUMN funil_conversao.usuarios IS 'Distinct shoppers who did this step and all before it that day';
COMMENT ON COLUMN funil_conversao.taxa IS 'usuarios divided by those of the first step; null where nobody came';

CREATE TABLE IF NOT EXISTS mais_vendidos (
    data DATE NOT NULL,
    posicao INTEGER NOT NULL,
    id_produto VARCHAR(256) NOT NULL,
    quantidade BIGINT NOT NULL,
    receita DECIMAL(38, 4) NOT NULL,
    moeda VARCHAR(12) NOT NULL,
    PRIMARY KEY (data, posicao)
)
DISTSTYLE AUTO SORTKEY (data);
COMMENT ON TABLE mais_vendidos IS 'The hundred best sellers of a day, by net pieces, then revenue, then product. One row: one place in the ranking of a day. Owner: vendas';
COMMENT ON COLUMN mais_vendidos.data IS 'UTC day of the sale';
COMMENT ON COLUMN mais_vendidos.posicao IS '1 is the best seller';
COMMENT ON COLUMN mais_vendidos.id_produto IS 'Product';
COMMENT ON COLUMN mais_vendidos.quantidade IS 'Pieces, net of returns';
COMMENT ON COLUMN mais_vendidos.receita IS 'Revenue in moeda, net of returns, never rounded';
COMMENT ON COLUMN mais_vendidos.moeda IS 'ISO 4217 currency';

CREATE TABLE IF NOT EXISTS receita_mensal (
    mes VARCHAR(28) NOT NULL,
    pedidos BIGINT NOT NULL,
    quantidade BIGINT NOT NULL,
    receita DECIMAL(38, 4) NOT NULL,
    moeda VARCHAR(12) NOT NULL,
    PRIMARY KEY (mes, moeda)
)
DISTSTYLE AUTO SORTKEY (mes);
COMMENT ON TABLE receita_mensal IS 'Monthly revenue, summed from vendas_por_regiao. One row: one month and currency. Owner: vendas';
COMMENT ON COLUMN receita_mensal.mes IS 'UTC month, YYYY-MM';
COMMENT ON COLUMN receita_mensal.pedidos IS 'Distinct invoices of type venda';
COMMENT ON COLUMN receita_mensal.quantidade IS 'Pieces, net of returns';
COMMENT ON COLUMN receita_mensal.receita IS 'Revenue in moeda, net of returns, never rounded';
COMMENT ON COLUMN receita_mensal.moeda IS 'ISO 4217 currency';

CREATE TABLE IF NOT EXISTS vendas_por_categoria (
    data DATE NOT NULL,
    categoria VARCHAR(256) NOT NULL,
    pedidos BIGINT NOT NULL,
    quantidade BIGINT NOT NULL,
    receita DECIMAL(38, 4) NOT NULL,
    moeda VARCHAR(12) NOT NULL,
    PRIMARY KEY (data, categoria, moeda)
)
DISTSTYLE AUTO SORTKEY (data);
COMMENT ON TABLE vendas_por_categoria IS 'Sales by product category. One row: one day, category and currency. Owner: vendas';
COMMENT ON COLUMN vendas_por_categoria.data IS 'UTC day of the sale';
COMMENT ON COLUMN vendas_por_categoria.categoria IS 'Product category';
COMMENT ON COLUMN vendas_por_categoria.pedidos IS 'Distinct invoices of type venda';
COMMENT ON COLUMN vendas_por_categoria.quantidade IS 'Pieces, net of returns';
COMMENT ON COLUMN vendas_por_categoria.receita IS 'Revenue in moeda, net of returns, never rounded';
COMMENT ON COLUMN vendas_por_categoria.moeda IS 'ISO 4217 currency';

CREATE TABLE IF NOT EXISTS vendas_por_regiao (
    data DATE NOT NULL,
    regiao VARCHAR(256) NOT NULL,
    pedidos BIGINT NOT NULL,
    quantidade BIGINT NOT NULL,
    receita DECIMAL(38, 4) NOT NULL,
    moeda VARCHAR(12) NOT NULL,
    PRIMARY KEY (data, regiao, moeda)
)
DISTSTYLE AUTO SORTKEY (data);
COMMENT ON TABLE vendas_por_regiao IS 'Sales by region. One row: one day, region and currency. Owner: vendas';
COMMENT ON COLUMN vendas_por_regiao.data IS 'UTC day of the sale';
COMMENT ON COLUMN vendas_por_regiao.regiao IS 'Country or state of the customer';
COMMENT ON COLUMN vendas_por_regiao.pedidos IS 'Distinct invoices of type venda';
COMMENT ON COLUMN vendas_por_regiao.quantidade IS 'Pieces, net of returns';
COMMENT ON COLUMN vendas_por_regiao.receita IS 'Revenue in moeda, net of returns, never rounded';
COMMENT ON COLUMN vendas_por_regiao.moeda IS 'ISO 4217 currency';
