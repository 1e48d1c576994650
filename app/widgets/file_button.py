"""A download button whose file is made on click; the download is written to the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import streamlit as st

from app.widgets.audit_events import taken_away
from app.widgets.view import View
from etl.records.log import EventKind


def offer_file(
    view: View,
    label: str,
    make: Callable[[], bytes | str],
    name: str,
    subject: str,
    *,
    key: str,
    icon: str = ":material/download:",
    mime: str | None = None,
    act: EventKind = EventKind.DOWNLOAD,
    about: Mapping[str, Any] | None = None,
    looks: Literal["secondary", "tertiary"] = "secondary",
    hint: str | None = None,
) -> None:
    """Offer the file `name`, made by `make`, under `label`; `subject` and `about` go to the audit log."""

    def made() -> bytes:
        content = make()
        data = content.encode() if isinstance(content, str) else content
        return taken_away(view.identity, data, subject, {"file": name, "page": view.page, **(about or {})}, act=act)

    st.download_button(
        label, data=made, file_name=name, mime=mime, key=key, on_click="ignore", icon=icon, type=looks, help=hint
    )
