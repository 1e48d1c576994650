"""Who calls: the exchange that a bearer token was made for, and what the token may do."""

from __future__ import annotations

from starlette.requests import Request

from app.api.problems import ProblemError
from etl.records.tokens import Token, TokenScope


def bearer(request: Request) -> str:
    """The token that a request carries; ProblemError where it carries none."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise unauthorised()
    return text.strip()


def unauthorised() -> ProblemError:
    """The answer to whoever has no valid token: the same whether it is unknown, expired or revoked."""
    detail = "Send a valid token as 'Authorization: Bearer …'; it may be unknown, expired or revoked."
    return ProblemError(401, detail, www_authenticate='Bearer realm="daxa"')


def must_allow(token: Token, scope: TokenScope) -> None:
    """ProblemError where the token was not made for this."""
    if scope not in token.scopes:
        raise ProblemError(403, f"This token may not {scope}; have one made with --scope {scope}.")


def must_be_of(token: Token, exchange: str) -> None:
    """ProblemError where the file is another exchange's."""
    if exchange != token.exchange:
        raise ProblemError(403, f"This token files for {token.exchange} and not for {exchange}.")
