"""A store filled with the replay of the Bithumb payout, as `daxa demo --replay` fills it."""

from pathlib import Path

import pytest

from app.cli.demo import prepare_replay
from app.cli.output import show_progress

NAME = "bithumb-2026-02-06"


def fill_replay(home: Path) -> Path:
    """File the replay's reports under `home`; the home of its own store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAXA_HOME", str(home))
        patch.delenv("DAXA_DATABASE_URL", raising=False)
        store = prepare_replay(NAME, progress=show_progress)
    store.engine.dispose()
    return store.home
