"""Signing in with the organisation's own account, through OpenID Connect; it begins the same session as a password.

Configured by the environment: `DAXA_OIDC_METADATA` is the address of the provider's metadata
(…/.well-known/openid-configuration), `DAXA_OIDC_CLIENT_ID` and `DAXA_OIDC_CLIENT_SECRET` what it knows us by.
`DAXA_OIDC_ROLE_CLAIM` (`daxa_role`), `DAXA_OIDC_EXCHANGE_CLAIM` (`daxa_exchange`) and `DAXA_OIDC_NAME_CLAIM`
(`preferred_username`) name what it says of a person, `DAXA_OIDC_SCOPE` (`openid profile email`) what is asked for.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.server.origin import configured_origin
from app.server.security import language_of
from app.sign_in.addresses import SSO, SSO_RETURN, first_page, local
from app.sign_in.cookies import cookie_name
from app.sign_in.documents import message_page
from app.sign_in.routes import source_of, with_session
from app.words import LANGUAGES, say
from etl.records.engine import RecordsUnavailableError, writing
from etl.records.organisation import person_with_account
from etl.records.people import PersonError, Role
from etl.records.sessions import Way, open_session
from etl.store import Store

_STATE_COOKIE = "daxa_sso"
_STATE_SECONDS = 10 * 60
_UNKEPT = {"Cache-Control": "no-store"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches for people, and under which names it says what."""

    metadata: str
    client_id: str
    client_secret: str
    role_claim: str
    exchange_claim: str
    name_claim: str
    scope: str


def configured_provider() -> Provider | None:
    """The provider that the environment names; None where it names none. ValueError where it says only half."""
    said = {
        name: os.environ.get(f"DAXA_OIDC_{name}", "").strip() for name in ("METADATA", "CLIENT_ID", "CLIENT_SECRET")
    }
    if not any(said.values()):
        return None
    if missing := [f"DAXA_OIDC_{name}" for name, value in said.items() if not value]:
        raise ValueError(f"signing in with OpenID Connect needs {', '.join(missing)} as well")
    return Provider(
        said["METADATA"],
        said["CLIENT_ID"],
        said["CLIENT_SECRET"],
        os.environ.get("DAXA_OIDC_ROLE_CLAIM") or "daxa_role",
        os.environ.get("DAXA_OIDC_EXCHANGE_CLAIM") or "daxa_exchange",
        os.environ.get("DAXA_OIDC_NAME_CLAIM") or "preferred_username",
        os.environ.get("DAXA_OIDC_SCOPE") or "openid profile email",
    )


def role_in(claim: Any) -> Role | None:
    """The one role of ours among what a provider says; None where there is none, or more than one."""
    said = {str(value) for value in claim} if isinstance(claim, list) else {str(claim)}
    roles = [role for role in Role if role.value in said]
    return roles[0] if len(roles) == 1 else None


class OrganisationSignIn:
    """The two addresses of signing in with the organisation's account."""

    def __init__(self, store: Callable[[], Store], provider: Provider) -> None:
        """Nothing is asked of the provider before the first person comes."""
        self._store, self._provider = store, provider
        oauth = OAuth()
        oauth.register(
            "organisation",
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.metadata,
            client_kwargs={"scope": provider.scope, "code_challenge_method": "S256"},
        )
        self._client: Any = oauth.create_client("organisation")

    def routes(self) -> list[Route]:
        """Where it begins, and where the provider sends people back to."""
        return [Route(SSO, self.begin, methods=["GET"]), Route(SSO_RETURN, self.come_back, methods=["GET"])]

    def middleware(self) -> Middleware:
        """What keeps the state of one sign-in for ten minutes, in a cookie of its own."""
        origin = configured_origin()
        is_secure = origin is not None and origin[0] == "https"
        return Middleware(
            SessionMiddleware,
            secret_key=secrets.token_urlsafe(32),
            session_cookie=cookie_name(_STATE_COOKIE, is_secure=is_secure),
            https_only=is_secure,
            max_age=_STATE_SECONDS,
            same_site="lax",
        )

    async def begin(self, request: Request) -> Response:
        """Send somebody to the provider."""
        language = language_of(request.scope)
        request.session.clear()
        request.session["wanted"] = local(request.query_params.get("next"))
        request.session["language"] = language
        try:
            answer: Response = await self._client.authorize_redirect(request, str(request.url_for("come_back")))
        except Exception:  # whatever an unreachable provider does to the client
            _log.exception("the provider of organisation accounts does not answer")
            return _told("sso_away", language, 503)
        return answer

    async def come_back(self, request: Request) -> Response:
        """Take the provider's word, and begin the session; the reason of a refusal is told in a sentence."""
        wanted = local(request.session.get("wanted"))
        language = request.session.get("language", LANGUAGES[0])
        try:
            token = await self._client.authorize_access_token(request)
        except OAuthError as error:
            _log.warning("signing in with an organisation account failed: %s", error.error)
            return _told("sso_failed", language, 403)
        except Exception:  # whatever an unreachable provider does to the client
            _log.exception("the provider of organisation accounts does not answer")
            return _told("sso_away", language, 503)
        finally:
            request.session.clear()
        try:
            session = await run_in_threadpool(self._session, token["userinfo"], source_of(request))
        except PersonError as error:
            _log.warning("an organisation account was refused: %s", error)
            return _told("sso_refused", language, 403)
        except RecordsUnavailableError:
            return _told("busy", language, 503)
        onward = first_page(language) if wanted == "/" else wanted
        return with_session(request, RedirectResponse(onward, 303, headers=_UNKEPT), session)

    def _session(self, claims: Mapping[str, Any], source: str) -> str:
        role = role_in(claims.get(self._provider.role_claim))
        if role is None:
            raise PersonError(f"'{claims.get('sub')}' has no role of ours in the claim {self._provider.role_claim}")
        exchange = claims.get(self._provider.exchange_claim) if role is Role.EXCHANGE else None
        name = claims.get(self._provider.name_claim) or claims.get("email") or claims["sub"]
        now = datetime.now(UTC)
        engine = self._store().engine
        with writing(engine, lock="people") as connection:
            person = person_with_account(
                connection,
                str(claims["iss"]),
                str(claims["sub"]),
                name=str(name),
                role=role,
                exchange=None if exchange is None else str(exchange),
                at=now,
            )
        return open_session(engine, person, Way.OIDC, source=source, now=now)


def _told(key: str, language: str, status: int) -> Response:
    return HTMLResponse(message_page(say(f"sign_in.{key}", language), language), status, headers=_UNKEPT)
