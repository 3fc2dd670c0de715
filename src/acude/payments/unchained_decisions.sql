-- The number of stored decisions that the audit log does not have, and the id of one of them.
SELECT
    count(*),
    min(id_transacao)
FROM decisoes
WHERE
    NOT EXISTS (
        SELECT FROM auditoria.trilha AS chained
        WHERE
            chained.tipo = 'decisao'
            AND chained.objeto = decisoes.id_transacao
            -- Rows from before ids were each client's own don't say whose they are.
            AND (
                NOT (chained.detalhe::jsonb ? 'id_cliente')
                OR chained.detalhe::jsonb ->> 'id_cliente' IS NOT DISTINCT FROM decisoes.id_cliente
            )
            AND (chained.detalhe::jsonb ->> 'transacao_em')::timestamptz = decisoes.transacao_em
    )
