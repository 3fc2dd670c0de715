-- One UTC day of the shop's sales in the layout of the inbox's files. Lines that are equal in every field become one
-- line with the sum of their pieces: the inbox takes exact repeats for one line (docs/batch.md), and here they are not.
SELECT
    id_pedido,
    id_produto,
    descricao,
    sum(quantidade) AS quantidade,
    data,
    preco,
    id_usuario,
    regiao,
    moeda
FROM vendas
WHERE data >= %(inicio)s AND data < %(fim)s
GROUP BY id_pedido, id_produto, descricao, data, preco, id_usuario, regiao, moeda
HAVING sum(quantidade) <> 0
ORDER BY data, id_pedido, id_produto, preco, descricao
