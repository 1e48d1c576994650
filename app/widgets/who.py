"""Who is signed in, until when, and the link to sign out, at the foot of the side bar."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.moments import kst_minute
from app.scope import Identity, Role
from app.sign_in.addresses import SIGN_OUT
from app.words import LANGUAGES, exchange_name, say


def who_is_here(identity: Identity, language: str, failed_since: int = 0) -> None:
    """Draw name, role and exchange of the person, the end of the session, and the link to sign out.

    With it, how many tries to sign in with their name failed since they signed in before.
    """
    role = say(f"role.{identity.scope.role}", language)
    if identity.scope.role is Role.EXCHANGE:
        role = f"{role} · {' · '.join(exchange_name(name, language) for name in identity.scope.exchanges)}"
    lines = [f"<b>{escape(identity.name)}</b>", escape(role)]
    if identity.ends_at is not None:
        lines.append(f"<small>{escape(say('present.until', language, moment=kst_minute(identity.ends_at)))}</small>")
    if failed_since:
        lines.append(f"<strong>{escape(say('account.notice', language, count=failed_since))}</strong>")
    address = SIGN_OUT if language == LANGUAGES[0] else f"{SIGN_OUT}?lang={language}"
    out = escape(say("sign_out.title", language))
    who = f'<p class="who" data-person="{escape(identity.person)}"><span>{"<br>".join(lines)}</span>'
    st.html(f'{who} <a href="{escape(address)}" target="_self">{out}</a></p>')
