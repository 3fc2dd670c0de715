-- Each stored entry beside its last change in the audit log; null where only the other exists.
SELECT
    changes.numero,
    changes.detalhe,
    coalesce(changes.objeto, present.objeto) AS nome,
    present.lista,
    present.tipo,
    present.valor,
    present.dono,
    present.motivo,
    present.criada_em,
    present.expira_em
FROM (
    SELECT DISTINCT ON (objeto)
        objeto,
        numero,
        detalhe
    FROM auditoria.trilha
    WHERE tipo = 'lista'
    ORDER BY objeto, numero DESC
) AS changes
FULL JOIN (
    SELECT
        *,
        concat_ws('/', lista, tipo, valor) AS objeto
    FROM listas
) AS present
    ON changes.objeto = present.objeto
