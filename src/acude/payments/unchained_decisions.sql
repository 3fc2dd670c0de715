-- The number of stored decisions that the audit log does not have.
SELECT count(*)
FROM decisoes
WHERE
    NOT EXISTS (
        SELECT FROM auditoria.trilha AS chained
        WHERE chained.tipo = 'decisao' AND chained.objeto = decisoes.id_transacao
    )
