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
            AND (chained.detalhe::jsonb ->> 'transacao_em')::timestamptz = decisoes.transacao_em
    )
