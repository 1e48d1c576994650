"""The addresses of signing in and out: forms that work without scripts, and the session that they begin and end."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.moments import duration, kst_text
from app.server.origin import scheme_of
from app.server.security import language_of
from app.sign_in.addresses import SIGN_IN, SIGN_OUT, first_page, local, sign_in_address
from app.sign_in.cookies import FORM_COOKIE, SESSION_COOKIE, cookie_in, cookie_name
from app.sign_in.documents import Notice, sign_in_page, sign_out_page
from app.words import say
from etl.records.engine import RecordsUnavailableError, reading
from etl.records.people import PersonError, listed
from etl.records.sessions import LONGEST, SignedIn, Way, end_session, open_session, session_of
from etl.records.sign_in import Refused, authenticate
from etl.store import Store

PASSWORDS_VARIABLE = "DAXA_PASSWORDS"
"""`off`: nobody signs in with a password, only with the organisation's own account."""

_MOST_FORM_BYTES = 8 * 1024
_FORM_SECONDS = 60 * 60
_FORM_KEY = secrets.token_bytes(32)
"""Of this process: a form of an earlier one is out of date."""
_UNKEPT = {"Cache-Control": "no-store"}
_FIRST_STEP = "daxa users add NAME --role admin"


class SignIn:
    """The pages of signing in and out of one server; its store is opened by the first who comes."""

    def __init__(self, store: Callable[[], Store], *, has_sso: bool = False) -> None:
        """With `has_sso` the page offers the organisation's own account too."""
        self._store, self._has_sso = store, has_sso

    def routes(self) -> list[Route]:
        """Every address of signing in and out; Starlette adds HEAD to GET."""
        return [
            Route(SIGN_IN, self.sign_in, methods=["GET", "POST"]),
            Route(SIGN_OUT, self.sign_out, methods=["GET", "POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """The form; or, with what it was filled with, the session and the way on."""
        language, wanted = language_of(request.scope), local(request.query_params.get("next"))
        try:
            if request.method == "POST":
                return await self._signed_in(request, language, wanted)
            if await run_in_threadpool(self._present, request):
                return RedirectResponse(_onward(wanted, language), 303, headers=_UNKEPT)
            notice = Notice(say("sign_in.out", language), is_wrong=False) if "out" in request.query_params else None
            if await run_in_threadpool(self._is_deserted):
                notice = Notice(say("sign_in.nobody", language, command=_FIRST_STEP))
            return self._form(request, language, wanted, notice)
        except RecordsUnavailableError:
            return self._form(request, language, wanted, Notice(say("sign_in.busy", language)), status=503)

    async def sign_out(self, request: Request) -> Response:
        """The question whether to; or, with the answer, the end of the session."""
        language = language_of(request.scope)
        signed_in = await run_in_threadpool(self._present, request)
        if signed_in is None:
            gone = RedirectResponse(sign_in_address("/", language), 303, headers=_UNKEPT)
            _forget_session(request, gone)
            return gone
        if request.method == "POST":
            if _came_back(request, await _fields(request)):
                session = _cookie(request, SESSION_COOKIE)
                await run_in_threadpool(end_session, self._store().engine, session, datetime.now(UTC))
                gone = RedirectResponse(sign_in_address("/", language, out="1"), 303, headers=_UNKEPT)
                _forget_session(request, gone)
                return gone
            notice, status = Notice(say("sign_in.stale", language)), 403
        else:
            notice, status = None, 200
        half, form = _new_form(request)
        page = sign_out_page(language, signed_in.person.name, form, notice=notice)
        return _with_form(request, HTMLResponse(page, status, headers=_UNKEPT), half)

    async def _signed_in(self, request: Request, language: str, wanted: str) -> Response:
        """The session, where name and password fit; else the form again with one answer for every failure."""
        fields = await _fields(request)
        name, password = fields.get("name", ""), fields.get("password", "")
        if not passwords_are_taken() or not _came_back(request, fields):
            return self._form(request, language, wanted, Notice(say("sign_in.stale", language)), name, 403)
        now = datetime.now(UTC)
        engine, source = self._store().engine, source_of(request)
        found = await run_in_threadpool(authenticate, engine, name, password, source=source, now=now)
        if isinstance(found, Refused):
            if found.until is None:
                return self._form(request, language, wanted, Notice(say("sign_in.wrong", language)), name, 401)
            wait = duration(found.until - now, language)
            told = say("sign_in.wait", language, wait=wait, until=kst_text(found.until.replace(microsecond=0)))
            answer = self._form(request, language, wanted, Notice(told), name, 429)
            answer.headers["Retry-After"] = str(int((found.until - now).total_seconds()) + 1)
            return answer
        try:
            session = await run_in_threadpool(open_session, engine, found, Way.PASSWORD, source=source, now=now)
        except PersonError:  # disabled between the password and the session
            return self._form(request, language, wanted, Notice(say("sign_in.wrong", language)), name, 401)
        if earlier := _cookie(request, SESSION_COOKIE):
            await run_in_threadpool(end_session, engine, earlier, now)
        return with_session(request, RedirectResponse(_onward(wanted, language), 303, headers=_UNKEPT), session)

    def _form(
        self, request: Request, language: str, wanted: str, notice: Notice | None, name: str = "", status: int = 200
    ) -> Response:
        half, form = _new_form(request)
        page = sign_in_page(
            language,
            wanted,
            form,
            notice=notice,
            name=name[:64],
            has_passwords=passwords_are_taken(),
            has_sso=self._has_sso,
        )
        return _with_form(request, HTMLResponse(page, status, headers=_UNKEPT), half)

    def _present(self, request: Request) -> SignedIn | None:
        return session_of(self._store().engine, _cookie(request, SESSION_COOKIE), datetime.now(UTC))

    def _is_deserted(self) -> bool:
        """True while nobody could sign in whatever they typed."""
        if self._has_sso:
            return False
        with reading(self._store().engine) as connection:
            return not listed(connection)


def passwords_are_taken() -> bool:
    """True unless the environment says that nobody signs in with a password."""
    return os.environ.get(PASSWORDS_VARIABLE, "").strip().lower() != "off"


def source_of(request: Request) -> str:
    """The address that a request comes from: a proxy's word for it counts only where the server was told to."""
    return request.client.host if request.client else ""


def with_session(request: Request, answer: Response, session: str) -> Response:
    """The answer, with the session for this browser alone; secure wherever the page came over TLS."""
    is_secure = scheme_of(request.scope) == "https"
    answer.set_cookie(
        cookie_name(SESSION_COOKIE, is_secure=is_secure),
        session,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure,
    )
    return answer


def _form_token(request: Request, half: str, until: int) -> str:
    """What a form must come back with: made by this server alone, for one browser, one page and an hour.

    That of signing out is for one session, too.
    """
    path = request.url.path
    session = _cookie(request, SESSION_COOKIE) if path == SIGN_OUT else ""
    bound = "\n".join((path, str(until), half, session))
    return f"{until}.{hmac.new(_FORM_KEY, bound.encode(), hashlib.sha256).hexdigest()}"


def _new_form(request: Request) -> tuple[str, str]:
    """The half of a new form that the browser keeps in a cookie, and the one that stands in the form."""
    half = secrets.token_urlsafe(24)
    return half, _form_token(request, half, int(time.time()) + _FORM_SECONDS)


def _with_form(request: Request, answer: Response, half: str) -> Response:
    is_secure = scheme_of(request.scope) == "https"
    answer.set_cookie(
        cookie_name(FORM_COOKIE, is_secure=is_secure),
        half,
        max_age=_FORM_SECONDS,
        httponly=True,
        samesite="strict",
        secure=is_secure,
    )
    return answer


def _came_back(request: Request, fields: dict[str, str]) -> bool:
    """True where the form holds what this server made for this browser, and its hour is not over."""
    half, said = _cookie(request, FORM_COOKIE), fields.get("form", "")
    until = said.partition(".")[0]
    if not half or not re.fullmatch("[0-9]{1,12}", until) or int(until) < time.time():
        return False
    return hmac.compare_digest(_form_token(request, half, int(until)).encode(), said.encode())


def _cookie(request: Request, name: str) -> str:
    """The value of a cookie of ours by the name that holds for this request; empty without one."""
    return cookie_in(request.scope["headers"], cookie_name(name, is_secure=scheme_of(request.scope) == "https")) or ""


def _forget_session(request: Request, answer: Response) -> None:
    is_secure = scheme_of(request.scope) == "https"
    name = cookie_name(SESSION_COOKIE, is_secure=is_secure)
    answer.delete_cookie(name, secure=is_secure, httponly=True, samesite="lax")


def _onward(wanted: str, language: str) -> str:
    return first_page(language) if wanted == "/" else wanted


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; none where it is longer than ours can be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_FORM_BYTES:
            return {}
    try:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
