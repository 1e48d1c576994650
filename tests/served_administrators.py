"""The dashboard for browsers whose cookie says which administrator looks: what signing in will say, for tests alone."""

import streamlit as st

from app import identity
from app.identity import Identity, Role, Scope, current_scope
from app.main import app as app
from app.widgets import view
from etl.exchanges import all_exchanges
from etl.records import people
from etl.records.engine import reading

COOKIE = "test_person"


def _identity() -> Identity:
    name = st.context.cookies.get(COOKIE)
    with reading(view.store().engine) as connection:
        person = people.by_name(connection, name) if isinstance(name, str) else None
    if person is None:
        return Identity("P-nobody", "nobody", current_scope())
    return Identity(person.id, person.name, Scope(Role(person.role), tuple(all_exchanges())))


identity.current_identity = _identity
