"""Stores filled with replays of incidents, as `daxa demo --replay` fills them."""

from pathlib import Path

import pytest

from app.cli.demo import prepare_replay
from app.cli.output import show_progress

NAME = "bithumb-2026-02-06"
UPBIT = "upbit-2025-11-27"


def fill_replay(home: Path, name: str = NAME) -> Path:
    """File the reports of a replay, or of all, under `home`; the home of its own store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAXA_HOME", str(home))
        patch.delenv("DAXA_DATABASE_URL", raising=False)
        store = prepare_replay(name, progress=show_progress)
    store.engine.dispose()
    return store.home
