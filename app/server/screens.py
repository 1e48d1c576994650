"""The script that the browser runs beside Streamlit's, and the words that it is given (screens.js)."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.sign_in.addresses import SIGN_IN
from app.words import LANGUAGES, all_words, say

SCRIPT = "/screens.js"
"""The address of the script; it holds no data, so anybody may ask for it."""
_FILE = Path(__file__).with_name("screens.js")
_TITLE = b"<title>Streamlit</title>"


async def script(_request: Request) -> Response:
    """The script; its address carries its digest, so a browser may hold it for good."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_FILE.read_bytes(), media_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _tags() -> bytes:
    """The words as data and the script, in this order; data is no script, so the policy of contents lets it be."""
    words = [(text.en, text.ko) for key, text in all_words().items() if key.startswith("streamlit.")]
    said = {key.partition(".")[2]: {"ko": text.ko, "en": text.en} for key, text in all_words().items() if _is_told(key)}
    parts = {"languages": LANGUAGES, "words": words, "said": said, "signIn": SIGN_IN}
    given = json.dumps(parts, ensure_ascii=False).replace("<", "\\u003c")
    digest = hashlib.sha256(_FILE.read_bytes()).hexdigest()[:16]
    return (
        f'<script type="application/json" id="screens-words">{given}</script><script src="{SCRIPT}?{digest}"></script>'
    ).encode()


def _is_told(key: str) -> bool:
    """Whether a text is one that the script itself tells."""
    return key.startswith("typed.")


def document(body: bytes, language: str) -> bytes:
    """Streamlit's document in a language of the screens, with our title and with our script before all others.

    Our own documents, such as that of signing in, are in their language and have no script.
    """
    if _TITLE not in body:
        return body
    body = body.replace(b'<html lang="en"', f'<html lang="{language}"'.encode(), 1)
    body = body.replace(_TITLE, f"<title>{say('product', language)}</title>".encode(), 1)
    without = say("no_script", language).encode()
    body = body.replace(b"You need to enable JavaScript to run this app.", without, 1)
    return body.replace(b"<head>", b"<head>" + _tags(), 1)
