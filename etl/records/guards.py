"""What keeps the database from changes that no act of ours makes: triggers, owner, rights, policies; and what is wrong.

The triggers are those that revisions 0003, 0005 and 0006 made. Rights and policies are those of `etl.records.rights`,
in a PostgreSQL database that has a role for the service; where one role does everything there are none to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

from etl.records.access_tables import audit_log, log_heads
from etl.records.answer_tables import breach_states, decisions, explanations, verdict_reads
from etl.records.rights import POLICY, rights_on, wall_of
from etl.records.schema import every_table
from etl.records.threshold_tables import threshold_decisions, threshold_proposals


@dataclass(frozen=True, slots=True)
class _Kept:
    """Tables whose rows stay: what is said to whoever changes one, by which function, and when a row replaces one."""

    function: str
    sentence: str
    same: dict[Table, str]


_KEPT = (
    _Kept(
        "refuse_change",
        "the audit log only grows",
        {audit_log: "sequence = NEW.sequence", log_heads: "day = NEW.day"},
    ),
    _Kept(
        "refuse_other_answers",
        "what was answered stays as it was said",
        {
            explanations: "number = NEW.number OR id = NEW.id",
            decisions: "number = NEW.number",
            breach_states: "number = NEW.number",
            verdict_reads: "submission = NEW.submission AND person = NEW.person",
        },
    ),
    _Kept(
        "refuse_threshold_change",
        "what was proposed and decided of thresholds only grows",
        {threshold_proposals: "id = NEW.id", threshold_decisions: "proposal = NEW.proposal"},
    ),
)
_BY_OWNER = "run 'daxa migrate' as the owner, which gives the rights and policies anew"


def wrong_guards(connection: Connection) -> Iterator[tuple[str, str]]:
    """Each guard that is missing, altered or strange, and what is wrong with it and what to do."""
    if connection.dialect.name == "postgresql":
        yield from _wrong_on_postgresql(connection)
    else:
        yield from _wrong_triggers(_on_sqlite(), _found_on_sqlite(connection))


def _wrong_triggers(expected: dict[str, str], found: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Triggers and functions by name, with the statement that makes them."""
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield name, f"is missing; find out who took it away, then make it again: {expected[name]}"
        elif name not in expected:
            yield name, f"is none of ours; find out what it did, then drop it: {_one_line(found[name])}"
        elif found[name] != expected[name]:
            yield name, f"was altered to {_one_line(found[name])}; it has to be {expected[name]}"


def _one_line(statement: str) -> str:
    return " ".join(statement.split())[:500]


# ----------------------------------------------------------------------------------------------- SQLite


def _on_sqlite() -> dict[str, str]:
    made = {}
    for kept in _KEPT:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{kept.sentence}'); END"
        for table, same in kept.same.items():
            stands = f"EXISTS (SELECT 1 FROM {table.name} WHERE {same})"  # noqa: S608  names of our own
            for change, when in (("update", "UPDATE"), ("delete", "DELETE"), ("replace", "INSERT")):
                condition = f" WHEN {stands}" if change == "replace" else ""
                name = f"{table.name}_no_{change}"
                made[name] = f"CREATE TRIGGER {name} BEFORE {when} ON {table.name}{condition} {refuse}"
    return made


def _found_on_sqlite(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return {row.name: row.sql for row in rows}


# ------------------------------------------------------------------------------------------- PostgreSQL


def _wrong_on_postgresql(connection: Connection) -> Iterator[tuple[str, str]]:
    expected = {}
    for kept in _KEPT:
        body = f" BEGIN RAISE EXCEPTION '{kept.sentence}'; END "
        expected[f"{kept.function}()"] = _function(kept.function, "plpgsql", "trigger", body)
        for table in kept.same:
            name = f"{table.name}_only_grows"
            expected[name] = _trigger(
                f"CREATE TRIGGER {name} BEFORE DELETE OR UPDATE OR TRUNCATE ON public.{table.name} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {kept.function}()",
                table.name,
                name,
                "A",
            )
    yield from _wrong_triggers(expected, _found_on_postgresql(connection))
    tables = {table.name: table for table in every_table()}
    roles = _roles_with_rights(connection)
    owners = _owners(connection)
    yield from _strange_owners(owners)
    for role in roles:
        yield from _mighty(connection, role, set(owners.values()))
    if roles:
        yield from _wrong_rights(connection, tables)
        yield from _wrong_policies(connection, tables)


def _function(name: str, language: str, returns: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS {returns} LANGUAGE {language} AS $${body}$$"


def _trigger(statement: str, table: str, name: str, enabled: str) -> str:
    ways = {"A": "ENABLE ALWAYS", "O": "ENABLE", "R": "ENABLE REPLICA", "D": "DISABLE"}
    return f"{statement}; ALTER TABLE {table} {ways[enabled]} TRIGGER {name}"


def _found_on_postgresql(connection: Connection) -> dict[str, str]:
    found = {}
    triggers = text(
        "SELECT tgname, relname, pg_get_triggerdef(t.oid), tgenabled::text FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal"
    )
    for name, table, statement, enabled in connection.execute(triggers):
        own = name == f"{table}_only_grows"  # names are of their tables: another's may not stand for it
        found[name if own else f"{name} on {table}"] = _trigger(statement, table, name, enabled)
    functions = text(
        "SELECT proname, pg_get_function_identity_arguments(p.oid), lanname, prorettype::regtype::text, prosrc "
        "FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE pronamespace = 'public'::regnamespace "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    for name, takes, language, returns, body in connection.execute(functions):
        found[f"{name}({takes})"] = _function(name, language, returns, body)
    rules = text("SELECT rulename, definition FROM pg_rules WHERE schemaname = 'public'")
    found.update({f"rule {name}": statement for name, statement in connection.execute(rules)})
    return found


def _owners(connection: Connection) -> dict[str, str]:
    query = text(
        "SELECT relname AS name, relowner::regrole::text AS owner FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') "
        "UNION ALL SELECT proname || '()', proowner::regrole::text FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e') ORDER BY 1"
    )
    return {row.name: row.owner for row in connection.execute(query)}


def _strange_owners(owners: dict[str, str]) -> Iterator[tuple[str, str]]:
    owner = owners.get(audit_log.name)
    for name, other in owners.items():
        if other != owner:
            yield f"owner of {name}", f"is '{other}', of the audit log it is '{owner}'; one role has to own everything"


_GIVEN = (
    "SELECT relname, coalesce(a.grantee::regrole::text, '-') AS role, a.privilege_type AS what FROM pg_class c "
    "CROSS JOIN LATERAL aclexplode(c.relacl) a "
    "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND a.grantee <> c.relowner"
)


def _roles_with_rights(connection: Connection) -> list[str]:
    query = text(f"SELECT DISTINCT role FROM ({_GIVEN}) g WHERE role <> '-' ORDER BY role")  # noqa: S608  our own text
    return list(connection.execute(query).scalars())


def _mighty(connection: Connection, role: str, owners: set[str]) -> Iterator[tuple[str, str]]:
    """What a role may do past all rights on tables."""
    query = text(
        "SELECT rolsuper, rolbypassrls, has_schema_privilege(oid, 'public', 'CREATE') FROM pg_roles "
        "WHERE oid = CAST(:role AS regrole)"
    )
    is_super, passes, makes = connection.execute(query, {"role": role}).one()
    member = text("SELECT pg_has_role(CAST(:role AS regrole), CAST(:owner AS regrole), 'MEMBER')")
    is_owner = any(connection.execute(member, {"role": role, "owner": owner}).scalar_one() for owner in owners)
    for is_so, what, undo in (
        (is_super, "is a superuser", f"ALTER ROLE {role} NOSUPERUSER"),
        (passes, "passes row-level security by", f"ALTER ROLE {role} NOBYPASSRLS"),
        (makes, "may make tables and functions", f"REVOKE CREATE ON SCHEMA public FROM {role}, PUBLIC"),
        (is_owner and not is_super, "may act as the owner", f"REVOKE {', '.join(sorted(owners))} FROM {role}"),
    ):
        if is_so:
            yield f"role {role}", f"{what}, and has to be none that does; {undo}"


def _wrong_rights(connection: Connection, tables: dict[str, Table]) -> Iterator[tuple[str, str]]:
    given: dict[tuple[str, str], set[str]] = {}
    for table, role, what in connection.execute(text(_GIVEN)):
        given.setdefault((table, role), set()).add(what)
    roles = sorted({role for _, role in given if role != "-"})
    for name in sorted(tables.keys() | {table for table, _ in given}):
        expected = set(rights_on(tables[name])) if name in tables else {"SELECT"}
        for role in (*roles, "-"):
            shown = "everybody" if role == "-" else f"'{role}'"
            found = given.get((name, role), set())
            if found != (expected if role != "-" else set()):
                has_to = ", ".join(sorted(expected)) if role != "-" else "nothing"
                said = f"of {shown} are {', '.join(sorted(found)) or 'none'}, and have to be {has_to}"
                yield f"rights on {name}", f"{said}; {_BY_OWNER}"
    columns = text(
        "SELECT DISTINCT relname, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid "
        "WHERE relnamespace = 'public'::regnamespace AND attacl IS NOT NULL ORDER BY 1, 2"
    )
    for table, column in connection.execute(columns):
        undo = f"take them away: REVOKE ALL ({column}) ON {table} FROM …"
        yield f"rights on {table}", f"are given on its column {column} alone, and none have to be; {undo}"


def _wrong_policies(connection: Connection, tables: dict[str, Table]) -> Iterator[tuple[str, str]]:
    walls = {name: wall for name, table in tables.items() if (wall := wall_of(table)) is not None}
    secured = text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity")
    on = set(connection.execute(secured).scalars())
    query = text(
        "SELECT relname, polname, polcmd::text = '*' AND polpermissive AND polroles = '{0}', "
        "pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy p "
        "JOIN pg_class c ON c.oid = polrelid WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    found = {(row[0], row[1]): row for row in connection.execute(query)}
    for name, wall in sorted(walls.items()):
        row = found.pop((name, POLICY), None)
        if name not in on:
            yield f"policy on {name}", f"is switched off; {_BY_OWNER}"
        if row is None:
            yield f"policy on {name}", f"is missing; {_BY_OWNER}"
        elif not row[2] or row[4] is not None or _plain(row[3] or "") != _plain(wall):
            yield f"policy on {name}", f"was altered to {_one_line(row[3] or '')}; {_BY_OWNER}"
    for name, policy in found:
        yield f"policy on {name}", f"'{policy}' is none of ours; drop it: DROP POLICY {policy} ON {name}"


def _plain(expression: str) -> str:
    """An expression without what PostgreSQL adds when it shows one: types, brackets, a name, blanks."""
    bare = re.sub(r"::(text|character varying)|\bAS \"?coalesce\"?", "", expression)
    return re.sub(r"[\s()]", "", bare).lower()
