"""What waits for an exchange or a supervisor, in figures: tiles, one line for the overview, a table by exchange."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from app.answers.breaches import BreachLine, breach_list
from app.answers.explanations import GivenExplanation, UnexplainedMatter, awaiting_explanation, explanations_given
from app.answers.reader_parts import own_unread
from app.answers.unread import UnreadVerdict
from app.columns import Count, ExchangeId, Length, columns_of
from app.moments import duration
from app.overview.due_parts import due_lines
from app.overview.line_parts import NewsList, news_lists
from app.scope import Role
from app.widgets.address import link
from app.widgets.header import markup, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, ask, cached
from etl.answers import LEAST_FOR_SHARE, LONGEST_ACCEPTANCE_DAYS, Answered, BreachState

_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that the page of answers lists of the chosen exchanges and days."""

    matters: tuple[UnexplainedMatter, ...]
    explanations: tuple[GivenExplanation, ...]
    breaches: tuple[BreachLine, ...]
    unread: tuple[UnreadVerdict, ...]

    @property
    def undecided(self) -> tuple[GivenExplanation, ...]:
        """The explanations that wait for a decision."""
        return tuple(one for one in self.explanations if one.state is Answered.EXPLAINED)

    @property
    def decided(self) -> tuple[GivenExplanation, ...]:
        """The other explanations."""
        return tuple(one for one in self.explanations if one.state is not Answered.EXPLAINED)


@dataclass(frozen=True, slots=True)
class WaitingCounts:
    """How much waits of one exchange; `oldest_age` is that of its oldest unread verdict."""

    exchange: ExchangeId
    explain_count: Count
    decide_count: Count
    open_breach_count: Count
    remedied_breach_count: Count
    closed_breach_count: Count
    unread_count: Count
    oldest_age: Length | None


def waiting_of(view: View) -> Waiting:
    """What waits of the chosen exchanges and days, as whoever looks may see it."""
    return Waiting(
        ask(awaiting_explanation, view.choice),
        ask(explanations_given, view.choice),
        ask(breach_list, view.choice),
        own_unread(view),
    )


def waiting_counts(view: View, waiting: Waiting) -> tuple[WaitingCounts, ...]:
    """One record for each exchange that is looked at, in their usual order."""
    explain = Counter(one.exchange for one in waiting.matters)
    decide = Counter(one.explanation.exchange for one in waiting.undecided)
    breaches = Counter((one.exchange, one.state) for one in waiting.breaches)
    unread = Counter(one.exchange for one in waiting.unread)
    ages: dict[str, timedelta] = {}
    for one in waiting.unread:
        age = view.moment - one.decided_at
        ages[one.exchange] = max(age, ages.get(one.exchange, age))
    return tuple(
        WaitingCounts(
            exchange=name,
            explain_count=explain[name],
            decide_count=decide[name],
            open_breach_count=breaches[name, BreachState.OPEN],
            remedied_breach_count=breaches[name, BreachState.REMEDIED],
            closed_breach_count=breaches[name, BreachState.CLOSED],
            unread_count=unread[name],
            oldest_age=ages.get(name),
        )
        for name in view.exchanges
    )


def waiting_totals(counts: Sequence[WaitingCounts]) -> dict[str, str]:
    """What waits at all exchanges together, written out, by the name of its tile."""
    totals = {
        "explain": sum(one.explain_count for one in counts),
        "decide": sum(one.decide_count for one in counts),
        "open": sum(one.open_breach_count for one in counts),
        "remedied": sum(one.remedied_breach_count for one in counts),
        "unread": sum(one.unread_count for one in counts),
    }
    return {name: f"{total:,}" for name, total in totals.items()}


def summary_text(view: View, counts: Sequence[WaitingCounts]) -> str:
    """What waits for whoever looks, in one sentence."""
    key = "answers.summary_exchange" if view.scope.role is Role.EXCHANGE else "answers.summary_supervisor"
    return view.say(key, **waiting_totals(counts))


def summary_tiles(view: View, counts: Sequence[WaitingCounts]) -> None:
    """What waits, in figures."""
    ages = [one.oldest_age for one in counts if one.oldest_age is not None]
    oldest = view.say("answers.tile.oldest", age=duration(max(ages), view.language, 1)) if ages else ""
    tile_row(
        [
            Tile(view.say(f"answers.tile.{name}"), total, oldest if name == "unread" else "")
            for name, total in waiting_totals(counts).items()
        ]
    )


@part
def answers_line(view: View) -> None:
    """What waits for whoever looks in one line that leads to the page of answers."""
    said = summary_text(view, waiting_counts(view, waiting_of(view)))
    markup(f'<p class="note"><a href="{escape(link("answers"))}">{escape(said)}</a></p>')


@part
def by_exchange(view: View, counts: Sequence[WaitingCounts]) -> None:
    """The counts of every exchange."""
    section(view, "answers.by_exchange")
    table(view, counts, columns_of(WaitingCounts), alt=view.say("answers.by_exchange"))


@part
def show_due(view: View) -> None:
    """The reports that fall due within a day."""
    heading, how, nothing = (view.say(key) for key in ("answers.due", "overview.due_how", "overview.no_due"))
    markup(cached(view, "due", lambda: news_lists(NewsList(heading, how, due_lines(view, _AHEAD), nothing))))


def assumptions(view: View) -> None:
    """The numbers of ours that answers go by."""
    note(view.say("answers.model", days=LONGEST_ACCEPTANCE_DAYS, least=LEAST_FOR_SHARE))
