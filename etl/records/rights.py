"""Two roles of PostgreSQL: the owner migrates and restores, the service reads and writes what its work needs.

The service cannot change or remove what only grows, by right, nor drop a table, a trigger or a policy, for none is its
own. `give_rights` is what the owner gives, made from the tables as they are, so that a new table has rights with the
migration that makes it. Row-level security is a second wall behind the scope of every query: where a transaction says
for which exchange it reads (`etl.records.engine.limited_to`), no other's rows are there. It holds against a query that
forgot its scope and not against whoever can send SQL of their own, who can leave the exchange unsaid.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, Table, bindparam, text
from sqlalchemy.engine import make_url

from etl.records.access_tables import audit_log, failed_sign_ins, log_heads, sessions
from etl.records.answer_tables import breach_states, decisions, explanations, verdict_reads
from etl.records.draft_tables import drafts
from etl.records.engine import EXCHANGE_SETTING, RecordsUnavailableError, reading, writing
from etl.records.schema import every_table
from etl.records.tables import derived_tables, figures_made, incidents, judgements, states, visits
from etl.records.threshold_tables import threshold_decisions, threshold_proposals

ONLY_GROWING = (
    *(audit_log, log_heads),
    *(explanations, decisions, breach_states, verdict_reads),
    *(threshold_proposals, threshold_decisions),
    *(states, incidents),
)
"""What the service adds rows to and never changes."""
REMOVED_FROM = (sessions, failed_sign_ins, visits, drafts, judgements)
"""What the service also removes rows from, beside figures; nothing else that was filed or done is ever removed."""
_REVISION = "alembic_version"
POLICY = "own_exchange"


def rights_on(table: Table) -> tuple[str, ...]:
    """What the service may do with a table."""
    if table is figures_made:
        return ("SELECT",)
    if table in ONLY_GROWING:
        return ("SELECT", "INSERT")
    is_removed_from = table in REMOVED_FROM or table in derived_tables()
    return ("SELECT", "INSERT", "UPDATE", *(("DELETE",) if is_removed_from else ()))


def wall_of(table: Table) -> str | None:
    """Which rows of a table a transaction that reads for one exchange sees, as SQL; None where it sees them all.

    A row is of its own `exchange`, or of that of what it refers to; where that is null it is everybody's.
    """
    said = f"(SELECT coalesce(current_setting('{EXCHANGE_SETTING}', true), ''))"
    if "exchange" in table.columns:
        own = f"exchange = {said}" + (" OR exchange IS NULL" if table.columns["exchange"].nullable else "")
    else:
        of = [(column, key.column) for column in table.columns for key in column.foreign_keys]
        walled = [pair for pair in of if wall_of(pair[1].table) is not None]
        if not walled or table is sessions:  # who signs in is looked for before anybody knows whose they are
            return None
        ((column, to),) = walled
        rows = f"SELECT 1 FROM {to.table.name} WHERE {to.table.name}.{to.name} = {table.name}.{column.name}"  # noqa: S608
        own = f"EXISTS ({rows})"
    return f"{said} = '' OR {own}"


def service_of(url: str, owner: Engine) -> str | None:
    """The role of the service's address, where it is another than the owner's; None where one role does everything."""
    name = make_url(url).username
    return name if owner.dialect.name == "postgresql" and name and name != owner.url.username else None


def give_rights(owner: Engine, service: str) -> None:
    """Give the role `service` what its work needs and nothing else; RecordsUnavailableError where it is no role."""
    with writing(owner, lock="migrations") as connection:
        if not connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": service}).scalar():
            raise RecordsUnavailableError(
                f"the database has no role '{service}', which DAXA_DATABASE_URL names; make it as an administrator of "
                f"the database: CREATE ROLE {service} LOGIN PASSWORD '…'"
            )
        for statement in _statements(connection.dialect.identifier_preparer.quote(service)):
            connection.exec_driver_sql(statement)


def _statements(service: str) -> Iterator[str]:
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON SCHEMA public FROM {service}"
    yield f"GRANT USAGE ON SCHEMA public TO {service}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {service}, PUBLIC"
    yield f"GRANT SELECT ON {_REVISION} TO {service}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {service}, PUBLIC"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {service}"
    for table in every_table():
        yield f"GRANT {', '.join(rights_on(table))} ON {table.name} TO {service}"
        wall = wall_of(table)
        if wall is not None:
            yield f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
            yield f"DROP POLICY IF EXISTS {POLICY} ON {table.name}"
            # `writing` names no exchange: numbers are counted, and the log is written, over all of them.
            yield f"CREATE POLICY {POLICY} ON {table.name} USING ({wall})"


def too_mighty(engine: Engine) -> str | None:
    """A sentence where the service's connection could change what only grows; None where the database forbids it."""
    if engine.dialect.name != "postgresql":
        return None
    names = [table.name for table in ONLY_GROWING]
    query = text(
        "SELECT bool_or(r.rolsuper OR r.rolbypassrls OR pg_has_role(current_user, c.relowner, 'MEMBER') "
        "OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')), max(current_user::text) "
        "FROM pg_class c, pg_roles r "
        "WHERE r.rolname = current_user AND c.relnamespace = 'public'::regnamespace AND c.relname IN :names"
    ).bindparams(bindparam("names", expanding=True))
    with reading(engine) as connection:
        is_mighty, role = connection.execute(query, {"names": names}).one()
    if not is_mighty:
        return None
    return (
        f"the role '{role}' of DAXA_DATABASE_URL may change the audit log and its guards, and sees every exchange's "
        "rows; give the service a role of its own there, the owner's address to DAXA_DATABASE_OWNER_URL, and run "
        "'daxa migrate'"
    )
