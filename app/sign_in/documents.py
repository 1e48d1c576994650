"""The pages of signing in and out, as plain documents without scripts, in the colours of the screens."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from app.sign_in.addresses import SIGN_OUT, first_page, sign_in_address, sso_address
from app.words import LANGUAGES, say
from etl.records.people import Role

_SETTINGS = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
_OWN_NAMES = {"ko": "한국어", "en": "English"}
_COLOURS = {
    "primary": "primaryColor",
    "ground": "backgroundColor",
    "second": "secondaryBackgroundColor",
    "text": "textColor",
    "quiet": "grayTextColor",
    "link": "linkColor",
    "edge": "borderColor",
}

_CSS = """
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;
 padding:1.5rem 1rem;background:var(--second);color:var(--text);
 word-break:keep-all;overflow-wrap:anywhere;
 font:1rem/1.55 "Source Sans","Noto Sans KR","Noto Sans CJK KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main{width:100%;max-width:25rem;padding:2rem;background:var(--ground);border:1px solid var(--edge);border-radius:.6rem}
header{display:flex;align-items:center;gap:.65rem;margin:0 0 1.25rem;font-weight:600}
header img{width:2rem;height:2rem}
h1{margin:0 0 .35rem;font-size:1.5rem;line-height:1.3}
p{margin:0 0 1rem}
p.quiet,footer{color:var(--quiet);font-size:.875rem}
p.told{padding:.6rem .8rem;border:1px solid var(--edge);border-left-width:.3rem;border-radius:.3rem;font-weight:600}
p.told.wrong{border-left-color:#b3261e}
label{display:block;margin:0 0 .9rem;font-size:.875rem;font-weight:600}
input{display:block;width:100%;margin-top:.25rem;padding:.55rem .7rem;font:inherit;font-size:1rem;
 color:var(--text);background:var(--second);border:1px solid var(--edge);border-radius:.4rem}
button,a.button{display:block;width:100%;padding:.6rem 1rem;font:inherit;font-weight:600;text-align:center;
 text-decoration:none;border-radius:.4rem;border:1px solid var(--primary);cursor:pointer}
button{background:var(--primary);color:#fff}
a.button{background:transparent;color:var(--text);border-color:var(--edge);margin-top:.75rem}
input:focus-visible,button:focus-visible,a:focus-visible{outline:3px solid var(--primary);outline-offset:2px}
a{color:var(--link)}
main>p:last-child{margin-bottom:0}
footer{margin-top:1rem;display:flex;gap:1rem}
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above a form: what went wrong, or what was done."""

    text: str
    is_wrong: bool = True


def sign_in_page(
    language: str,
    wanted: str,
    form: str,
    *,
    notice: Notice | None = None,
    name: str = "",
    has_passwords: bool = True,
    has_sso: bool = False,
) -> str:
    """The form to sign in on, which leads on to `wanted`; `form` is what it must come back with."""
    parts = [f"<h1>{_said('sign_in.title', language)}</h1>"]
    parts.append(f'<p class="quiet">{_said("sign_in.purpose", language)}</p>')
    parts.append(_notice(notice))
    if has_passwords:
        parts.append(
            f'<form method="post" action="{escape(sign_in_address(wanted, language))}">{_hidden(form)}'
            f"<label>{_said('sign_in.name', language)}"
            f'<input name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" '
            f'spellcheck="false" maxlength="64" required{"" if name else " autofocus"}></label>'
            f"<label>{_said('sign_in.password', language)}"
            f'<input name="password" type="password" autocomplete="current-password" maxlength="256" required'
            f"{' autofocus' if name else ''}></label>"
            f'<button type="submit">{_said("sign_in.button", language)}</button></form>'
        )
    if has_sso:
        parts.append(
            f'<a class="button" href="{escape(sso_address(wanted, language))}">{_said("sign_in.sso", language)}</a>'
        )
    parts.append(
        f'<p class="quiet" style="margin-top:1.1rem">{_said("sign_in.account", language)} '
        f"{_said('sign_in.length', language)}</p>"
    )
    others = {other: sign_in_address(wanted, other) for other in LANGUAGES}
    return _document("sign_in.title", language, parts, others)


def sign_out_page(language: str, name: str, form: str, *, notice: Notice | None = None) -> str:
    """The question whether to sign out."""
    parts = [
        f"<h1>{_said('sign_out.title', language)}</h1>",
        _notice(notice),
        f"<p>{escape(say('sign_out.question', language, name=name))}</p>",
        f'<form method="post" action="{escape(_sign_out_address(language))}">{_hidden(form)}'
        f'<button type="submit" autofocus>{_said("sign_out.button", language)}</button></form>',
        f'<a class="button" href="{escape(first_page(language))}">{_said("sign_out.back", language)}</a>',
    ]
    return _document("sign_out.title", language, parts, {other: _sign_out_address(other) for other in LANGUAGES})


def closed_page(title: str, role: Role, language: str) -> str:
    """That a page is not open to somebody's role; to an administrator, who can let them see it."""
    key = "closed.without_grant" if role is Role.ADMIN else "closed.page"
    sentence = say(key, language, page=title, role=say(f"role.{role}", language))
    parts = [
        f"<h1>{_said('closed.title', language)}</h1>",
        f"<p>{escape(sentence)}</p>",
        f'<a class="button" href="{escape(first_page(language))}">{_said("sign_out.back", language)}</a>',
    ]
    return _document("closed.title", language, parts, {})


def message_page(text: str, language: str) -> str:
    """One sentence, and the way back to signing in."""
    parts = [
        f"<h1>{_said('sign_in.title', language)}</h1>",
        _notice(Notice(text)),
        f'<a class="button" href="{escape(sign_in_address("/", language))}">{_said("present.again", language)}</a>',
    ]
    return _document("sign_in.title", language, parts, {})


def _sign_out_address(language: str) -> str:
    return SIGN_OUT if language == LANGUAGES[0] else f"{SIGN_OUT}?lang={language}"


def _said(key: str, language: str) -> str:
    return escape(say(key, language))


def _hidden(form: str) -> str:
    return f'<input type="hidden" name="form" value="{escape(form)}">'


def _notice(notice: Notice | None) -> str:
    if notice is None:
        return ""
    kind = ' class="told wrong" role="alert"' if notice.is_wrong else ' class="told" role="status"'
    return f"<p{kind}>{escape(notice.text)}</p>"


def _document(title: str, language: str, parts: list[str], others: dict[str, str]) -> str:
    links = "".join(
        f'<a href="{escape(address)}" lang="{other}" hreflang="{other}">{_OWN_NAMES[other]}</a>'
        for other, address in others.items()
        if other != language
    )
    product = _said("product", language)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">'
        f"<title>{_said(title, language)} · {product}</title>"
        f'<link rel="icon" href="/app/static/mark.svg"><style>{_style()}</style></head><body><main>'
        f'<header><img src="/app/static/mark.svg" alt="">{product}</header>'
        f"{''.join(parts)}</main><footer>{links}</footer></body></html>"
    )


@cache
def _style() -> str:
    """The rules of the page, with the colours that the screens are drawn in."""
    themes = tomllib.loads(_SETTINGS.read_text("utf-8"))["theme"]
    light, dark = (
        ";".join(f"--{name}:{themes[ground][key]}" for name, key in _COLOURS.items()) for ground in ("light", "dark")
    )
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{_CSS}"
