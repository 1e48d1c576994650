"""What whoever runs the service asks: whether it lives, whether it is ready, and its figures for Prometheus.

`/healthz` and `/readyz` say to anybody whether the service works: the names of `etl.health.Trouble` and nothing more.
`/metrics` is for whoever sends the token of DAXA_METRICS_TOKEN; where none is set there is no such address.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from statistics import quantiles

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from etl.health import Measured, Trouble, measure, troubles
from etl.program import program_version
from etl.records.engine import RecordsUnavailableError
from etl.store import Store

HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"
TOKEN_VARIABLE = "DAXA_METRICS_TOKEN"  # noqa: S105  the name of the variable
_ANSWER_SECONDS = 5
"""So long a database may take to say that it is there."""
_STOPS_WORK = frozenset({Trouble.RECORDS, Trouble.QUEUE})
"""What makes the service no service; the rest keeps it from taking more."""

Opened = Callable[[], Store]


class Operations:
    """The addresses for operators, over the store that the server serves."""

    def __init__(self, store: Opened) -> None:
        """`store` is opened by the first who asks."""
        self._store = store

    def routes(self) -> list[Route]:
        """`/healthz`, `/readyz` and `/metrics`."""
        return [
            Route(HEALTH, self.health),
            Route(READY, self.ready),
            Route(METRICS, self.metrics),
        ]

    async def health(self, _request: Request) -> JSONResponse:
        """200 where the service does its work; 503 with what keeps it from that."""
        return _told([one for one in await self._troubles() if one in _STOPS_WORK])

    async def ready(self, _request: Request) -> JSONResponse:
        """200 where the service can take files; 503 with what is in the way."""
        return _told(await self._troubles())

    async def metrics(self, request: Request) -> Response:
        """The figures in Prometheus's text format; 404 without a token set, 401 without it sent."""
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            return PlainTextResponse("Not Found", 404)
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            return PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": 'Bearer realm="metrics"'})
        text = await run_in_threadpool(self._figures, datetime.now(UTC))
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})

    async def _troubles(self) -> Sequence[Trouble]:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await run_in_threadpool(self._looked, datetime.now(UTC))
        except TimeoutError:
            return (Trouble.RECORDS,)

    def _looked(self, now: datetime) -> Sequence[Trouble]:
        try:
            return troubles(self._store(), now)
        except RecordsUnavailableError:
            return (Trouble.RECORDS,)

    def _figures(self, now: datetime) -> bytes:
        registry = CollectorRegistry()
        registry.register(_Figures(self._store, now))
        return generate_latest(registry)


class _Figures(Collector):
    """The figures of one moment; where the records do not answer, that they do not."""

    def __init__(self, store: Opened, now: datetime) -> None:
        self._store, self._now = store, now

    def collect(self) -> Iterable[Metric]:
        """Every family, each time in the same order."""
        found = Operations(self._store)._looked(self._now)
        yield _family(
            "daxa_trouble",
            "1 where it keeps the service from its work",
            ("what",),
            [((one.value,), int(one in found)) for one in Trouble],
        )
        if Trouble.RECORDS not in found:
            yield from _families(measure(self._store(), self._now), self._now)


def _families(measured: Measured, now: datetime) -> Iterable[Metric]:
    yield _family(
        "daxa_build_info",
        "Versions of the program that judges and of the schema",
        ("version", "revision"),
        [((program_version(), measured.revision or ""), 1)],
    )
    yield _family(
        "daxa_submissions",
        "Submissions by exchange, report and state",
        ("exchange", "report", "state"),
        measured.submissions.items(),
    )
    yield _family(
        "daxa_findings_open",
        "Findings that nothing has lifted",
        ("exchange", "kind"),
        measured.open_findings.items(),
    )
    yield _family(
        "daxa_queue_files",
        "Files received and not decided",
        ("exchange",),
        [((exchange,), one.files) for exchange, one in measured.waiting.items()],
    )
    yield _family(
        "daxa_queue_oldest_age_seconds",
        "Age of the oldest file that is not decided",
        ("exchange",),
        [((exchange,), (now - one.oldest_at).total_seconds()) for exchange, one in measured.waiting.items()],
    )
    yield _family(
        "daxa_verdict_seconds",
        "From receipt to verdict, of the verdicts of the last hour",
        ("quantile",),
        _quantiles(measured.verdict_seconds),
    )
    yield _family("daxa_verdicts_last_hour", "Verdicts of the last hour", (), [((), len(measured.verdict_seconds))])
    yield _family("daxa_incidents", "Failures of the service on record", (), [((), measured.incidents)])
    yield _family("daxa_log_entries", "Entries of the audit log: its head", (), [((), measured.log_entries)])
    yield _family(
        "daxa_log_unsigned_days",
        "Days that are over and whose head of the audit log is not signed",
        (),
        [((), measured.unsigned_days)],
    )
    yield _family("daxa_disk_free_bytes", "Room left where the store is", (), [((), measured.free_bytes)])


def _family(
    name: str, what: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=labels)
    for at, value in sorted(values):
        family.add_metric(at, value)
    return family


def _quantiles(seconds: Sequence[float]) -> list[tuple[tuple[str], float]]:
    """Median, 95th percentile and maximum; nothing where there was no verdict."""
    if not seconds:
        return []
    parts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [seconds[0]] * 99
    return [(("0.5",), parts[49]), (("0.95",), parts[94]), (("1",), seconds[-1])]


def _told(found: Sequence[Trouble]) -> JSONResponse:
    status = {"status": "failing" if found else "ok", "troubles": [one.value for one in found]}
    return JSONResponse(status, 503 if found else 200, {"Cache-Control": "no-store"})
