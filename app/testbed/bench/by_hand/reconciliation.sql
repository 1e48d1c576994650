-- SUB-003, REC-NEG, REC-001
WITH broken AS (
    SELECT submission, asset, source_row, unnest([
        CASE WHEN checked_at < period_start OR checked_at >= period_end THEN 'SUB-003' END,
        CASE WHEN ledger_quantity < 0 THEN 'REC-NEG ledger_quantity' END,
        CASE WHEN wallet_quantity < 0 THEN 'REC-NEG wallet_quantity' END,
        CASE WHEN price_krw <= 0 THEN 'REC-NEG price_krw' END,
        CASE WHEN (wallet_quantity < ledger_quantity) <> (result = 'mismatch') THEN 'REC-001' END
    ]) AS which
    FROM reconciliation JOIN files USING (submission)
    WHERE checked_at < period_start OR checked_at >= period_end OR ledger_quantity < 0 OR wallet_quantity < 0
        OR price_krw <= 0 OR (wallet_quantity < ledger_quantity) <> (result = 'mismatch')
)
SELECT split_part(which, ' ', 1) AS rule, submission, CASE WHEN which <> 'SUB-003' THEN asset END AS subject,
    source_row, nullif(split_part(which, ' ', 2), '') AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- REC-UNQ
SELECT 'REC-UNQ', submission, asset, source_row, NULL, NULL, NULL
FROM reconciliation SEMI JOIN (
    SELECT submission, asset, checked_at FROM reconciliation GROUP BY ALL HAVING count(*) > 1
) USING (submission, asset, checked_at)
QUALIFY row_number() OVER (PARTITION BY submission, asset, checked_at ORDER BY source_row) > 1;

-- REC-002: where an asset's slots do not fill the period, what lies between one and the next
WITH slots AS (
    SELECT DISTINCT submission, asset, time_bucket(INTERVAL 5 MINUTE, checked_at) AS slot FROM reconciliation
), lacking AS (
    SELECT submission, asset FROM slots JOIN files USING (submission)
    GROUP BY submission, asset, period_start, period_end
    HAVING count(*) < date_diff('minute', period_start, period_end) // 5
        OR min(slot) < period_start OR max(slot) >= period_end
), marks AS (
    SELECT submission, asset, slot, period_start FROM slots SEMI JOIN lacking USING (submission, asset)
        JOIN files USING (submission)
    UNION
    SELECT submission, asset, period_end, period_start FROM lacking JOIN files USING (submission)
), gaps AS (
    SELECT submission, asset, slot AS "end", ifnull(
        lag(slot) OVER (PARTITION BY submission, asset ORDER BY slot) + INTERVAL 5 MINUTE, period_start) AS "start"
    FROM marks
)
SELECT 'REC-002', submission, asset, NULL, NULL, "start", "end" FROM gaps WHERE "start" < "end";

-- REC-003
SELECT DISTINCT 'REC-003', submission, asset, NULL, NULL, episode_start, episode_end
FROM shortfalls SEMI JOIN files USING (submission);

-- REC-004
WITH reached AS (
    SELECT submission, s.exchange, asset, episode_start, episode_end, min(checked_at) AS reached_at,
        min(checked_at) + to_minutes(any_value(halt_delay_minutes)::BIGINT) AS due_at,
        any_value(trading_halts_only) AS trading_only
    FROM shortfalls AS s JOIN files USING (submission)
    WHERE shortfall_ratio >= halt_shortfall_ratio OR shortfall_krw >= halt_shortfall_krw
    GROUP BY ALL
)
SELECT 'REC-004', submission, asset, NULL, NULL, episode_start, episode_end
FROM reached AS r ANTI JOIN (
    SELECT exchange, scope, halted_at, functions IN ('trading', 'all') AND (scope <> 'account' OR
        affected_account_count > 0) AS is_suspension, ifnull(resumed_at, TIMESTAMP 'infinity') AS resumed_at,
        CASE scope WHEN 'asset' THEN target WHEN 'market' THEN split_part(target, '/', 1) END AS halted_asset
    FROM current_halts WHERE trigger = 'reconciliation_mismatch' AND ifnull(resumed_at > halted_at, true)
) AS h ON h.exchange = r.exchange AND h.halted_at <= r.due_at
    AND (h.halted_at > r.reached_at OR h.resumed_at > r.reached_at)
    AND (h.scope = 'exchange' OR h.scope = 'account' OR h.halted_asset = r.asset)
    AND (r.trading_only = 0 OR h.is_suspension);

-- REC-008: slots that no halt of the whole exchange answers, in runs that begin in the file
WITH open AS (
    SELECT f.submission AS judged, p.slot, p.submission
    FROM slot_shortfalls AS p JOIN files AS f ON f.submission = p.judged
    WHERE p.shortfall_krw >= joint_shortfall_krw AND NOT EXISTS (
        FROM current_halts AS h WHERE h.exchange = p.exchange AND h.scope = 'exchange'
            AND h.functions IN ('trading', 'all') AND ifnull(h.resumed_at > h.halted_at, true)
            AND h.halted_at - to_minutes(halt_delay_minutes::BIGINT) <= p.lacking_at
            AND (h.halted_at > p.lacking_at OR ifnull(h.resumed_at > p.lacking_at, true)))
), runs AS (
    SELECT *, slot - to_minutes(5 * row_number() OVER (PARTITION BY judged ORDER BY slot)) AS run FROM open
)
SELECT 'REC-008', judged, NULL, NULL, NULL, min(slot), max(slot) + INTERVAL 5 MINUTE
FROM runs GROUP BY judged, run HAVING arg_min(submission, slot) = judged;

-- REC-005: slots in which prices lie far enough apart, then each exchange's against the median of the others'
WITH spread AS (
    SELECT asset, time_bucket(INTERVAL 5 MINUTE, checked_at) AS slot
    FROM reconciliation GROUP BY ALL
    HAVING max(price_krw) > min(price_krw) * (SELECT (1 + min(maximum_price_deviation))::DECIMAL(9, 8) FROM files)
), prices AS (
    SELECT submission, f.exchange, asset, slot, arg_max(price_krw, checked_at) AS price, min(price_krw) AS lowest,
        max(price_krw) AS highest
    FROM (SELECT *, time_bucket(INTERVAL 5 MINUTE, checked_at) AS slot FROM reconciliation)
        SEMI JOIN spread USING (asset, slot) JOIN files AS f USING (submission)
    GROUP BY ALL
), others AS (
    SELECT o.submission, o.asset, o.slot, o.lowest, o.highest, list(p.price ORDER BY p.price) AS list
    FROM prices AS o JOIN prices AS p ON p.asset = o.asset AND p.slot = o.slot AND p.exchange <> o.exchange
    GROUP BY ALL
), off AS (
    SELECT o.*, slot - to_minutes(5 * row_number() OVER (PARTITION BY submission, asset ORDER BY slot)) AS run
    FROM (
        SELECT *, (list[(len(list) + 1) // 2] + list[len(list) // 2 + 1]) AS twice FROM others
    ) AS o JOIN files USING (submission)
    WHERE (len(list) > minimum_other_prices OR len(list) = minimum_other_prices
            AND list[-1] <= list[1] * (1 + maximum_price_deviation)::DECIMAL(9, 8))
        AND (highest + highest > twice * (1 + maximum_price_deviation)::DECIMAL(9, 8)
            OR lowest + lowest < twice * (1 - maximum_price_deviation)::DECIMAL(9, 8))
)
SELECT 'REC-005', submission, asset, NULL, NULL, min(slot), max(slot) + INTERVAL 5 MINUTE
FROM off GROUP BY submission, asset, run;

-- REC-006: both quantities of a much traded asset stand still; a day in slices is judged where all of it is there
WITH whole AS (
    SELECT exchange, day, arg_min(submission, period_start) AS submission FROM accepted
    WHERE report = 'reconciliation' GROUP BY ALL HAVING sum(date_diff('minute', period_start, period_end)) = 1440
), still AS (
    SELECT f.exchange, f.day, asset FROM reconciliation JOIN files AS f USING (submission) GROUP BY ALL
    HAVING count(*) > 1 AND min(ledger_quantity) = max(ledger_quantity) AND min(wallet_quantity) = max(wallet_quantity)
), traded AS (
    SELECT exchange, day, split_part(market, '/', 1) AS asset, sum(trade_value_krw) AS krw FROM volume_markets
    GROUP BY ALL
)
SELECT 'REC-006', submission, asset, NULL, NULL, NULL, NULL
FROM still JOIN whole USING (exchange, day) JOIN traded USING (exchange, day, asset) JOIN files USING (submission)
WHERE krw >= stale_feed_minimum_krw;

-- REC-007
WITH whole AS (
    SELECT exchange, day, arg_min(submission, period_start) AS submission FROM accepted
    WHERE report = 'reconciliation' GROUP BY ALL HAVING sum(date_diff('minute', period_start, period_end)) = 1440
), traded AS (
    SELECT DISTINCT exchange, day, split_part(market, '/', 1) AS asset FROM volume_markets WHERE trade_value_krw > 0
)
SELECT 'REC-007', submission, asset, NULL, NULL, NULL, NULL
FROM traded ANTI JOIN reconciliation_assets USING (exchange, day, asset)
    JOIN whole USING (exchange, day) SEMI JOIN files USING (submission);

-- REC-009 and REC-010: the whole day of a file
WITH whole AS (
    SELECT exchange, day, arg_min(submission, period_start) AS submission FROM accepted
    WHERE report = 'reconciliation' GROUP BY ALL HAVING sum(date_diff('minute', period_start, period_end)) = 1440
), checks AS (
    SELECT submission, asset, ledger_quantity AS ledger, wallet_quantity AS wallet FROM reconciliation
        SEMI JOIN whole USING (submission)
)
SELECT 'REC-009', submission, asset, NULL, NULL, NULL, NULL
FROM checks JOIN files USING (submission) GROUP BY submission, asset, derived_wallet_ledger_values
HAVING count(DISTINCT ledger) >= derived_wallet_ledger_values AND min(wallet - ledger) = max(wallet - ledger);

WITH whole AS (
    SELECT exchange, day, arg_min(submission, period_start) AS submission FROM accepted
    WHERE report = 'reconciliation' GROUP BY ALL HAVING sum(date_diff('minute', period_start, period_end)) = 1440
), traded AS (
    SELECT f.submission, split_part(market, '/', 1) AS asset
    FROM volume_markets AS v JOIN files AS f ON f.exchange = v.exchange AND f.day = v.day
    GROUP BY f.submission, 2, stale_feed_minimum_krw HAVING sum(v.trade_value_krw) >= stale_feed_minimum_krw
), checks AS (
    SELECT submission, asset, ledger_quantity, wallet_quantity,
        ltrim(replace(ledger_quantity::VARCHAR, '.', ''), '0') AS ledger,
        ltrim(replace(wallet_quantity::VARCHAR, '.', ''), '0') AS wallet
    FROM reconciliation SEMI JOIN whole USING (submission) SEMI JOIN traded USING (submission, asset)
), counted AS (
    SELECT submission, asset, count(*) AS checks,
        count(DISTINCT (length(ledger), (left(rpad(ledger, 10, '0'), 10)::BIGINT + 5) // 10)) AS ledgers,
        count(DISTINCT (length(wallet), (left(rpad(wallet, 10, '0'), 10)::BIGINT + 5) // 10)) AS wallets
    FROM checks GROUP BY ALL
    HAVING count(DISTINCT ledger_quantity) > 1 OR count(DISTINCT wallet_quantity) > 1
)
SELECT 'REC-010', submission, asset, NULL, NULL, NULL, NULL
FROM counted JOIN files USING (submission) WHERE least(ledgers, wallets) <= checks * minimum_distinct_share;

-- REC-011
WITH kept AS (
    SELECT f.submission AS judged, a.exchange, f.day, a.asset
    FROM files AS f JOIN reconciliation_assets AS a ON a.exchange = f.exchange AND a.day = f.day - 1
    GROUP BY ALL HAVING arg_max(last_ledger_quantity, last_checked_at) <> 0
), lacking AS (
    SELECT judged, asset, c.submission, c.period_start
    FROM kept AS k JOIN accepted AS c USING (exchange, day)
        LEFT JOIN reconciliation_assets AS a USING (exchange, day, submission, asset)
    WHERE report = 'reconciliation'
        AND ifnull(covered_slot_count, 0) * 5 < date_diff('minute', c.period_start, c.period_end)
)
SELECT 'REC-011', judged, asset, NULL, NULL, NULL, NULL
FROM lacking GROUP BY judged, asset HAVING arg_min(submission, period_start) = judged;

-- SUB-009
WITH added AS (SELECT submission, 'price_krw' AS "column", sum(price_krw) AS total FROM reconciliation GROUP BY ALL)
SELECT 'SUB-009', submission, NULL, NULL, "column", NULL, NULL
FROM reported_totals JOIN added USING (submission, "column")
WHERE try_cast(replace(reported, ',', '') AS DECIMAL(38, 8)) IS DISTINCT FROM total;
