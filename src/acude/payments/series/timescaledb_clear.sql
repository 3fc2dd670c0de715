-- Empties an hour, in a statement before the load's: an INSERT unpacks compressed rows first, and a DELETE in the same
-- statement would not see them.
DELETE FROM pagamentos_por_minuto
WHERE janela_inicio >= %(hora)s AND janela_inicio < %(hora)s + INTERVAL '1 hour'
