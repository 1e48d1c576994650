"""What a body is said to be counts: forms and compressed bodies are refused, not filed; names in headers are whole."""

import gzip
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from typing import Any
from urllib.parse import unquote

import pytest
from door import Client, is_problem, token, warmed_up

from app.api.document import openapi
from app.api.media import FILE_TYPES, UNTHINKING, attachment
from etl.store import Store
from expectations.catalogue import report as report_of
from tests.filing import checks, halts

NAME = "korbit_halts_2026-11-02.csv"
FORM = (
    b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="korbit_halts_2026-11-02.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n" + halts().encode() + b"\r\n--b0undary--\r\n"
)


@pytest.fixture(scope="module")
def korbit(address: str, store: Store) -> Client:
    return warmed_up(Client(address, token(store, "korbit")))


REFUSED: dict[str, tuple[bytes, dict[str, str]]] = {
    "form in parts": (FORM, {"Content-Type": "multipart/form-data; boundary=b0undary"}),
    "form in parts, said to be bytes": (FORM, {"Content-Type": "application/octet-stream"}),
    "form in parts, nothing said": (FORM, {}),
    "form of fields": (b"file=korbit&period=1", {"Content-Type": UNTHINKING}),
    "mixed parts": (halts().encode(), {"Content-Type": "multipart/mixed; boundary=x"}),
    "gzip": (gzip.compress(halts().encode()), {"Content-Encoding": "gzip"}),
    "gzip in capitals": (gzip.compress(halts().encode()), {"Content-Encoding": "X-GZIP"}),
    "said to be compressed": (halts().encode(), {"Content-Encoding": "br"}),
    "compressed twice": (halts().encode(), {"Content-Encoding": "identity, deflate"}),
    "a page": (halts().encode(), {"Content-Type": "text/html"}),
    "a picture": (halts().encode(), {"Content-Type": "image/png"}),
    "no type": (halts().encode(), {"Content-Type": "csv"}),
    "two types": (halts().encode(), {"Content-Type": "text/csv, application/json"}),
}


@pytest.mark.parametrize("path", ["/submissions", "/checks"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_the_file_itself_is_refused_and_nothing_is_filed(korbit: Client, path: str, case: str) -> None:
    body, headers = REFUSED[case]
    before = korbit.ask("GET", "/submissions").json["count"]
    answer = korbit.ask("POST", path, body, headers, file=NAME)
    assert is_problem(answer, 415)
    assert answer.headers["Accept"] or answer.headers["Accept-Encoding"] == "identity"
    assert korbit.ask("GET", "/submissions").json["count"] == before


@pytest.mark.parametrize("said", [None, "", UNTHINKING, *FILE_TYPES, "TEXT/CSV; charset=utf-8; header=present"])
def test_a_file_may_be_called_what_it_is_or_nothing(korbit: Client, said: str | None) -> None:
    headers = {"Content-Encoding": "identity"} if said is None else {"Content-Type": said}
    answer = korbit.ask("POST", "/checks", halts().encode(), headers, file=NAME)
    assert (answer.status, answer.json["state"]) == (200, "accepted")


def test_a_line_that_names_the_separator_is_no_form(korbit: Client) -> None:
    answer = korbit.ask("POST", "/checks", b"sep=,\r\n" + halts().encode(), {"Content-Type": UNTHINKING}, file=NAME)
    assert (answer.status, answer.json["state"]) == (200, "rejected")


@pytest.mark.parametrize("headers", [{"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Encoding": "gzip"}])
def test_a_reason_is_json_and_nothing_else(korbit: Client, headers: dict[str, str]) -> None:
    filed = korbit.submit("korbit_halts_2026-11-03.csv", halts()).json["submission"]
    path = f"/submissions/{filed}/withdrawal"
    assert is_problem(korbit.ask("POST", path, b'{"reason": "x"}', headers), 415)
    assert korbit.ask("GET", f"/submissions/{filed}").json["state"] == "accepted"


def test_the_document_says_what_a_body_may_be() -> None:
    for path in ("/submissions", "/checks"):
        operation = openapi()["paths"][path]["post"]
        assert "415" in operation["responses"]
        assert all(said in operation["requestBody"]["description"] for said in (*FILE_TYPES, UNTHINKING))


# ------------------------------------------------------------------------------------------ templates


@pytest.mark.parametrize("ending", ["xlsx", "parquet", "csv"])
def test_a_template_that_many_ask_for_at_once_is_whole_for_each(korbit: Client, ending: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: korbit.ask("GET", f"/templates/halts.{ending}"), range(40)))
    assert {one.status for one in answers} == {200}
    for one in answers:
        if ending == "xlsx":
            assert zipfile.ZipFile(io.BytesIO(one.body)).testzip() is None
        else:
            assert one.body == answers[0].body


def test_a_machine_may_have_csv_without_the_mark(korbit: Client) -> None:
    filed = korbit.submit("korbit_reconciliation_2026-11-02.csv", checks("2026-11-02")).json["submission"]
    for path, how in ((f"/submissions/{filed}/findings", {"format": "csv"}), ("/templates/halts.csv", {})):
        marked, bare = korbit.ask("GET", path, **how), korbit.ask("GET", path, bom="false", **how)
        assert marked.body == b"\xef\xbb\xbf" + bare.body
        assert is_problem(korbit.ask("GET", path, bom="maybe", **how), 400, "bom")
    assert bare.body.decode().strip() == ",".join(report_of("halts").field_names)


# ---------------------------------------------------------------------------------- names in headers


def name_in(value: str) -> str:
    """The name that a client reads from the header: `filename*` before `filename` (RFC 6266, 4.3)."""
    starred = value.partition("filename*=")[2]
    if starred:
        charset, _, text = starred.split("'")
        return unquote(text, charset)
    message = Message()
    message["Content-Disposition"] = value
    given: Any = message.get_filename()
    return str(given)


@pytest.mark.parametrize(
    "name",
    [
        "korbit_halts_2026-11-02.csv",
        "보고서 11월.xlsx",
        'a"b\\c.csv',
        "a\r\nSet-Cookie: x=1.csv",
        "a;b=c,d 'e' %41.csv",
        "📄.json",
        "x" * 255,
    ],
    ids=ascii,
)
def test_a_name_in_a_header_is_read_as_it_was_given(name: str) -> None:
    value = attachment(name)
    assert value.isascii()
    assert value.isprintable()
    assert value.startswith("attachment; filename=")
    assert name_in(value) == name


def test_an_annotated_file_keeps_its_name_and_says_its_period(korbit: Client) -> None:
    name, about = "보고 11월.csv", {"exchange": "korbit", "report": "reconciliation", "period": "2026-11-05"}
    told = korbit.submit(name, checks("2026-11-05").replace(",100.5,", ",x,", 1), **about).json
    answer = korbit.ask("GET", f"/submissions/{told['submission']}/annotated")
    assert name_in(answer.headers["Content-Disposition"]) == "findings_보고 11월_2026-11-05.csv"
