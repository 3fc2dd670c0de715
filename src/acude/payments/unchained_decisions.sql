-- How many decisions are stored of which the trail knows nothing.
SELECT count(*)
FROM decisoes
WHERE
    NOT EXISTS (
        SELECT FROM auditoria.trilha AS chained
        WHERE chained.tipo = 'decisao' AND chained.objeto = decisoes.id_transacao
    )
