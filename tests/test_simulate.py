"""The simulated exchanges: what they write reads back exactly, in every format, and tells its story."""

import io
import re
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from app.testbed.simulator import REAL_ASSETS, canonical_table, simulate
from app.testbed.simulator.amounts import Amounts
from app.testbed.simulator.draws import generator
from app.testbed.simulator.filing import GENERATORS
from app.testbed.simulator.story import STORY, Happening
from etl.exchanges import all_exchanges, exchange
from etl.formats import read
from etl.layout import Container, canonical_layout
from etl.normalise import SOURCE_ROW, arrow_schema, normalise_table
from etl.writing.native import write_canonical, write_native
from etl.writing.spelling import spell
from expectations.catalogue import all_reports, report
from expectations.vocabulary import COUNT_MAXIMUM, KST, Cadence, Period, ValueType

DAY = date(2026, 11, 20)
EXCHANGES = tuple(all_exchanges())
REPORTS = tuple(all_reports())
CANONICAL = (Container.CSV, Container.XLSX, Container.PARQUET)
SMALL = {"upbit": 5, "bithumb": 4, "coinone": 4, "korbit": 4, "gopax": 3}

every_exchange = pytest.mark.parametrize("exchange_id", EXCHANGES)
every_report = pytest.mark.parametrize("report_name", REPORTS)


def period_of(report_name, day=DAY):
    monthly = report(report_name).cadence is Cadence.MONTH
    return Period.parse("2026-10") if monthly else Period.of_day(day)


def without_rows(report_name):
    schema = arrow_schema(report(report_name))
    return schema.remove(schema.get_field_index(SOURCE_ROW)).empty_table()


def read_back(data, name, exchange_id, report_name, period):
    """The canonical rows of a file and the totals it states; no finding is expected."""
    day = period.first_day
    shape = report(report_name).on(day)
    cells, layout = read(data, name, exchange(exchange_id).layouts[report_name].on(day), shape)
    result = normalise_table(cells, layout, shape, exchange=exchange_id, period=period)
    assert not result.findings, result.findings[:3]
    return result.table.drop_columns([SOURCE_ROW]), result.totals


def native_read_back(table, exchange_id, report_name, period):
    member = exchange(exchange_id)
    data = write_native(table, member, report(report_name), period)
    name = f"file.{member.layouts[report_name].container.value}"
    return read_back(data, name, exchange_id, report_name, period)


# What each type can be at its most awkward. Instants are whole seconds, which every notation can write.
AWKWARD = {
    ValueType.QUANTITY: ["0", "0.000000000000000001", "99999999999999999999.999999999999999999", "-1234567.89", "1000"],
    ValueType.KRW: ["0", "0.00000014", "99999999999999999999.99999999", "-1000.5", "140000000"],
    ValueType.COUNT: [0, 1, 2**53 + 1, COUNT_MAXIMUM, -5],
    ValueType.INSTANT: [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 4, 14, 15, 23)],
    ValueType.DATE: [date(2026, 11, 20), date(2026, 1, 2), date(2024, 2, 29), date(2027, 12, 31), date(2026, 10, 11)],
    ValueType.MONTH: ["2026-10", "2026-01", "2024-02", "2027-12", "2026-11"],
    ValueType.MARKET: ["BTC/KRW", "1INCH/KRW", "ETH/BTC", "KRW/BTC", "SOL/USDT"],
    ValueType.ASSET: ["BTC", "1INCH", "BTT", "KRW", "A2Z"],
    ValueType.HASH: ["0" * 64, "f" * 64, "0123456789abcdef" * 4, "a" * 64, "9" * 64],
    ValueType.TEXT: ["가, 나", '말하기를 "그렇다"', "첫째 줄\n둘째 줄", "<b> & C:\\", " 앞뒤 공백 "],
}
SCOPES = ["market", "asset", "exchange", "account", "market"]
TARGETS = ["BTC/KRW", "1INCH", "ALL", "ACCOUNTS", "ETH/BTC"]


def awkward_table(report_name):
    """Five rows in which every column holds its most awkward values, and the last row nothing where it may."""
    shape = report(report_name).on(period_of(report_name).first_day)
    schema = arrow_schema(shape)
    columns = []
    for field in shape.fields:
        if field.type is ValueType.CODE:
            values = [field.codes[place % len(field.codes)] for place in range(5)]
        else:
            values = list(AWKWARD.get(field.type, TARGETS))
        if field.name == "scope" and report_name == "halts":
            values = SCOPES
        if not field.required:
            values[-1] = None
        type_ = schema.field(field.name).type
        if pa.types.is_decimal(type_):
            values = [Decimal(value) for value in values]
        columns.append(pa.array(values, type_))
    return pa.table(columns, schema=pa.schema([schema.field(field.name) for field in shape.fields]))


# ------------------------------------------------------------------------------------------ the registries


def test_every_exchange_and_every_report_is_simulated():
    assert tuple(REAL_ASSETS) == EXCHANGES
    assert set(GENERATORS) == set(REPORTS)


@every_exchange
@every_report
def test_every_notation_of_a_layout_can_be_written(exchange_id, report_name):
    layouts = [
        exchange(exchange_id).layouts[report_name].on(DAY),
        *(canonical_layout(report(report_name), container) for container in (Container.CSV, Container.XLSX)),
    ]
    for layout in layouts:
        for name, native in layout.columns.items():
            type_ = arrow_schema(report(report_name)).field(name).type
            assert len(spell(pa.array([], type_), native.notation)) == 0


# -------------------------------------------------------------------------------------------- there and back


@every_exchange
@every_report
def test_a_simulated_day_reads_back_exactly(exchange_id, report_name):
    for day in (DAY, DAY - timedelta(days=1), DAY - timedelta(days=9)):
        period = period_of(report_name, day)
        table = canonical_table(exchange_id, report_name, period, seed=5, assets=4)
        back, _ = native_read_back(table, exchange_id, report_name, period)
        assert back.equals(table)


@every_exchange
@every_report
def test_awkward_values_read_back_exactly(exchange_id, report_name):
    table = awkward_table(report_name)
    if exchange(exchange_id).layouts[report_name].on(DAY).total_row:
        table = table.slice(0, 2)  # the total of the largest values is no longer a value
    back, _ = native_read_back(table, exchange_id, report_name, period_of(report_name))
    assert back.equals(table)


@every_exchange
@pytest.mark.parametrize("report_name", [name for name in REPORTS if name != "audits"])
def test_a_nil_return_reads_back_as_no_rows(exchange_id, report_name):
    back, _ = native_read_back(without_rows(report_name), exchange_id, report_name, period_of(report_name))
    assert back.num_rows == 0


@pytest.mark.parametrize("container", CANONICAL)
@every_report
def test_the_canonical_template_reads_back_exactly(report_name, container):
    name = f"file.{container.value}"
    # Korbit files CSV of its own and Bithumb workbooks of its own, so the template must be told from these.
    for exchange_id in ("upbit", "bithumb", "korbit"):
        period = period_of(report_name)
        drawn = canonical_table(exchange_id, report_name, period, seed=5, assets=3)
        nil = () if report_name == "audits" else (without_rows(report_name),)
        for table in (drawn, awkward_table(report_name), *nil):
            data = write_canonical(table, report(report_name), container)
            back, _ = read_back(data, name, exchange_id, report_name, period)
            assert back.equals(table)


@every_report
def test_a_row_of_totals_agrees_with_the_data(report_name):
    period = period_of(report_name)
    table = canonical_table("bithumb", report_name, period, seed=5, assets=4)
    _, totals = native_read_back(table, "bithumb", report_name, period)
    assert bool(totals) == (report_name in ("api_volume", "api_keys", "surveillance"))
    for name, stated in totals.items():
        assert Decimal(stated.replace(",", "")) == pc.sum(table[name]).as_py()


@every_exchange
def test_milliseconds_are_written_where_they_can_be(exchange_id):
    period = period_of("reconciliation")
    table = canonical_table(exchange_id, "reconciliation", period, seed=5, assets=2)
    milliseconds = pc.millisecond(table["checked_at"]).to_pylist()
    assert any(milliseconds)
    back, _ = native_read_back(table, exchange_id, "reconciliation", period)
    assert pc.millisecond(back["checked_at"]).to_pylist() == milliseconds


def test_epoch_seconds_refuse_to_lose_milliseconds():
    table = awkward_table("halts")
    moved = pc.add(table["halted_at"], pa.scalar(timedelta(milliseconds=1), pa.duration("ms")))
    place = table.schema.get_field_index("halted_at")
    with pytest.raises(ValueError, match="whole seconds"):
        write_native(
            table.set_column(place, "halted_at", moved), exchange("coinone"), report("halts"), period_of("halts")
        )


# -------------------------------------------------------------------------------------------- traps of formats

TRAPS = [
    ("upbit", "api_volume", r'"candle_date_time_kst":"2026-11-20T09:00:00","market":"KRW-BTC"'),
    ("upbit", "api_volume", r'"acc_trade_price":\d\.\d+E\d+'),
    ("upbit", "reconciliation", r'"checked_at":"2026-11-20T00:00:\d\d\.\d{3}\+09:00"'),
    ("upbit", "reconciliation", r'"ledger_balance":"\d+\.\d+".*"trade_price":\d.*"status":"MATCH"'),
    ("upbit", "key_actions", r'"memo":null'),
    ("upbit", "halts", r'"auto":(true|false)'),
    ("coinone", "api_volume", r'^\{"result":"success","error_code":"0","server_time":\d{13},"data":\['),
    ("coinone", "api_volume", r'"quote_currency":"krw","target_currency":"btc","quote_volume":"\d'),
    ("coinone", "halts", r'"quote_currency":"","target_currency":"1INCH"'),
    ("coinone", "halts", r'"quote_currency":"KRW","target_currency":"BTC"'),
    ("coinone", "halts", r'"halted_at":"\d{10}"'),
    ("coinone", "reconciliation", r'"timestamp":\d{13},"currency":"'),
    ("coinone", "key_actions", r'"note":""'),
    ("coinone", "audits", r'"month":"202610"'),
    ("korbit", "key_actions", "^\ufeffactionId,"),
    ("korbit", "key_actions", r",forcedExpiry,"),
    ("korbit", "key_actions", r'"첫째 줄\n둘째 줄"\r\n'),
    ("korbit", "api_volume", r"\r\n\d{13},btc_krw,"),
    ("korbit", "halts", r",all,"),
    ("gopax", "reconciliation", r"\n2026-11-19T15:00:\d\d\.\d{3}Z,\w+,\d\.\d+E\d+,"),
    ("gopax", "api_volume", r",BTC-KRW,"),
    ("gopax", "key_actions", r",IP이상,.*,-\n"),
    ("gopax", "surveillance", r"\n2026/11/20,"),
    ("bithumb", "api_volume", "2026-11-20 9:00:00</t>.*BTC_KRW"),
    ("bithumb", "api_volume", r">\d{1,3}(,\d{3}){2,}\.\d+</t>"),
    ("bithumb", "api_volume", r"<v>\d+</v>"),
    ("bithumb", "api_volume", "보고기간</t>.*2026-11-20</t>.*집계시각</t>.*합계</t>"),
    ("bithumb", "audits", "2026년 10월"),
    ("bithumb", "halts", "전체</t>"),
]
NIL_RETURNS = [
    ("upbit", r"^\[\]$"),
    ("bithumb", "해당 없음"),
    ("coinone", r'"data":\[\]\}$'),
    ("korbit", "^\ufeff[a-zA-Z,]+\r\n$"),
    ("gopax", "^[^\n]+\n없음\n$"),
]


def text_of(data, exchange_id):
    if exchange_id == "bithumb":
        return zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode("utf-8")
    return data.decode(exchange(exchange_id).layouts["halts"].on(DAY).encoding)


@pytest.mark.parametrize(("exchange_id", "report_name", "pattern"), TRAPS)
def test_the_format_has_its_trap(exchange_id, report_name, pattern):
    period = period_of(report_name)
    hand_made = report_name in ("halts", "key_actions")
    table = (
        awkward_table(report_name) if hand_made else canonical_table(exchange_id, report_name, period, seed=5, assets=3)
    )
    data = write_native(table, exchange(exchange_id), report(report_name), period)
    assert re.search(pattern, text_of(data, exchange_id), re.DOTALL if exchange_id == "bithumb" else 0)


@pytest.mark.parametrize(("exchange_id", "pattern"), NIL_RETURNS)
def test_a_nil_return_looks_as_the_exchange_writes_it(exchange_id, pattern):
    data = write_native(without_rows("halts"), exchange(exchange_id), report("halts"), period_of("halts"))
    assert re.search(pattern, text_of(data, exchange_id))


def test_a_blank_template_is_its_header():
    data = write_canonical(without_rows("halts"), report("halts"), Container.CSV)
    assert data.decode() == ",".join(report("halts").field_names) + "\n"


# ------------------------------------------------------------------------------------------------- repetition


def bytes_by_name(folder, **options):
    """The bytes of two quiet days' files by where they lie."""
    arguments = {"seed": 9, "assets": SMALL, "story": False, **options}
    files = list(simulate(folder, DAY - timedelta(days=1), DAY, **arguments))
    return {file.path.relative_to(folder).as_posix(): file.path.read_bytes() for file in files}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path):
    first = bytes_by_name(tmp_path / "first")
    assert len(first) == 2 * len(EXCHANGES) * (len(REPORTS) - 1)
    assert bytes_by_name(tmp_path / "again") == first
    other = bytes_by_name(tmp_path / "other", seed=10)
    same = {name.split("/")[1] for name in set(first) & set(other) if first[name] == other[name]}
    assert all("_halts_" in name or "_key_actions_" in name for name in same), "only nil returns may be the same"


def test_a_day_is_the_same_whatever_other_days_exchanges_and_sizes_are_simulated(tmp_path):
    short = bytes_by_name(tmp_path / "short")
    options = {"seed": 9, "story": False, "assets": SMALL, "exchanges": ["gopax", "bithumb"]}
    files = list(simulate(tmp_path / "long", DAY - timedelta(days=4), DAY, **options))
    long = {file.path.relative_to(tmp_path / "long").as_posix(): file.path.read_bytes() for file in files}
    compared = [name for name in long if name in short and re.search("api_volume|reconciliation|surveillance", name)]
    assert len(compared) == 12
    assert all(long[name] == short[name] for name in compared)


def test_a_longer_listing_leaves_the_checks_of_the_shorter_alone():
    period = period_of("reconciliation")
    small, large = (canonical_table("korbit", "reconciliation", period, seed=5, assets=count) for count in (3, 6))
    shared = large.filter(pc.is_in(large["asset"], pc.unique(small["asset"])))
    assert small.num_rows * 2 == large.num_rows
    assert shared.num_rows == small.num_rows


def test_the_last_of_eighteen_places_is_used():
    table = canonical_table("upbit", "reconciliation", period_of("reconciliation"), seed=5, assets=2)
    last = Counter(str(value)[-1] for value in table["ledger_quantity"].to_pylist())
    assert len(last) == 10


def test_sums_and_differences_of_amounts_are_exact():
    random = generator(1, "amounts")
    magnitudes = [random.uniform(0, 9e9, 500), random.uniform(9e9, 9e18, 500)]
    less, more = (Amounts.near(values, ValueType.QUANTITY, random) for values in magnitudes)
    scaled = [[whole(value) for value in amounts.to_arrow(ValueType.QUANTITY).to_pylist()] for amounts in (less, more)]
    for result, sign in ((more + less, 1), (more - less, -1)):
        expected = [large + sign * small for small, large in zip(*scaled, strict=True)]
        assert [whole(value) for value in result.to_arrow(ValueType.QUANTITY).to_pylist()] == expected


def whole(quantity):
    """A quantity in its smallest unit, as an integer."""
    _, digits, exponent = quantity.as_tuple()
    return int("".join(map(str, digits))) * 10 ** (18 + exponent)


# ------------------------------------------------------------------------------------------------ proportions


def test_turnover_and_the_share_of_the_api_are_those_of_the_market():
    days = [DAY - timedelta(days=back) for back in range(7)]
    value, api = Counter(), Counter()
    for exchange_id in EXCHANGES:
        for day in days:
            table = canonical_table(exchange_id, "api_volume", Period.of_day(day), seed=3, assets=SMALL[exchange_id])
            value[exchange_id] += float(pc.sum(table["trade_value_krw"]).as_py())
            api[exchange_id] += float(pc.sum(table["api_trade_value_krw"]).as_py())
    whole = sum(value.values())
    published = {"upbit": 0.716, "bithumb": 0.258, "coinone": 0.018, "korbit": 0.005, "gopax": 0.002}
    for exchange_id, share in published.items():
        assert value[exchange_id] / whole == pytest.approx(share, rel=0.15)
        assert 0.13 < api[exchange_id] / value[exchange_id] < 0.42
    assert 4e12 < whole / len(days) < 9e12
    assert sum(api.values()) / whole == pytest.approx(0.30, abs=0.04)


def test_an_exchange_of_real_size_checks_every_asset_in_every_slot():
    period = period_of("reconciliation")
    table = canonical_table("coinone", "reconciliation", period, seed=3)
    slots = pc.divide(table["checked_at"].cast(pa.int64()), 300_000)
    pairs = pa.table({"asset": table["asset"], "slot": slots}).group_by(["asset", "slot"]).aggregate([])
    assert table.num_rows == pairs.num_rows == 288 * REAL_ASSETS["coinone"]
    assert pc.count_distinct(table["ledger_quantity"]).as_py() == table.num_rows


# ---------------------------------------------------------------------------------------------- a quiet month


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Five days around the end of a month without any trouble."""
    folder = tmp_path_factory.mktemp("quiet")
    first, last = date(2026, 10, 29), date(2026, 11, 2)
    return list(simulate(folder, first, last, seed=2, assets=SMALL, story=False))


def rows_of(file):
    table, _ = read_back(file.path.read_bytes(), file.path.name, file.exchange, file.report, file.period)
    return table


def by_period(files, report_name):
    return {(file.exchange, file.period.text): rows_of(file) for file in files if file.report == report_name}


def test_a_quiet_run_files_everything_in_time_and_in_order(quiet):
    assert Counter(file.report for file in quiet) == {
        name: len(EXCHANGES) * (1 if name == "audits" else 5) for name in REPORTS
    }
    assert [file.received_at for file in quiet] == sorted(file.received_at for file in quiet)
    for file in quiet:
        assert file.period.end < file.received_at < report(file.report).due_at(file.period)
        assert file.path.parent.name == file.received_at.astimezone(KST).date().isoformat()


def test_an_inventory_opens_as_the_day_before_closed_and_loses_the_keys_of_the_cases(quiet):
    inventories, actions = by_period(quiet, "api_keys"), by_period(quiet, "key_actions")
    expired = Counter()
    for (exchange_id, period), table in inventories.items():
        day = date.fromisoformat(period)
        before = inventories.get((exchange_id, (day - timedelta(days=1)).isoformat()))
        if before is not None:
            assert table["opening_keys"].to_pylist() == before["active_keys"].to_pylist()
        steps = actions[exchange_id, period]
        forced = steps.filter(pc.equal(steps["stage"], "forced_expiry"))
        assert pc.sum(table["forced_expired_keys"]).as_py() == pc.count_distinct(forced["key_ref"]).as_py()
        expired["natural"] += pc.sum(table["expired_keys"]).as_py()
        expired["forced"] += forced.num_rows
    assert expired["natural"] > 20 * expired["forced"] > 0


def test_an_audit_is_near_the_check_at_midnight_and_is_no_copy_of_it(quiet):
    checks = by_period(quiet, "reconciliation")
    for (exchange_id, _), audit in by_period(quiet, "audits").items():
        midnight = checks[exchange_id, "2026-11-01"].slice(0, audit.num_rows)
        held = dict(zip(midnight["asset"].to_pylist(), midnight["wallet_quantity"].to_pylist(), strict=True))
        wallets = pc.add(
            audit["hot_wallet_quantity"].cast(pa.decimal128(37, 18)),
            audit["cold_wallet_quantity"].cast(pa.decimal128(37, 18)),
        )
        for asset, counted in zip(audit["asset"].to_pylist(), wallets.to_pylist(), strict=True):
            assert 0 < abs(counted - held[asset]) < held[asset] / 10_000


def test_surveillance_concerns_less_than_the_markets_api_trading(quiet):
    volumes = by_period(quiet, "api_volume")
    for place, seen in by_period(quiet, "surveillance").items():
        traded = volumes[place].group_by("market").aggregate([("api_trade_value_krw", "sum")])
        api = dict(zip(traded["market"].to_pylist(), traded["api_trade_value_krw_sum"].to_pylist(), strict=True))
        for row in seen.to_pylist():
            assert row["api_trade_value_krw"] <= row["trade_value_krw"] <= api[row["market"]]


def test_nothing_is_short_on_quiet_days(quiet):
    for table in by_period(quiet, "reconciliation").values():
        assert pc.all(pc.equal(table["result"], "match")).as_py()
        assert pc.all(pc.greater_equal(table["wallet_quantity"], table["ledger_quantity"])).as_py()


# -------------------------------------------------------------------------------------------------- the story


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A month that ends on DAY, with its story."""
    folder = tmp_path_factory.mktemp("told")
    return list(simulate(folder, DAY - timedelta(days=29), DAY, seed=2, assets=SMALL))


def events(kind):
    """The story's events of a kind with the period of each; those of later rules are not there yet (test_story)."""
    for event in STORY:
        if event.kind is kind and event.report != "audits" and event.since is None:
            yield event, (DAY - timedelta(days=event.days_before)).isoformat()


def files_of(files, event, period):
    return [
        file
        for file in files
        if (file.exchange, file.report) == (event.exchange, event.report) and file.period.text.startswith(period)
    ]


def is_refused(file):
    """True where cells cannot be read or the totals do not agree."""
    day = file.period.first_day
    shape, native = report(file.report).on(day), exchange(file.exchange).layouts[file.report].on(day)
    cells, layout = read(file.path.read_bytes(), file.path.name, native, shape)
    result = normalise_table(cells, layout, shape, exchange=file.exchange, period=file.period)
    return bool(result.findings) or any(
        Decimal(stated.replace(",", "")) != pc.sum(result.table[name]).as_py() for name, stated in result.totals.items()
    )


def test_the_story_has_every_kind_of_event():
    assert {event.kind for event in STORY} == set(Happening)


@pytest.mark.slow
def test_exactly_the_files_that_the_story_spoils_are_refused(told):
    spoilt = {
        (event.exchange, event.report, period)
        for kind in (Happening.WRONG_TOTAL, Happening.BAD_CELLS)
        for event, period in events(kind)
    }
    refused = [file for file in told if is_refused(file)]
    assert {(file.exchange, file.report, file.period.text) for file in refused} == spoilt
    for event, period in [*events(Happening.WRONG_TOTAL), *events(Happening.BAD_CELLS)]:
        first, second = files_of(told, event, period)
        assert is_refused(first)
        assert second.received_at == first.received_at + timedelta(minutes=event.minutes)


@pytest.mark.slow
def test_three_cells_are_bad_in_the_file_with_bad_cells(told):
    ((event, period),) = events(Happening.BAD_CELLS)
    file = files_of(told, event, period)[0]
    day = file.period.first_day
    shape, native = report(file.report).on(day), exchange(file.exchange).layouts[file.report].on(day)
    cells, layout = read(file.path.read_bytes(), file.path.name, native, shape)
    result = normalise_table(cells, layout, shape, exchange=file.exchange, period=file.period)
    assert Counter(finding.rule for finding in result.findings) == {"SUB-006": 3}


@pytest.mark.slow
def test_exactly_the_files_that_the_story_delays_are_late(told):
    late = {
        (file.exchange, file.report, file.period.text)
        for file in told
        if "T" not in file.period.text
        and file.received_at > report(file.report).due_at(file.period)
        and "corrections" not in file.path.parent.name
    }
    assert late == {(event.exchange, event.report, period) for event, period in events(Happening.LATE)}


@pytest.mark.slow
def test_what_the_story_leaves_out_is_not_filed(told):
    for event, period in events(Happening.MISSING):
        assert not files_of(told, event, period)
    audited = {file.exchange for file in told if file.report == "audits"}
    assert audited == set(EXCHANGES) - {"coinone"}


@pytest.mark.slow
def test_a_correction_adds_what_the_first_file_lacked(told):
    for event, period in events(Happening.CORRECTED):
        first, second = files_of(told, event, period)
        assert rows_of(second).slice(0, rows_of(first).num_rows).equals(rows_of(first))
        assert rows_of(second).num_rows == rows_of(first).num_rows + 1


@pytest.mark.slow
def test_a_sliced_day_is_covered_by_its_slices_one_of_them_late(told):
    for event, period in events(Happening.SLICED):
        slices = sorted(files_of(told, event, period), key=lambda file: file.period.start)
        whole = Period.parse(period)
        assert [file.period.text[10:] for file in slices] == ["T00-06", "T06-12", "T12-18", "T18-24"]
        assert sum(rows_of(file).num_rows for file in slices) == 288 * SMALL[event.exchange]
        late = [file for file in slices if file.received_at > report(event.report).due_at(whole)]
        assert late == slices[2:3]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Happening.SHORTFALL, Happening.PAYOUT])
def test_wallets_are_short_as_long_and_as_much_as_the_story_says(told, kind):
    for event, period in events(kind):
        table = rows_of(files_of(told, event, period)[0])
        short = table.filter(pc.equal(table["result"], "mismatch")).to_pylist()
        begin = datetime.combine(date.fromisoformat(period), event.at, KST)
        assert len(short) == event.minutes // 5
        assert {row["asset"] for row in short} == {event.asset}
        assert begin < short[0]["checked_at"] < begin + timedelta(minutes=5)
        ratio = max(float(row["ledger_quantity"] / row["wallet_quantity"]) for row in short) - 1
        expected = event.size - 1 if kind is Happening.PAYOUT else event.size / (1 - event.size)
        assert ratio == pytest.approx(expected, rel=0.1)


@pytest.mark.slow
def test_a_halt_of_the_story_begins_after_its_delay_and_outlasts_the_shortfall(told):
    for event, period in events(Happening.HALT):
        table = rows_of(files_of(told, event, period)[0])
        (halt,) = [row for row in table.to_pylist() if row["trigger"] == "reconciliation_mismatch"]
        assert halt["halted_at"] - halt["detected_at"] == timedelta(minutes=event.delay)
        assert halt["mode"] == ("automatic" if event.automatic else "manual")
        assert halt["scope"] == event.scope
        short_kinds = (Happening.SHORTFALL, Happening.PAYOUT)
        (short,) = [e for kind in short_kinds for e, of in events(kind) if (e.exchange, of) == (event.exchange, period)]
        end = datetime.combine(date.fromisoformat(period), short.at, KST) + timedelta(minutes=short.minutes)
        assert halt["resumed_at"] > end


@pytest.mark.slow
def test_checks_are_missing_where_the_story_says(told):
    for event, period in events(Happening.GAP):
        table = rows_of(files_of(told, event, period)[0])
        counted = Counter(table["asset"].to_pylist())
        missing = {asset: 288 - count for asset, count in counted.items() if count != 288}
        concerned = [event.asset] if event.asset else list(counted)
        assert missing == dict.fromkeys(concerned, event.minutes // 5)


@pytest.mark.slow
def test_a_stale_feed_shows_the_same_quantities_all_day(told):
    for event, period in events(Happening.STALE):
        table = rows_of(files_of(told, event, period)[0])
        for asset in pc.unique(table["asset"]).to_pylist():
            rows = table.filter(pc.equal(table["asset"], asset))
            assert (pc.count_distinct(rows["ledger_quantity"]).as_py() == 1) == (asset == event.asset)


@pytest.mark.slow
def test_the_keys_tell_their_part_of_the_story(told):
    inventories, actions = by_period(told, "api_keys"), by_period(told, "key_actions")
    open_days = {(unlisted.exchange, day) for unlisted, day in events(Happening.UNLISTED)}
    assert {place for place, table in inventories.items() if pc.sum(table["unlisted_call_count"]).as_py()} == open_days
    ((wave, period),) = events(Happening.EXPIRY_WAVE)
    expired = {
        place[1]: pc.sum(table["expired_keys"]).as_py()
        for place, table in inventories.items()
        if place[0] == wave.exchange
    }
    assert expired[period] > 5 * sorted(expired.values())[len(expired) // 2]
    stages = Counter(stage for table in actions.values() for stage in table["stage"].to_pylist())
    assert set(stages) == set(report("key_actions").field("stage").codes)
    ((slow, period),) = events(Happening.SLOW_CASE)
    watched = actions[slow.exchange, period].to_pylist()
    assert [row["stage"] for row in watched if row["case_id"].endswith("-900")] == ["monitoring"]


@pytest.mark.slow
def test_alerts_of_the_story_are_many_times_the_usual(told):
    ((event, period),) = events(Happening.ALERT_SPIKE)
    alerts = {}
    for (exchange_id, day), table in by_period(told, "surveillance").items():
        if exchange_id == event.exchange:
            rows = table.filter(pc.equal(table["pattern"], event.pattern))
            alerts[day] = pc.sum(rows["alert_count"]).as_py()
    usual = sorted(alerts.values())[len(alerts) // 2]
    assert alerts[period] > 3 * usual


@pytest.mark.slow
def test_some_halts_are_filed_again_when_they_end(told):
    filed = Counter()
    for table in by_period(told, "halts").values():
        filed.update(table["halt_id"].to_pylist())
    assert 2 in filed.values()
    assert max(filed.values()) == 2


@pytest.mark.slow
def test_nil_returns_are_filed(told):
    empty = Counter(file.report for file in told if rows_of_or_none(file) == 0)
    assert empty["halts"] > 40
    assert empty["key_actions"] > 5


def rows_of_or_none(file):
    if file.report not in ("halts", "key_actions"):
        return None
    return rows_of(file).num_rows


# ------------------------------------------------------------------------------------------------ what it refuses


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        pytest.param({"exchanges": ["binance"]}, KeyError, "no exchange 'binance'", id="an exchange that is no member"),
        pytest.param({"reports": ["profits"]}, KeyError, "no report 'profits'", id="a report that there is not"),
        pytest.param({"assets": {"gopax": 0}}, ValueError, "lists 1 to", id="a listing without assets"),
        pytest.param({"last_day": DAY - timedelta(days=9)}, ValueError, "lies before the first", id="days in reverse"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_sentence(tmp_path, options, error, sentence):
    arguments = {"first_day": DAY, "last_day": DAY, "seed": 1, **options}
    with pytest.raises(error, match=sentence):
        simulate(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def test_progress_counts_up_to_the_plan(tmp_path):
    seen = []
    options = {"seed": 1, "assets": SMALL, "reports": ["api_keys"]}
    files = list(simulate(tmp_path, DAY, DAY, progress=lambda done, planned: seen.append((done, planned)), **options))
    assert seen == [(place, len(files)) for place in range(1, len(files) + 1)]
