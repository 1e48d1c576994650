"""Which exchange a bearer token belongs to, and what the token allows."""

from __future__ import annotations

from starlette.requests import Request

from app.api.problems import ProblemError
from etl.records.tokens import Token, TokenScope


def bearer(request: Request) -> str:
    """Return the token that a request carries; ProblemError (401) where it carries none."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise unauthorised()
    return text.strip()


def unauthorised() -> ProblemError:
    """The response to a token that is not valid: the same for unknown, expired and revoked ones."""
    detail = "Send a valid token as 'Authorization: Bearer …'; it may be unknown, expired or revoked."
    return ProblemError(401, detail, www_authenticate='Bearer realm="daxa"')


def must_allow(token: Token, scope: TokenScope) -> None:
    """Raise ProblemError (403) where the token does not have this permission."""
    if scope not in token.scopes:
        raise ProblemError(403, f"This token may not {scope}; have one made with --scope {scope}.")


def must_be_of(token: Token, exchange: str) -> None:
    """Raise ProblemError (403) where the file is of another exchange than the token."""
    if exchange != token.exchange:
        raise ProblemError(403, f"This token files for {token.exchange} and not for {exchange}.")
