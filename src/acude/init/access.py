"""Users and access lists at the brokers: what is missing of them, and its creation."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, SecurityDisabledError

from acude.errors import AcudeError
from acude.init.rights import access_list, everybody, services
from acude.kafka import brokers
from acude.kafka.users import ADMINISTRATOR, ANYBODY, password_of, salt_of
from acude.settings import Settings

_MECHANISM = ScramMechanism.SCRAM_SHA_512
_ITERATIONS = 4096
"""Kafka's least: passwords are random, and each connection pays for them."""

_LOGIN_WITHIN_MS = 3_000


class AccessError(AcudeError):
    """The brokers take no users or access lists."""


def missing(config: Settings) -> list[str]:
    """What `ensure` would make or take back, a line each."""
    wanted = access_list(everybody(config))
    with _administrator(config) as admin:
        users = _unknown(config, admin)
        there = _there(admin)
    surplus = _given(config, there) - wanted if config.kafka_rights == "users" else set()
    return [
        *users,
        *sorted(map(_said, wanted - there)),
        *(f"no longer: {line}" for line in sorted(map(_said, surplus))),
    ]


def ensure(config: Settings) -> None:
    """Makes users and access lists. On the platform's own broker passwords and lists are then those of the settings.

    Raises:
        AccessError: the brokers have no access lists, or refuse these.
    """
    wanted = access_list(everybody(config))
    with _administrator(config) as admin:
        there = _there(admin)
        if new := sorted(wanted - there, key=_said):
            _require(admin.create_acls(new)["failed"])
        if config.kafka_rights == "users":
            _withdraw(admin, _given(config, there) - wanted)
            _require([said for said in admin.alter_user_scram_credentials(_logins(config)).values() if said])


def _logins(config: Settings) -> list[UserScramCredentialUpsertion]:
    """Every user's password, the administrator's too, which clients use from then on."""
    passwords = {rights.user: password_of(config, rights.user) for rights in services(config)}
    passwords[ADMINISTRATOR] = config.kafka_password.get_secret_value()
    return [
        UserScramCredentialUpsertion(user, _MECHANISM, password, _ITERATIONS, salt_of(config, user))
        for user, password in passwords.items()
    ]


def _unknown(config: Settings, admin: KafkaAdminClient) -> list[str]:
    """Users that the platform's own broker does not know, or knows by other passwords."""
    if config.kafka_rights != "users":
        return []
    known = {user for user, found in admin.describe_user_scram_credentials().items() if not found["error"]}
    names = [ADMINISTRATOR, *(rights.user for rights in services(config))]
    if set(names) <= known and not _comes_in(config):
        return ["passwords of the users"]
    return [f"user {name}" for name in names if name not in known]


def _comes_in(config: Settings) -> bool:
    """Whether the administrator's password, from which all others follow, is the one that the users were made with."""
    try:
        KafkaAdminClient(**brokers.kafka_python(config), bootstrap_timeout_ms=_LOGIN_WITHIN_MS).close()
    except KafkaError:
        return False
    return True


def _there(admin: KafkaAdminClient) -> set[ACL]:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    try:
        found, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything))
    except SecurityDisabledError as problem:
        raise AccessError(
            "The brokers have no access lists: no authorizer is set.",
            "Set authorizer.class.name there, or leave ACUDE_KAFKA_RIGHTS out.",
        ) from problem
    return set(found)


def _given(config: Settings, there: set[ACL]) -> set[ACL]:
    """Those entries that are about the platform's users, and whoever has no login."""
    ours = {f"User:{rights.user}" for rights in services(config)} | {f"User:{ANYBODY}"}
    return {entry for entry in there if entry.principal in ours}


def _withdraw(admin: KafkaAdminClient, entries: set[ACL]) -> None:
    if entries:
        _require([problem for _, _, problem in admin.delete_acls(list(entries)) if problem.errno])


def _require(failed: list[object]) -> None:
    if failed:
        raise AccessError(f"The brokers refuse users or access lists: {failed[0]}.", "Look into the brokers' log.")


def _said(entry: ACL) -> str:
    place = entry.resource_pattern
    name = f"{place.resource_name}*" if place.pattern_type == ACLResourcePatternType.PREFIXED else place.resource_name
    return f"{entry.principal} may {entry.operation.name} {place.resource_type.name} {name}"


@contextmanager
def _administrator(config: Settings) -> Iterator[KafkaAdminClient]:
    """The broker's own users come after its administrator, whom it knows by its configuration alone at first."""
    login = brokers.without_scram(config) if config.kafka_rights == "users" else brokers.kafka_python(config)
    admin = KafkaAdminClient(**login)
    try:
        yield admin
    finally:
        admin.close()
