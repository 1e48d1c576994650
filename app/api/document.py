"""The OpenAPI document of the API: every path, its parameters and its responses."""

from __future__ import annotations

from functools import cache
from typing import Any

from app.api.answers import MOST_FINDING
from app.api.media import FILE_TYPES, UNTHINKING
from app.api.problems import MEDIA_TYPE, TITLES
from etl.answers import Answered
from etl.calendar import ObligationState
from etl.exchanges import all_exchanges
from etl.judgements import RuleOutcome, Why
from etl.records.answers import LONGEST_TEXT
from expectations.catalogue import all_reports, all_rules
from expectations.vocabulary import Kind, State

VERSION = "1.0.0"
KEY_MEDIA_TYPE = "application/x-pem-file"
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_KEY_ID = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_SIGNATURE = {"type": "string", "pattern": "^[0-9a-f]{128}$"}
_COUNT = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL = {"type": ["integer", "null"]}
_INSTANT = {"type": "string", "format": "date-time"}
_INSTANT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}

_DAY_OR_MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$"


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@cache
def openapi() -> dict[str, Any]:
    """Return the document, as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DAXA compliance reports",
            "version": VERSION,
            "description": "Filing, checking and reading reports; times are KST. Which version of the rules a file was "
            "judged by stands with its submission.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def query_names(path: str, method: str) -> tuple[str, ...]:
    """Return the query parameters that a path accepts."""
    operation = openapi()["paths"][path][method.lower()]
    return tuple(one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")


def _schemas() -> dict[str, Any]:
    finding = {
        "rule": {"enum": list(all_rules())},
        "kind": {"enum": [kind.value for kind in Kind]},
        "row": _COUNT_OR_NULL,
        "column": _TEXT_OR_NULL,
        "subject": _TEXT_OR_NULL,
        "from": _INSTANT_OR_NULL,
        "to": _INSTANT_OR_NULL,
        "found": _TEXT_OR_NULL,
        "expected": _TEXT_OR_NULL,
        "message_ko": _TEXT,
        "message_en": _TEXT,
        "reason": _TEXT_OR_NULL,
        "path": _TEXT_OR_NULL,
    }
    filed = {
        "file": _TEXT,
        "exchange": {"enum": list(all_exchanges())},
        "report": {"enum": list(all_reports())},
        "period": _TEXT,
        "state": {"enum": [state.value for state in State]},
        "duplicate": {"type": "boolean"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "rows": _COUNT_OR_NULL,
        "incident": _TEXT_OR_NULL,
    }
    listed = {
        **filed,
        "submission": _TEXT,
        "received_at": _INSTANT,
        "rule_set_version": _TEXT_OR_NULL,
        "superseded_by": _TEXT_OR_NULL,
        "as_if_in_force": {"type": "boolean"},
    }
    counts = {"type": "object", "additionalProperties": _COUNT}
    return {
        "Problem": _object(
            type=_TEXT,
            title={"enum": list(TITLES.values())},
            status={"enum": list(TITLES)},
            detail=_TEXT,
            instance=_TEXT,
        ),
        "Finding": _object(**finding),
        "FiledFinding": _object(
            **{name: filed[name] for name in ("exchange", "report", "period", "file", "state")},
            submission=_TEXT,
            **finding,
        ),
        "Listed": _object(**listed),
        "Submission": _object(
            **listed,
            finding_counts=counts,
            findings=_TEXT,
            outcome_counts=counts,
            not_evaluated={"type": "array", "items": {"enum": list(all_rules())}},
            ledger=_TEXT,
        ),
        "LedgerEntry": _object(
            **{name: filed[name] for name in ("exchange", "report", "period")},
            submission=_TEXT_OR_NULL,
            state={"enum": [*(state.value for state in State), None]},
            rule=finding["rule"],
            kind=finding["kind"],
            outcome={"enum": [outcome.value for outcome in RuleOutcome]},
            why={"enum": [*(why.value for why in Why), None]},
            findings=_COUNT,
            rows=_COUNT,
            rows_read=_COUNT,
            reads={"type": "array", "items": _TEXT},
            lacking={"type": "array", "items": filed["report"]},
            days={"type": "array", "items": {"type": "string", "format": "date"}},
            rule_set_version=_TEXT_OR_NULL,
            judged_at=_INSTANT_OR_NULL,
            incident=_TEXT_OR_NULL,
            message_ko=_TEXT,
            message_en=_TEXT,
        ),
        "LedgerPage": _object(
            items={"type": "array", "items": _reference("LedgerEntry")}, count=_COUNT, page=_COUNT, pages=_COUNT
        ),
        "Checked": _object(
            **filed,
            submission={"type": "null"},
            replaces={"anyOf": [_reference("Replacement"), {"type": "null"}]},
            findings={"type": "array", "items": _reference("Finding")},
        ),
        "Replacement": _object(
            submissions={"type": "array", "items": _TEXT},
            rows_before=_COUNT,
            rows_after=_COUNT,
            needs_reason={"type": "boolean"},
            findings_elsewhere={
                "type": "array",
                "items": _object(
                    **{name: filed[name] for name in ("exchange", "report", "period")},
                    submission=_TEXT,
                    rule=_TEXT,
                    subject=_TEXT_OR_NULL,
                    change={"enum": ["new", "fixed"]},
                ),
            },
        ),
        "Page": _object(
            items={"type": "array", "items": _reference("Listed")}, count=_COUNT, page=_COUNT, pages=_COUNT
        ),
        "Obligation": _object(
            report=filed["report"],
            period=_TEXT,
            due_at=_INSTANT,
            met_at=_INSTANT_OR_NULL,
            submission=_TEXT_OR_NULL,
            state={"enum": [state.value for state in ObligationState]},
        ),
        "Receipt": _object(
            receipt=_object(
                submission=_TEXT,
                sha256=filed["sha256"],
                received_at=_INSTANT,
                state=filed["state"],
                incident=_TEXT_OR_NULL,
                rule_set_version=_TEXT_OR_NULL,
                given=_object(sha256=_TEXT_OR_NULL, rows=_TEXT_OR_NULL),
                replaced={"type": "array", "items": _object(submission=_TEXT, rows=_COUNT_OR_NULL)},
                reason=_TEXT_OR_NULL,
                finding_count=_COUNT,
                findings_sha256=filed["sha256"],
                outcome_counts=counts,
                not_evaluated={
                    "type": "array",
                    "items": _object(
                        rule=_TEXT, why=_TEXT_OR_NULL, lacking={"type": "array", "items": filed["report"]}
                    ),
                },
                log_head={
                    "anyOf": [
                        {"type": "null"},
                        _object(
                            head=_object(
                                kind={"const": "daxa log head"},
                                day={"type": "string", "format": "date"},
                                sequence=_COUNT,
                                hash=filed["sha256"],
                            ),
                            key=_KEY_ID,
                            signature=_SIGNATURE,
                        ),
                    ],
                    "description": (
                        "The newest signed day of the audit log: kept with the receipt, it shows whether the log was "
                        "cut off or written anew since"
                    ),
                },
            ),
            key=_KEY_ID,
            signature=_SIGNATURE,
        ),
        "Explained": _object(
            finding=_COUNT,
            rule={"enum": list(all_rules())},
            subject=_TEXT_OR_NULL,
            found=_TEXT_OR_NULL,
            state={"enum": [state.value for state in Answered]},
            explanation=_TEXT_OR_NULL,
            text=_TEXT_OR_NULL,
            reason=_TEXT_OR_NULL,
            until={"type": ["string", "null"], "format": "date"},
            version=_TEXT,
        ),
        "Explanation": _object(
            finding={"type": "integer", "minimum": 1, "maximum": MOST_FINDING},
            text={"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"\S"},
        ),
        "Withdrawal": _object(reason={"type": "string", "minLength": 1, "maxLength": 500, "pattern": r"\S"}),
    }


def _query(name: str, what: str, example: str | None = None, **schema: Any) -> dict[str, Any]:
    shown = {} if example is None else {"example": example}
    return {"name": name, "in": "query", "description": what, "schema": schema or _TEXT, **shown}


def _in_path(name: str, what: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": what, "schema": schema or _TEXT}


_BOM = _query(
    "bom", "Whether CSV begins with a byte-order mark, for Excel; it does unless told.", enum=["true", "false"]
)
_NUMBER = _in_path("number", "The submission's receipt number.")
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag or version of the state that you saw: 412 where somebody has changed it since.",
    "schema": {"type": "string", "pattern": '^"[!#-~]{1,200}"$'},
}
_TAG = {"ETag": {"description": "Its state, for If-Match.", "schema": _TEXT}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The asterisk: 412 where something is filed of this report already.",
    "schema": {"const": "*"},
}


def _said_to_be() -> list[dict[str, Any]]:
    return [
        _query(
            "file",
            "The file's name, EXCHANGE_REPORT_PERIOD.EXT; what is given below wins over it.",
            "korbit_halts_2026-11-02.csv",
        ),
        _query("exchange", "Whose report it is.", "korbit", enum=list(all_exchanges())),
        _query("report", "Which report.", "halts", enum=list(all_reports())),
        _query("period", "2026-11-02, 2026-11-02T09-12 or 2026-10.", "2026-11-02"),
        _query(
            "sha256",
            "The file's SHA-256, which what came must have (SUB-011); Content-Digest (RFC 9530) says it as well.",
            type="string",
            pattern="^[0-9a-fA-F]{64}$",
        ),
        _query("rows", "The number of its rows, which what came must have (SUB-011).", type="integer", minimum=0),
    ]


_BODY = {
    "required": True,
    "description": "The file's bytes, as they are. Content-Type may be missing, application/octet-stream, or a type "
    f"of the file ({', '.join(FILE_TYPES[1:])}); its parameters are not looked at, and how the file is read is said by "
    f"its name. {UNTHINKING}, which curl writes where nothing is said, counts as missing. Forms (multipart/form-data "
    "and the like), other types, and any Content-Encoding but identity are refused with 415; nothing of them is filed.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


def _answers(ok: dict[str, Any], *problems: int) -> dict[str, Any]:
    """The good answers by status, and the problems, among them those of every address."""
    shown = {str(status): _problem(status) for status in sorted({400, 401, 403, 429, 500, *problems})}
    shown["429"]["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": _COUNT, "required": True}}
    shown["401"]["headers"] = {"WWW-Authenticate": {"description": "How to ask.", "schema": _TEXT, "required": True}}
    return {**ok, **shown}


def _problem(status: int) -> dict[str, Any]:
    return {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": _reference("Problem")}}}


def _json(what: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": schema}}}


def _file(what: str) -> dict[str, Any]:
    return {
        "description": what,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }


def _paths() -> dict[str, Any]:
    located = {"headers": {"Location": {"description": "Address of the submission.", "schema": _TEXT}, **_TAG}}
    submission = _reference("Submission")
    filed = {
        "200": {**_json("The same bytes were filed before: that submission.", submission), **located},
        "201": {**_json("Filed and judged.", submission), **located},
        "202": {**_json("Filed; the verdict takes longer than the wait.", submission), **located},
    }
    reports, states = list(all_reports()), [state.value for state in State]
    findings = _json("All findings.", {"type": "array", "items": _reference("FiledFinding")})
    findings["content"]["text/csv"] = {"schema": _TEXT}
    first, last = (
        _query("from", "First day or month.", type="string", pattern=_DAY_OR_MONTH),
        _query("to", "Last day or month, not before the first.", type="string", pattern=_DAY_OR_MONTH),
    )
    first_day, last_day = (
        _query("from", "First day.", type="string", format="date"),
        _query("to", "Last day, not before the first.", type="string", format="date"),
    )
    return {
        "/submissions": {
            "post": {
                "operationId": "submit",
                "summary": "File a report.",
                "parameters": [
                    *_said_to_be(),
                    _query("wait", "Seconds to wait for the verdict.", type="integer", minimum=0, maximum=60),
                    _query(
                        "reason",
                        "Why it takes the place of accepted rows; needed where it has none, or less than half of them.",
                        type="string",
                        maxLength=500,
                    ),
                    _query(
                        "again",
                        "Whether bytes that others replaced come into force again, which takes a reason; else they are "
                        "a duplicate of the submission that was replaced.",
                        type="boolean",
                    ),
                    _IF_MATCH,
                    _IF_NONE_MATCH,
                ],
                "requestBody": _BODY,
                "responses": _answers(filed, 409, 412, 413, 415, 422),
            },
            "get": {
                "operationId": "list",
                "summary": "Your submissions, newest first.",
                "parameters": [
                    _query("report", "One report.", enum=reports),
                    _query("state", "One state.", enum=states),
                    first,
                    last,
                    _query("page", "Which page.", type="integer", minimum=1, maximum=1_000_000),
                ],
                "responses": _answers({"200": _json("A page of them.", _reference("Page"))}),
            },
        },
        "/submissions/{number}": {
            "get": {
                "operationId": "submission",
                "summary": "One submission.",
                "parameters": [_NUMBER],
                "responses": _answers({"200": _json("The submission.", submission)}, 404),
            }
        },
        "/submissions/{number}/findings": {
            "get": {
                "operationId": "findings",
                "summary": "All its findings.",
                "parameters": [_NUMBER, _query("format", "JSON unless told.", enum=["json", "csv"]), _BOM],
                "responses": _answers({"200": findings}, 404),
            }
        },
        "/submissions/{number}/ledger": {
            "get": {
                "operationId": "submissionLedger",
                "summary": "What became of every rule of it: on what, or why not.",
                "parameters": [_NUMBER],
                "responses": _answers(
                    {"200": _json("Its rules.", {"type": "array", "items": _reference("LedgerEntry")})}, 404
                ),
            }
        },
        "/submissions/{number}/annotated": {
            "get": {
                "operationId": "annotated",
                "summary": "The file as it was sent, with its findings beside the rows.",
                "parameters": [_NUMBER, _query("lang", "Korean unless told.", enum=["ko", "en"])],
                "responses": _answers({"200": _file("The file.")}, 404, 409),
            }
        },
        "/submissions/{number}/receipt": {
            "get": {
                "operationId": "receipt",
                "summary": "Its signed receipt as it stands now; 'daxa verify --receipt' believes it by the key alone.",
                "parameters": [_NUMBER],
                "responses": _answers({"200": _json("The receipt.", _reference("Receipt"))}, 404),
            }
        },
        "/submissions/{number}/explanations": {
            "get": {
                "operationId": "explanations",
                "summary": "Its findings that are to be explained, and what was said and decided of each.",
                "parameters": [_NUMBER],
                "responses": _answers(
                    {"200": _json("The findings.", {"type": "array", "items": _reference("Explained")})}, 404
                ),
            },
            "post": {
                "operationId": "explain",
                "summary": "Explain one of its findings; it speaks for the same finding of later days.",
                "parameters": [_NUMBER, _IF_MATCH],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _reference("Explanation")}},
                },
                "responses": _answers(
                    {"201": _json("The finding.", _reference("Explained"))}, 400, 404, 409, 412, 413, 415
                ),
            },
        },
        "/submissions/{number}/withdrawal": {
            "post": {
                "operationId": "withdraw",
                "summary": "Take an accepted submission out of force, or one that we failed on back.",
                "parameters": [_NUMBER, _IF_MATCH],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _reference("Withdrawal")}},
                },
                "responses": _answers({"200": _json("The submission.", submission)}, 404, 409, 412, 413, 415),
            }
        },
        "/submissions/{number}/retry": {
            "post": {
                "operationId": "retry",
                "summary": "Have a submission judged again that we failed on.",
                "parameters": [
                    _NUMBER,
                    _query("wait", "Seconds to wait for the verdict.", type="integer", minimum=0, maximum=60),
                ],
                "responses": _answers(
                    {
                        "200": _json("The submission.", submission),
                        "202": _json("Taken up again; the verdict takes longer than the wait.", submission),
                    },
                    404,
                    409,
                ),
            }
        },
        "/checks": {
            "post": {
                "operationId": "check",
                "summary": "Judge a file without filing it: the same findings as if it were filed.",
                "parameters": _said_to_be(),
                "requestBody": _BODY,
                "responses": _answers({"200": _json("What it would be told.", _reference("Checked"))}, 413, 415, 422),
            }
        },
        "/ledger": {
            "get": {
                "operationId": "ledger",
                "summary": "What became of every rule of what stands of you, and of due periods without it.",
                "parameters": [
                    _query("report", "One report.", enum=reports),
                    _query("rule", "One rule.", enum=list(all_rules())),
                    _query("outcome", "One outcome.", enum=[outcome.value for outcome in RuleOutcome]),
                    first,
                    last,
                    _query("page", "Which page.", type="integer", minimum=1, maximum=1_000_000),
                ],
                "responses": _answers({"200": _json("A page of it.", _reference("LedgerPage"))}),
            }
        },
        "/obligations": {
            "get": {
                "operationId": "obligations",
                "summary": "What you were to file by now, and what became of it.",
                "parameters": [first_day, last_day],
                "responses": _answers(
                    {"200": _json("The obligations.", {"type": "array", "items": _reference("Obligation")})}, 400
                ),
            }
        },
        "/templates/{report}.{ending}": {
            "get": {
                "operationId": "template",
                "summary": "A blank canonical template.",
                "parameters": [
                    _in_path("report", "Which report.", enum=reports),
                    _in_path("ending", "Which format.", enum=["csv", "xlsx", "parquet"]),
                    _BOM,
                    _query("day", "The day that is filed; today where none is given.", format="date", type="string"),
                ],
                "responses": _answers({"200": _file("The template.")}, 400, 404),
            }
        },
        "/key": {
            "get": {
                "operationId": "key",
                "summary": "The public key that receipts are verified by.",
                "security": [],
                "responses": {
                    "200": {"description": "The key.", "content": {KEY_MEDIA_TYPE: {"schema": _TEXT}}},
                    "400": _problem(400),
                    "500": _problem(500),
                },
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "document",
                "summary": "This document.",
                "security": [],
                "responses": {"200": _json("The document.", {"type": "object"}), "400": _problem(400)},
            }
        },
    }
