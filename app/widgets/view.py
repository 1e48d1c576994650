"""The view of one run of a page (person, language, filters, moment), and the cached queries that it asks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Concatenate, ParamSpec, TypeVar

import streamlit as st

from app.cache import MEBIBYTE, ValueCache
from app.charts.style import Look
from app.moments import kst_day
from app.queries.choice import Choice
from app.queries.freshness import newest_filed_day, records_stamp
from app.queries.thresholds import thresholds_held
from app.scope import Identity, Scope
from app.served import store as store
from app.widgets.address import url_state
from app.widgets.guard import must_still_be
from app.words import code_word, column_label, exchange_name, report_name, say, unit_word
from etl.store import Store
from expectations.catalogue import rule_set_version, thresholds_of_the_book
from expectations.thresholds import Thresholds
from expectations.vocabulary import Period

_VIEW = "view"
"""Key of the session under which the script of the session leaves the view for the page."""
_ANSWERS = ValueCache(256 * MEBIBYTE, seconds=3600)
"""An answer holds as long as the records stay as they are, for its moment is a part of what it is kept under."""
_DRAWN = ValueCache(128 * MEBIBYTE, seconds=900)
"""What is drawn from answers holds as long, until the next five minutes begin."""
_ASKED_EVERY = timedelta(minutes=5)
"""What depends on the moment is asked as of the last full five minutes: what falls due does so on full hours."""

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class View:
    """What a page draws from: who looks, in which language, at which exchanges and days, and when."""

    language: str
    identity: Identity
    choice: Choice
    newest_day: date | None
    """The day of the newest report, of today at most; none while there is none. No period depends on it."""
    now: datetime
    dark: bool
    stamp: str
    """State of the records when the run began: all of a run's answers are of the same state."""
    page: str = ""
    """The page that is looked at; its texts are called so."""
    drawn: Iterator[int] = field(default_factory=lambda: count(1), compare=False)
    """Numbers what the run draws."""
    thresholds: Thresholds = field(default_factory=thresholds_of_the_book)
    """What the reports of the store are judged by."""
    asked_at: datetime | None = None
    """The moment that questions are asked as of (`present_moment`)."""
    days: tuple[date, date] | None = None
    """The first and last day that a part is of, where they are not the chosen ones: its files are called by them."""

    @property
    def moment(self) -> datetime:
        """The moment that questions are asked as of; now, where nothing else was said."""
        return self.asked_at or self.now

    def say(self, key: str, **parts: object) -> str:
        """A text of the screens."""
        return say(key, self.language, **parts)

    def exchange(self, name: str) -> str:
        """An exchange's display name."""
        return exchange_name(name, self.language)

    def report(self, name: str) -> str:
        """A report's title."""
        return report_name(name, self.language)

    def code(self, code: str | None) -> str:
        """The word of a code."""
        return code_word(code, self.language)

    def label(self, report: str, name: str) -> str:
        """The title of a column, of a report or of the screens."""
        return column_label(report, name, self.language)

    def unit(self, threshold: str) -> str:
        """The unit that a threshold is in."""
        return unit_word(threshold, self.language)

    def of_days(self, first: date, last: date) -> View:
        """The view of a part that is of these days, whatever days are chosen."""
        return replace(self, days=(first, last))

    def of_period(self, text: str) -> View:
        """The view of a part that is of one period, written as in file names (`2026-11-02`, `2026-10`)."""
        period = Period.parse(text)
        return self.of_days(period.first_day, period.last_day)

    @property
    def scope(self) -> Scope:
        """What whoever looks may see."""
        return self.identity.scope

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The exchanges that are looked at."""
        return self.scope.visible(self.choice.exchanges)

    @property
    def look(self) -> Look:
        """What figures need to know."""
        return Look(self.language, self.dark)

    @property
    def rule_set(self) -> str:
        """The version of what the reports of the store are judged by."""
        return rule_set_version(self.thresholds)

    @property
    def records_version(self) -> str:
        """A short name for the state of the records: two screens that show the same one show the same figures."""
        return version_of(self.stamp)

    @property
    def looked_at(self) -> tuple[Hashable, ...]:
        """Return the cache key of what is drawn: two runs with the same key draw the same."""
        where = (str(store().engine.url), self.stamp, self.moment, self.page, url_state())
        return (*where, self.scope, self.choice, self.language, self.dark)

    @property
    def is_empty(self) -> bool:
        """True while no report of a day was ever accepted."""
        return self.newest_day is None


def name_of(question: Callable[..., object]) -> str:
    """The name that a question's answers are cached under, unique across subjects."""
    return f"{question.__module__}.{question.__qualname__}"


def version_of(stamp: str) -> str:
    """Return a short name for a state of the records."""
    return hashlib.sha256(stamp.encode()).hexdigest()[:8]


def keep_view(view: View) -> None:
    """Put the view into the session for the page that runs next."""
    st.session_state[_VIEW] = view


def current_view() -> View:
    """Return the view of this run; a page that the dashboard's script did not start ends here."""
    view = st.session_state.get(_VIEW)
    if not isinstance(view, View):
        st.stop()
    return view


def store_for(scope: Scope) -> Store:
    """Return the store as somebody with this scope asks it: no row of another exchange where they are of one."""
    return store().limited_to(scope.own_exchange)


def present_stamp() -> str:
    """Return the present state of the records."""
    return records_stamp(store())


def present_moment(scope: Scope, stamp: str, now: datetime) -> datetime:
    """Return the cached moment: the last full five minutes, or when this state of the records was first seen, if later.

    Results can so be cached for a while, and what was just filed is never later than the moment of a query.
    """
    seen = _answer("present_moment", stamp, scope, (), lambda: now)
    return max(min(seen, now), now - (now - datetime(2026, 1, 1, tzinfo=UTC)) % _ASKED_EVERY)


def newest_day(scope: Scope, stamp: str, now: datetime) -> date | None:
    """Return the last day, today at most, that accepted reports reach."""
    today = kst_day(now)
    return _answer(
        name_of(newest_filed_day), stamp, scope, (today,), lambda: newest_filed_day(store_for(scope), scope, today)
    )


def present_thresholds(scope: Scope, stamp: str) -> Thresholds:
    """Return the thresholds of the store in this state of the records."""
    return _answer(name_of(thresholds_held), stamp, scope, (), lambda: thresholds_held(store_for(scope), scope))


def ask_anew(
    question: Callable[Concatenate[Store, Scope, Asked], Answer], *about: Asked.args, **more: Asked.kwargs
) -> Answer:
    """Run a query without the cache: about people, tokens and the log, whose changes do not change the stamp."""
    view = current_view()
    must_still_be(view.identity)
    return question(store_for(view.scope), view.scope, *about, **more)


def ask(
    question: Callable[Concatenate[Store, Scope, Asked], Answer], *about: Asked.args, **more: Asked.kwargs
) -> Answer:
    """Return the result of a query in the scope of whoever looks, cached until the records change."""
    return ask_while(None, question, *about, **more)


def ask_while(
    beside: Hashable,
    question: Callable[Concatenate[Store, Scope, Asked], Answer],
    *about: Asked.args,
    **more: Asked.kwargs,
) -> Answer:
    """Return the result of a query, cached until the records or `beside` change."""
    view = current_view()
    must_still_be(view.identity)
    scope = view.scope
    key = (beside, about, tuple(sorted(more.items())))
    return _answer(name_of(question), view.stamp, scope, key, lambda: question(store_for(scope), scope, *about, **more))


def cached(view: View, name: str, make: Callable[[], Made], beside: Hashable = None) -> Made:
    """Return what `make` computes from query results, cached for every run with the same view; nobody may change it.

    `name` is unique on its page. `make` may depend on the view, on the URL, on results of `ask`, and on `beside`, and
    on nothing else: neither on the clock (`view.moment` is the cached moment) nor on the person.
    """
    must_still_be(view.identity)
    return _DRAWN.get((*view.looked_at, name, beside), make)


def _answer(question: str, stamp: str, scope: Scope, about: Hashable, answered: Callable[[], Answer]) -> Answer:
    """The answer that is kept: what `answered` gives, in this store and this state of the records."""
    return _ANSWERS.get((question, str(store().engine.url), stamp, scope, about), answered)
