"""My account: one's own password, sessions and sign-ins."""

from datetime import UTC, datetime

from app.account.own import own_account
from app.account.own_parts import password_section, session_section, show_account_result, sign_in_section
from app.widgets.header import page_header
from app.widgets.view import current_view, store

view = current_view()
page_header(view, "account")
show_account_result()
account = own_account(store(), view.identity, datetime.now(UTC))
password_section(view, account)
session_section(view, account)
sign_in_section(view, account)
