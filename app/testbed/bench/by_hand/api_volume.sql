-- SUB-003, VOL-NEG, VOL-001, VOL-002, VOL-003, VOL-004, VOL-005: one pass, then one line a broken rule
WITH broken AS (
    SELECT submission, market, source_row, unnest([
        CASE WHEN hour_start < period_start OR hour_start >= period_end THEN 'SUB-003' END,
        CASE WHEN trade_value_krw < 0 THEN 'VOL-NEG trade_value_krw' END,
        CASE WHEN api_trade_value_krw < 0 THEN 'VOL-NEG api_trade_value_krw' END,
        CASE WHEN trade_count < 0 THEN 'VOL-NEG trade_count' END,
        CASE WHEN api_trade_count < 0 THEN 'VOL-NEG api_trade_count' END,
        CASE WHEN api_order_count < 0 THEN 'VOL-NEG api_order_count' END,
        CASE WHEN api_cancel_count < 0 THEN 'VOL-NEG api_cancel_count' END,
        CASE WHEN api_small_order_count < 0 THEN 'VOL-NEG api_small_order_count' END,
        CASE WHEN api_account_count < 0 THEN 'VOL-NEG api_account_count' END,
        CASE WHEN epoch_ms(hour_start) % 3600000 <> 0 THEN 'VOL-001' END,
        CASE WHEN api_trade_value_krw > trade_value_krw OR api_trade_count > trade_count THEN 'VOL-002' END,
        CASE WHEN api_small_order_count > api_order_count THEN 'VOL-003' END,
        CASE WHEN api_trade_value_krw > 0 AND api_trade_count <= 0 OR api_trade_value_krw <= 0 AND api_trade_count > 0
            OR trade_value_krw > 0 AND trade_count <= 0 OR trade_value_krw <= 0 AND trade_count > 0 THEN 'VOL-004' END,
        CASE WHEN api_cancel_count > api_order_count THEN 'VOL-005' END
    ]) AS which
    FROM api_volume JOIN files USING (submission)
    WHERE hour_start < period_start OR hour_start >= period_end OR epoch_ms(hour_start) % 3600000 <> 0
        OR trade_value_krw < 0 OR api_trade_value_krw < 0 OR trade_count < 0 OR api_trade_count < 0
        OR api_order_count < 0 OR api_cancel_count < 0 OR api_small_order_count < 0 OR api_account_count < 0
        OR api_trade_value_krw > trade_value_krw OR api_trade_count > trade_count
        OR api_small_order_count > api_order_count OR api_cancel_count > api_order_count
        OR (api_trade_value_krw > 0) <> (api_trade_count > 0) OR (trade_value_krw > 0) <> (trade_count > 0)
)
SELECT split_part(which, ' ', 1) AS rule, submission, CASE WHEN which <> 'SUB-003' THEN market END AS subject,
    source_row, nullif(split_part(which, ' ', 2), '') AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- VOL-UNQ
SELECT 'VOL-UNQ', submission, market, source_row, NULL, NULL, NULL
FROM api_volume SEMI JOIN (
    SELECT submission, hour_start, market FROM api_volume GROUP BY ALL HAVING count(*) > 1
) USING (submission, hour_start, market)
QUALIFY row_number() OVER (PARTITION BY submission, hour_start, market ORDER BY source_row) > 1;

-- VOL-006
SELECT 'VOL-006', submission, market, NULL, NULL, NULL, NULL
FROM api_volume GROUP BY submission, market
HAVING count(DISTINCT hour(hour_start + INTERVAL 9 HOUR)) < 24;

-- VOL-007
WITH earlier AS (
    SELECT f.submission, list(h.api_share ORDER BY h.api_share) AS shares
    FROM files AS f JOIN volume_days AS h ON h.exchange = f.exchange AND h.day >= f.day - 28 AND h.day < f.day
    WHERE h.api_share IS NOT NULL
    GROUP BY f.submission
)
SELECT 'VOL-007', f.submission, NULL, NULL, NULL, NULL, NULL
FROM files AS f JOIN volume_days AS d USING (submission) JOIN earlier AS e USING (submission)
WHERE len(shares) >= history_minimum_days
    AND abs(d.api_share + d.api_share - shares[(len(shares) + 1) // 2] - shares[len(shares) // 2 + 1])
        > (2 * maximum_api_share_deviation)::DECIMAL(38, 32) + 1e-28::DECIMAL(38, 32);

-- VOL-008
SELECT 'VOL-008', submission, market, NULL, NULL, NULL, NULL
FROM (
    SELECT submission, market, sum(api_order_count)::DECIMAL(24, 0) AS orders,
        sum(api_small_order_count)::DECIMAL(24, 0) AS small
    FROM api_volume GROUP BY submission, market
) JOIN files USING (submission)
WHERE orders >= minimum_api_orders AND small > orders * maximum_small_order_share::DECIMAL(9, 8);

-- VOL-009
SELECT 'VOL-009', submission, market, NULL, NULL, NULL, NULL
FROM (
    SELECT submission, market, sum(trade_value_krw)::DECIMAL(38, 8) AS traded, sum(trade_count)::DECIMAL(24, 0) AS trades
    FROM api_volume WHERE market NOT LIKE '%/KRW' GROUP BY submission, market
) JOIN files USING (submission)
WHERE traded < trades * minimum_trade_value_krw::DECIMAL(10, 0);

-- SUB-009
WITH added AS (
    UNPIVOT (SELECT submission, sum(trade_value_krw) AS trade_value_krw,
        sum(api_trade_value_krw) AS api_trade_value_krw,
        sum(trade_count)::DECIMAL(38, 8) AS trade_count, sum(api_trade_count)::DECIMAL(38, 8) AS api_trade_count,
        sum(api_order_count)::DECIMAL(38, 8) AS api_order_count,
        sum(api_cancel_count)::DECIMAL(38, 8) AS api_cancel_count,
        sum(api_small_order_count)::DECIMAL(38, 8) AS api_small_order_count,
        sum(api_account_count)::DECIMAL(38, 8) AS api_account_count
    FROM api_volume GROUP BY submission)
    ON COLUMNS(* EXCLUDE submission) INTO NAME "column" VALUE total
)
SELECT 'SUB-009', submission, NULL, NULL, "column", NULL, NULL
FROM reported_totals JOIN added USING (submission, "column")
WHERE try_cast(replace(reported, ',', '') AS DECIMAL(38, 8)) IS DISTINCT FROM total;
