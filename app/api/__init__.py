"""The exchanges' HTTP API, on the port of the screens: file, check, read and withdraw reports.

Errors are problem details (RFC 9457). Filing the same bytes twice returns the same receipt. A submission that an
exchange may not see is answered with 404. The OpenAPI document at /api/v1/openapi.json describes all of this, and tests
compare it with the routes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api import answers
from app.api.callers import bearer, must_allow, must_be_of
from app.api.document import KEY_MEDIA_TYPE, openapi, query_names
from app.api.incoming import declared_by, given_by, received_body
from app.api.limits import Limit
from app.api.media import attachment, must_be_a_file, must_be_json
from app.api.problems import ProblemError, problem
from app.api.replacing import must_not_lose_most_rows
from app.api.service import Service
from app.api.versions import seen_by, tag
from app.incidents import incident_of
from app.moments import kst_day, now
from app.worker.process import Worker
from etl.intake import Candidate
from etl.judgements import RuleOutcome
from etl.receipts import file_stem, receipt_name
from etl.receiving import version_of
from etl.records.submissions import Submission
from etl.records.tokens import Token, TokenScope
from etl.store import Store
from expectations.catalogue import all_reports, all_rules
from expectations.vocabulary import Period, State, must_be_in_order

PREFIX = "/api/v1"
LONGEST_WAIT_SECONDS = 60
_LONGEST_REASON = 500
_MOST_JSON_BYTES = 64 * 1024
_ASK_AGAIN_SECONDS = 0.1

Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """The routes of the API over one store, which opens with the first request, and the worker that judges."""

    def __init__(self, store: Callable[[], Store], worker: Callable[[], Worker], limit: Limit | None = None) -> None:
        """Nothing is opened yet; without `limit` the usual one holds."""
        self._store, self._worker = store, worker
        self._limit = limit or Limit()

    def routes(self) -> list[Route]:
        """Every address of the door; each answers problems as problem details."""
        table: tuple[tuple[str, str, Endpoint], ...] = (
            ("POST", "/submissions", self.submit),
            ("GET", "/submissions", self.listed),
            ("GET", "/submissions/{number}", self.submission),
            ("GET", "/submissions/{number}/findings", self.findings),
            ("GET", "/submissions/{number}/ledger", self.submission_ledger),
            ("GET", "/submissions/{number}/annotated", self.annotated),
            ("GET", "/submissions/{number}/receipt", self.receipt),
            ("GET", "/submissions/{number}/explanations", self.explanations),
            ("POST", "/submissions/{number}/explanations", self.explain),
            ("POST", "/submissions/{number}/withdrawal", self.withdraw),
            ("POST", "/submissions/{number}/retry", self.retry),
            ("POST", "/checks", self.check),
            ("GET", "/ledger", self.ledger),
            ("GET", "/obligations", self.obligations),
            ("GET", "/templates/{report}.{ending}", self.template),
            ("GET", "/key", self.key),
            ("GET", "/openapi.json", self.document),
        )
        by_path: dict[str, dict[str, Endpoint]] = {}
        for method, path, endpoint in table:
            by_path.setdefault(path, {})[method] = endpoint
        routes = [Route(PREFIX + path, _Address(self._store, path, methods)) for path, methods in by_path.items()]
        unknown = _Address(self._store)
        return [*routes, Route("/api/{rest:path}", unknown), Route("/api", unknown)]

    async def submit(self, request: Request) -> Response:
        """Receive a file, have it judged, and answer with its verdict, or with its receipt where that takes longer."""
        service, caller = await self._entered(request, TokenScope.SUBMIT)
        name, declared = declared_by(request)
        must_be_of(caller, declared.exchange)
        must_be_a_file(request)
        wait = _whole_number(request, "wait", 10, 0, LONGEST_WAIT_SECONDS)
        reason, given = _given_reason(request), given_by(request)
        again, seen = _is_again(request, reason), seen_by(request)
        async with received_body(request, service.store.home / "incoming", name) as path:
            candidate = Candidate(path, declared, name, given)
            if not reason and await run_in_threadpool(service.may_replace_rows, candidate):
                told = await asyncio.wrap_future(self._worker().check(candidate))
                must_not_lose_most_rows(told["replaces"])
            receive = partial(service.receive, caller, candidate, seen=seen, reason=reason, again=again)
            receipt = await run_in_threadpool(receive)
        judged = await self._judged(service, receipt.submission, wait)
        submission = await run_in_threadpool(service.submission, caller, receipt.submission.id)
        told = await run_in_threadpool(partial(service.told, submission, duplicate=receipt.duplicate))
        status = 202 if not judged else 200 if receipt.duplicate else 201
        return JSONResponse(
            told, status, headers={"Location": f"{PREFIX}/submissions/{submission.id}", **tag(version_of(submission))}
        )

    async def check(self, request: Request) -> Response:
        """Judge a file without filing it: the same findings as if it were filed."""
        service, caller = await self._entered(request, TokenScope.SUBMIT)
        name, declared = declared_by(request)
        must_be_of(caller, declared.exchange)
        must_be_a_file(request)
        async with received_body(request, service.store.home / "incoming", name) as path:
            future = await run_in_threadpool(self._worker().check, Candidate(path, declared, name, given_by(request)))
            told = await asyncio.wrap_future(future)
        return JSONResponse(told)

    async def listed(self, request: Request) -> Response:
        """A page of the caller's submissions."""
        service, caller = await self._entered(request, TokenScope.READ)
        page, filters = _page_of(request, state=tuple(state.value for state in State))
        return JSONResponse(await run_in_threadpool(partial(service.listed, caller, page, **filters)))

    async def submission(self, request: Request) -> Response:
        """One submission; one that a crash has left without a verdict is taken up again."""
        service, _, submission = await self._own(request, TokenScope.READ)
        if not await run_in_threadpool(service.is_judged, submission):
            self._worker().take_up()
        return JSONResponse(await run_in_threadpool(service.told, submission), headers=tag(version_of(submission)))

    async def findings(self, request: Request) -> Response:
        """All findings of a submission, as JSON or CSV, streamed."""
        service, caller, submission = await self._own(request, TokenScope.READ)
        as_csv = _one_of(request, "format", ("json", "csv")) == "csv"
        marked = _is_wanted(request, "bom")
        pieces = await run_in_threadpool(partial(service.findings, submission, as_csv=as_csv, byte_order_mark=marked))
        media_type = "text/csv; charset=utf-8" if as_csv else "application/json"
        await run_in_threadpool(service.log_download, caller, submission, "findings")
        headers = {"Content-Disposition": attachment(f"findings_{file_stem(submission)}.csv")} if as_csv else {}
        return StreamingResponse(pieces, media_type=media_type, headers=headers)

    async def submission_ledger(self, request: Request) -> Response:
        """What became of every rule of a submission."""
        service, _, submission = await self._own(request, TokenScope.READ)
        return JSONResponse(await run_in_threadpool(service.submission_ledger, submission))

    async def ledger(self, request: Request) -> Response:
        """A page of what became of the rules of the caller's current submissions and due periods."""
        service, caller = await self._entered(request, TokenScope.READ)
        outcomes = tuple(outcome.value for outcome in RuleOutcome)
        page, filters = _page_of(request, rule=tuple(all_rules()), outcome=outcomes)
        return JSONResponse(await run_in_threadpool(partial(service.ledger, caller, page, **filters)))

    async def annotated(self, request: Request) -> Response:
        """The file as it was sent, with its findings beside the rows."""
        service, caller, submission = await self._own(request, TokenScope.READ)
        language = _one_of(request, "lang", ("ko", "en")) or "ko"
        data, name = await run_in_threadpool(service.annotated, submission, language)
        await run_in_threadpool(service.log_download, caller, submission, "annotated file")
        headers = {"Content-Disposition": attachment(name)}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def receipt(self, request: Request) -> Response:
        """The signed receipt of a submission as it stands now, byte for byte as `daxa receipt` writes it."""
        service, caller, submission = await self._own(request, TokenScope.READ)
        text = await run_in_threadpool(service.receipt, caller, submission)
        headers = {"Content-Disposition": attachment(receipt_name(submission))}
        return Response(text, media_type="application/json", headers=headers)

    async def explanations(self, request: Request) -> Response:
        """What may be explained of a submission, and what was said and decided."""
        service, _, submission = await self._own(request, TokenScope.READ)
        return JSONResponse(await run_in_threadpool(answers.told, service.store, submission))

    async def explain(self, request: Request) -> Response:
        """Explain one finding of a submission."""
        service, caller, submission = await self._own(request, TokenScope.SUBMIT)
        finding, text = answers.asked(await _small_json(request))
        seen = seen_by(request)
        told = await run_in_threadpool(
            partial(answers.explained, service.store, caller, submission, finding, text, seen=seen)
        )
        return JSONResponse(told, 201)

    async def withdraw(self, request: Request) -> Response:
        """Take an accepted submission out of force, or one that we failed on back."""
        service, caller = await self._entered(request, TokenScope.SUBMIT)
        submission = await run_in_threadpool(service.submission, caller, request.path_params["number"])
        reason = await _reason(request)
        seen = seen_by(request)
        withdrawn = await run_in_threadpool(partial(service.withdraw, submission, reason, caller.id, seen=seen))
        self._worker().take_up()
        return JSONResponse(await run_in_threadpool(service.told, withdrawn), headers=tag(version_of(withdrawn)))

    async def retry(self, request: Request) -> Response:
        """Have a submission judged again that we failed on, and answer with what becomes of it."""
        service, caller, submission = await self._own(request, TokenScope.SUBMIT)
        again = await run_in_threadpool(service.retry, submission, caller.id)
        wait = _whole_number(request, "wait", 10, 0, LONGEST_WAIT_SECONDS)
        judged = await self._judged(service, again, wait)
        current = await run_in_threadpool(service.submission, caller, again.id)
        return JSONResponse(await run_in_threadpool(service.told, current), 200 if judged else 202)

    async def obligations(self, request: Request) -> Response:
        """What the caller's exchange was to file, and what became of it."""
        service, caller = await self._entered(request, TokenScope.READ)
        first, last = _day(request, "from"), _day(request, "to")
        if first is not None and last is not None:
            _must_be_a_range(Period.of_day(first), Period.of_day(last))
        return JSONResponse(await run_in_threadpool(service.obligations, caller, first, last))

    async def template(self, request: Request) -> Response:
        """A blank canonical template, of today where no day is given."""
        service, _ = await self._entered(request, TokenScope.READ)
        report, ending = request.path_params["report"], request.path_params["ending"]
        day = _day(request, "day") or kst_day(now())
        marked = _is_wanted(request, "bom")
        data = await run_in_threadpool(partial(service.template, report, ending, day, byte_order_mark=marked))
        headers = {"Content-Disposition": attachment(f"{report}.{ending}")}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def key(self, _request: Request) -> Response:
        """The public key that receipts are verified by; it is anybody's."""
        service = Service(await run_in_threadpool(self._store))
        return Response(await run_in_threadpool(service.public_key), media_type=KEY_MEDIA_TYPE)

    async def document(self, _request: Request) -> Response:
        """The document that says what can be asked here."""
        return JSONResponse(openapi())

    async def _entered(self, request: Request, scope: TokenScope) -> tuple[Service, Token]:
        """The service and who calls, whose token must be good for this."""
        text = bearer(request)
        service = Service(await run_in_threadpool(self._store))
        caller = await run_in_threadpool(service.caller, text)
        self._limit.must_allow(caller.id)
        must_allow(caller, scope)
        return service.limited_to(caller), caller

    async def _own(self, request: Request, scope: TokenScope) -> tuple[Service, Token, Submission]:
        """The service, who calls, and the caller's submission that the address names."""
        service, caller = await self._entered(request, scope)
        return service, caller, await run_in_threadpool(service.submission, caller, request.path_params["number"])

    async def _judged(self, service: Service, submission: Submission, wait: int) -> bool:
        """Whether the submission has its verdict and all its findings, at the latest when the wait is over."""
        if await run_in_threadpool(service.is_judged, submission):
            return True
        self._worker().take_up()
        end = time.monotonic() + wait
        while time.monotonic() < end:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            if await run_in_threadpool(service.is_judged, submission):
                return True
        return False


class _Address:
    """One address with what it answers by method; whatever else is asked of it is answered with a problem too.

    It is an ASGI application, for which Starlette leaves the methods to us; it would answer some with plain text.
    """

    def __init__(self, store: Callable[[], Store], path: str = "", methods: dict[str, Endpoint] | None = None) -> None:
        self._store, self._path, self._methods = store, path, methods or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what fails while an answer is streamed is recorded, and the answer breaks off."""
        request = Request(scope, receive)
        response = await self._answer(request)
        try:
            await response(scope, receive, send)
        except ClientDisconnect:  # whoever asked has gone
            raise
        except Exception as error:
            await self._incident(request, error)
            raise

    async def _answer(self, request: Request) -> Response:
        """The answer, or a problem where something goes wrong; of our own failures an incident number and no more."""
        try:
            endpoint = self._endpoint(request.method)
            self._must_know(request)
            return await endpoint(request)
        except ProblemError as error:
            return problem(error.status, error.detail, request.url.path, error.headers)
        except ClientDisconnect:
            return problem(400, "The body of the request was cut off.", request.url.path)
        except Exception as error:
            incident = await self._incident(request, error)
            detail = f"Something went wrong here (incident {incident}); what was received stays received."
            return problem(500, detail, request.url.path)

    async def _incident(self, request: Request, error: Exception) -> str:
        """The number under which a failure of ours is recorded."""
        place = f"{request.method} {PREFIX}{self._path}"
        return await run_in_threadpool(incident_of, self._store, error, place)

    def _endpoint(self, method: str) -> Endpoint:
        if not self._methods:
            raise ProblemError(404, f"There is nothing here; see {PREFIX}/openapi.json.")
        endpoint = self._methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            allowed = ", ".join([*self._methods, *(["HEAD"] if "GET" in self._methods else [])])
            raise ProblemError(405, f"This address answers {allowed}.", Allow=allowed)
        return endpoint

    def _must_know(self, request: Request) -> None:
        """ProblemError for a parameter that the document does not name: a mistyped filter would filter nothing."""
        known = query_names(self._path, "GET" if request.method == "HEAD" else request.method)
        if unknown := sorted(set(request.query_params) - set(known)):
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise ProblemError(400, f"This address has no parameter {unknown[0][:40]!r}; {there}.")


def _given_reason(request: Request) -> str:
    """Why the file takes the place of what is accepted, by the query; empty where nothing is said."""
    reason = request.query_params.get("reason", "").strip()
    if len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise ProblemError(400, f"The reason is a line of 1 to {_LONGEST_REASON} characters.")
    return reason


def _is_again(request: Request, reason: str) -> bool:
    """Whether bytes that others replaced come into force again, by the query; ProblemError without a reason."""
    again = request.query_params.get("again", "false")
    if again not in ("true", "false"):
        raise ProblemError(400, "again is true or false.")
    if again == "true" and not reason:
        raise ProblemError(409, "What was replaced comes into force again with a reason; give the parameter reason.")
    return again == "true"


async def _reason(request: Request) -> str:
    """The reason in a small JSON body; ProblemError where there is none."""
    body = await _small_json(request)
    try:
        content = orjson.loads(body)
        reason = content["reason"]
    except (ValueError, TypeError, KeyError) as error:
        raise ProblemError(400, 'Send a JSON object such as {"reason": "wrong day"}.') from error
    if not isinstance(reason, str) or not reason.strip() or len(reason) > _LONGEST_REASON or "\x00" in reason:
        raise ProblemError(400, f"The reason is a text of 1 to {_LONGEST_REASON} characters.")
    return reason


async def _small_json(request: Request) -> bytes:
    """A small body as it was sent; ProblemError where it is too large to be one."""
    must_be_json(request)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_JSON_BYTES:
            raise ProblemError(413, f"Send at most {_MOST_JSON_BYTES:,} bytes of JSON.")
    return body


def _page_of(request: Request, **codes: tuple[str, ...]) -> tuple[int, dict[str, Any]]:
    """The page that is asked for, and the filters of a list: report, periods, and these by their codes."""
    filters: dict[str, Any] = {
        "report": _one_of(request, "report", tuple(all_reports())),
        "first": _period(request, "from"),
        "last": _period(request, "to"),
        **{name: _one_of(request, name, among) for name, among in codes.items()},
    }
    _must_be_a_range(filters["first"], filters["last"])
    return _whole_number(request, "page", 1, 1, 1_000_000), filters


def _whole_number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise ProblemError(400, f"{name} is a whole number from {least} to {most}.")
    return int(text)


def _is_wanted(request: Request, name: str) -> bool:
    """A switch of the address, which is on unless it is said to be off."""
    return _one_of(request, name, ("true", "false")) != "false"


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str | None:
    text = request.query_params.get(name)
    if text is not None and text not in known:
        raise ProblemError(400, f"{name} is one of {', '.join(known)}.")
    return text


def _period(request: Request, name: str) -> Period | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return Period.parse(text)
    except (ValueError, OverflowError) as error:
        raise ProblemError(400, f"{name} is a day or month such as 2026-11-02 or 2026-10.") from error


def _must_be_a_range(first: Period | None, last: Period | None) -> None:
    """ProblemError for a range that ends before it begins, which would be answered with nothing."""
    try:
        must_be_in_order(first, last)
    except ValueError as error:
        raise ProblemError(400, f"from and to: {error}.") from error


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    try:
        day = None if text is None else date.fromisoformat(text)
    except ValueError:
        day = None
    # ISO 8601 writes a day in other ways too; there is one way here.
    if text is not None and (day is None or day.isoformat() != text):
        raise ProblemError(400, f"{name} is a day such as 2026-11-02.")
    return day
