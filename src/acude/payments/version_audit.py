"""A change of the versions as an event of the audit log."""

from contextlib import closing

from acude.payments import audit_log
from acude.payments.session import Session
from acude.payments.version_log import Change
from acude.settings import Settings


def note(config: Settings, change: Change, who: str) -> None:
    """Writes the change to the audit log.

    Args:
        config: names the database.
        change: what was done.
        who: the audit log's name of the person or process.

    Raises:
        psycopg.Error: the database does not take it. The change is made all the same: a rollback must not wait for it.
    """
    said = {name: str(getattr(change, name)) for name in ("acao", "sha256", "versao_modelo", "anterior", "por_que")}
    with closing(Session(config, "acude-versoes")) as session, session.transaction() as connection:
        audit_log.append(connection, [audit_log.audit_event(audit_log.POLICY, who, change.versao_regras, **said)])
