-- SUB-003, SUR-NEG, SUR-001, SUR-002, SUR-003
WITH broken AS (
    SELECT submission, market, source_row, unnest([
        CASE WHEN s.day <> f.day THEN 'SUB-003' END,
        CASE WHEN alert_count < 0 THEN 'SUR-NEG alert_count' END,
        CASE WHEN case_count < 0 THEN 'SUR-NEG case_count' END,
        CASE WHEN account_count < 0 THEN 'SUR-NEG account_count' END,
        CASE WHEN key_count < 0 THEN 'SUR-NEG key_count' END,
        CASE WHEN notified_count < 0 THEN 'SUR-NEG notified_count' END,
        CASE WHEN trade_value_krw < 0 THEN 'SUR-NEG trade_value_krw' END,
        CASE WHEN api_trade_value_krw < 0 THEN 'SUR-NEG api_trade_value_krw' END,
        CASE WHEN NOT (notified_count <= case_count AND case_count <= alert_count) THEN 'SUR-001' END,
        CASE WHEN api_trade_value_krw > trade_value_krw THEN 'SUR-002' END,
        CASE WHEN case_count > 0 AND (account_count < 1 OR account_count = 1 AND pattern = 'coordinated_accounts')
            THEN 'SUR-003' END
    ]) AS which
    FROM surveillance AS s JOIN files AS f USING (submission)
)
SELECT split_part(which, ' ', 1) AS rule, submission, CASE WHEN which <> 'SUB-003' THEN market END AS subject,
    source_row, nullif(split_part(which, ' ', 2), '') AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- SUR-UNQ
SELECT 'SUR-UNQ', submission, market, source_row, NULL, NULL, NULL
FROM surveillance QUALIFY row_number() OVER (PARTITION BY submission, day, market, pattern ORDER BY source_row) > 1;

-- SUR-004
SELECT 'SUR-004', s.submission, s.market, s.source_row, NULL, NULL, NULL
FROM surveillance AS s JOIN files AS f USING (submission)
    SEMI JOIN (FROM accepted WHERE report = 'api_volume') AS a ON a.exchange = f.exchange AND a.day = f.day
    LEFT JOIN volume_markets AS m ON m.exchange = f.exchange AND m.day = f.day AND m.market = s.market
WHERE s.api_trade_value_krw > ifnull(m.api_trade_value_krw, 0);

-- SUR-005: against the median of the filed days of the last four weeks, days without the pattern as nought
WITH own AS (
    SELECT v.submission, v.exchange, v.pattern, v.alert_count, f.day
    FROM surveillance_days AS v JOIN files AS f USING (submission) WHERE alert_count >= surveillance_minimum_alerts
), filed AS (
    SELECT DISTINCT own.submission, pattern, own.exchange, alert_count, a.day
    FROM own JOIN accepted AS a ON a.exchange = own.exchange AND a.day >= own.day - 28 AND a.day < own.day
    WHERE a.report = 'surveillance'
), earlier AS (
    SELECT f.submission, f.pattern, f.alert_count,
        list(ifnull(d.alert_count, 0)::DECIMAL(24, 0) ORDER BY ifnull(d.alert_count, 0)) AS counts
    FROM filed AS f LEFT JOIN surveillance_days AS d USING (exchange, day, pattern) GROUP BY ALL
)
SELECT 'SUR-005', submission, pattern, NULL, NULL, NULL, NULL
FROM earlier JOIN files USING (submission)
WHERE len(counts) >= history_minimum_days AND alert_count::DECIMAL(24, 0) * 2
    > (counts[(len(counts) + 1) // 2] + counts[len(counts) // 2 + 1]) * surveillance_factor::DECIMAL(9, 4);

-- SUR-006
WITH days AS (
    SELECT f.submission, a.day, silent_filed_days, row_number() OVER (PARTITION BY f.submission ORDER BY a.day DESC) AS n,
        a.alert_count = 0 AND ifnull(v.api_trade_value_krw, 0) >= silent_api_minimum_krw AS silent
    FROM files AS f JOIN alert_days AS a ON a.exchange = f.exchange AND a.day <= f.day AND a.day >= f.day - 61
        LEFT JOIN volume_days AS v ON v.exchange = a.exchange AND v.day = a.day
), counted AS (
    SELECT submission, silent_filed_days AS asked, count_if(silent AND n <= silent_filed_days) AS now,
        count_if(silent AND n > 1 AND n <= silent_filed_days + 1) AS before
    FROM days GROUP BY ALL
)
SELECT 'SUR-006', submission, NULL, NULL, NULL, NULL, NULL FROM counted WHERE now = asked AND before < asked;


-- SUB-009
WITH added AS (
    UNPIVOT (SELECT submission, sum(alert_count)::DECIMAL(38, 8) AS alert_count,
        sum(case_count)::DECIMAL(38, 8) AS case_count, sum(account_count)::DECIMAL(38, 8) AS account_count,
        sum(key_count)::DECIMAL(38, 8) AS key_count, sum(notified_count)::DECIMAL(38, 8) AS notified_count,
        sum(trade_value_krw) AS trade_value_krw, sum(api_trade_value_krw) AS api_trade_value_krw
    FROM surveillance GROUP BY submission)
    ON COLUMNS(* EXCLUDE submission) INTO NAME "column" VALUE total
)
SELECT 'SUB-009', submission, NULL, NULL, "column", NULL, NULL
FROM reported_totals JOIN added USING (submission, "column")
WHERE try_cast(replace(reported, ',', '') AS DECIMAL(38, 8)) IS DISTINCT FROM total;
