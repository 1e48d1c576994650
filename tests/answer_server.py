"""The dashboard in which a cookie says who looks, so that one browser can be two people: `answer_server.py PORT`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import streamlit as st
import uvicorn

from app import identity
from app.identity import Identity, Role, Scope
from etl.exchanges import all_exchanges

PEOPLE = {
    "korbit": Identity("P-korbit", "korbit", Scope(Role.EXCHANGE, ("korbit",))),
    "fss": Identity("P-fss", "fss", Scope(Role.SUPERVISOR, tuple(all_exchanges()))),
}


def whoever_the_cookie_names() -> Identity:
    return PEOPLE[st.context.cookies.get("who", "fss")]


if __name__ == "__main__":
    identity.current_identity = whoever_the_cookie_names
    uvicorn.run("app.main:app", host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
