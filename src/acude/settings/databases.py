"""Settings of the relational databases, of their backups, and of the audit log's anchors."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class DatabaseSettings(BaseSettings):
    """Read as a part of `acude.settings.Settings` alone. On one machine: one server, four databases."""

    postgres_port: int = 5439
    postgres_password: SecretStr = SecretStr("")
    warehouse_kind: Literal["postgres", "redshift"] = "redshift"
    warehouse_dsn: SecretStr = SecretStr("")
    redshift_copy_role: str = Field(default="", description="ARN of the role that Redshift's COPY assumes")
    shop_dsn: SecretStr = Field(default=SecretStr(""), description="The shop's own order database")
    backup_dsn: SecretStr = Field(
        default=SecretStr(""),
        description="postgresql://… of the administrator of the server that is backed up; empty: the local one",
    )
    backup_programs: Path | None = Field(
        default=None, description="Folder of pg_dump, pg_dumpall and pg_restore of that server's version; None: ours"
    )
    backup_kept: int = Field(default=14, ge=1, description="How many backups the nightly one leaves, the newest")
    backup_bucket: str = "acude-backup"
    audit_bucket: str = Field(default="acude-audit", description="The audit log's anchors; it has Object Lock")
    audit_kept: timedelta = Field(
        default=timedelta(days=1827), description="How long nobody can delete an anchor: five years"
    )
    backup_keys: SecretStr = Field(
        default=SecretStr(""), description="`k2:key,k1:key`: the first makes new backups, all of them read"
    )
