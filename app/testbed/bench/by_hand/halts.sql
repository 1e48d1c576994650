-- SUB-003, HLT-NEG, HLT-001, HLT-002
WITH broken AS (
    SELECT submission, halt_id, source_row, unnest([
        CASE WHEN halted_at >= period_end OR halted_at < period_start AND NOT is_known THEN 'SUB-003' END,
        CASE WHEN affected_account_count < 0 THEN 'HLT-NEG affected_account_count' END,
        CASE WHEN halted_at < detected_at OR resumed_at < halted_at THEN 'HLT-001' END,
        CASE WHEN scope = 'exchange' AND target <> 'ALL' OR scope = 'account' AND target <> 'ACCOUNTS'
            OR scope = 'asset' AND target NOT SIMILAR TO '[A-Z0-9]{1,20}'
            OR scope = 'market' AND target NOT SIMILAR TO '[A-Z0-9]{1,20}/[A-Z0-9]{1,20}' THEN 'HLT-002' END
    ]) AS which
    FROM (
        SELECT halts.*, known.halt_id IS NOT NULL AS is_known
        FROM halts LEFT JOIN already_filed AS known USING (submission, halt_id)
    ) JOIN files USING (submission)
)
SELECT split_part(which, ' ', 1) AS rule, submission, CASE WHEN which <> 'SUB-003' THEN halt_id END AS subject,
    source_row, nullif(split_part(which, ' ', 2), '') AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- HLT-UNQ
SELECT 'HLT-UNQ', submission, halt_id, source_row, NULL, NULL, NULL
FROM halts QUALIFY row_number() OVER (PARTITION BY submission, halt_id ORDER BY source_row) > 1;

-- HLT-003, HLT-004, HLT-006
WITH ours AS (
    SELECT h.*, f.* EXCLUDE (submission, exchange, day) FROM current_halts AS h JOIN files AS f USING (submission)
)
SELECT 'HLT-003', submission, halt_id, source_row, NULL, NULL, NULL
FROM ours WHERE trigger = 'reconciliation_mismatch' AND mode <> 'automatic'
UNION ALL
SELECT 'HLT-004', submission, halt_id, source_row, NULL, NULL, NULL
FROM ours WHERE mode = 'automatic' AND halted_at - to_minutes(halt_start_minutes::BIGINT) > detected_at
UNION ALL
SELECT 'HLT-006', submission, halt_id, source_row, NULL, NULL, NULL
FROM ours LEFT JOIN (FROM reach WHERE report = 'halts') AS r ON r.exchange = ours.exchange
    AND halted_at >= since AND halted_at < until
WHERE trigger <> 'maintenance' AND scope <> 'account'
    AND ifnull(notice_at, until) - to_minutes(halt_notice_minutes::BIGINT) > halted_at;

-- HLT-009
SELECT 'HLT-009', submission, halt_id, source_row, NULL, halted_at, resumed_at
FROM current_halts AS h JOIN files USING (submission)
    LEFT JOIN (SELECT exchange, max(until) AS until FROM reach WHERE report = 'halts' GROUP BY ALL) AS r
        ON r.exchange = h.exchange
WHERE trigger <> 'authority_order' AND ifnull(resumed_at, until) - to_hours(halt_maximum_hours::BIGINT) > halted_at;

-- HLT-005, HLT-008
WITH mismatch AS (
    SELECT h.*, h.halted_at - to_minutes(halt_lookback_minutes::BIGINT) AS since,
        CASE scope WHEN 'asset' THEN target WHEN 'market' THEN split_part(target, '/', 1) END AS asset
    FROM current_halts AS h JOIN files USING (submission) WHERE trigger = 'reconciliation_mismatch'
), meeting AS (
    SELECT DISTINCT m.submission, m.exchange, m.halt_id, m.source_row, m.halted_at, m.resumed_at, s.episode_end
    FROM mismatch AS m JOIN shortfalls AS s ON s.exchange = m.exchange AND s.episode_start <= m.halted_at
        AND ifnull(s.episode_end >= m.since, true) AND ifnull(s.asset = m.asset, true)
)
SELECT 'HLT-005', submission, halt_id, source_row, NULL, NULL, NULL
FROM mismatch AS m ANTI JOIN meeting USING (submission, halt_id, source_row)
WHERE EXISTS (FROM reach AS r WHERE r.report = 'reconciliation' AND r.exchange = m.exchange
    AND m.since >= r.since AND m.halted_at < r.until)
UNION ALL
SELECT DISTINCT 'HLT-008', submission, halt_id, source_row, NULL, NULL::TIMESTAMP, NULL::TIMESTAMP
FROM meeting LEFT JOIN (FROM reach WHERE report = 'reconciliation') AS r ON r.exchange = meeting.exchange
    AND halted_at >= since AND halted_at < until
WHERE resumed_at < ifnull(episode_end, until);

-- HLT-007
WITH spans AS (SELECT *, ifnull(resumed_at, TIMESTAMP 'infinity') AS ended_at FROM current_halts)
SELECT 'HLT-007', l.submission, l.halt_id, l.source_row, NULL, NULL, NULL
FROM spans AS l JOIN spans AS e ON e.exchange = l.exchange AND e.scope = l.scope AND e.target = l.target
WHERE (e.halted_at, e.halt_id) < (l.halted_at, l.halt_id) AND l.halted_at < e.ended_at
    AND l.halted_at < l.ended_at AND e.halted_at < e.ended_at
    AND (e.functions = l.functions OR e.functions = 'all' OR l.functions = 'all')
    AND l.submission IN (SELECT submission FROM files);

-- SUB-009
SELECT 'SUB-009', submission, NULL, NULL, t."column", NULL, NULL
FROM reported_totals AS t
    JOIN (SELECT submission, sum(affected_account_count) AS total FROM halts GROUP BY ALL) USING (submission)
WHERE t."column" = 'affected_account_count'
    AND try_cast(replace(reported, ',', '') AS DECIMAL(38, 8)) IS DISTINCT FROM total::DECIMAL(38, 8);

-- HLT-010
SELECT 'HLT-010', submission, halt_id, source_row, NULL, min(hour_start), max(hour_start) + INTERVAL 1 HOUR
FROM halted_trades SEMI JOIN files USING (submission) GROUP BY submission, halt_id, source_row, market;

-- HLT-012
SELECT DISTINCT 'HLT-012', h.submission, halt_id, h.source_row, NULL, NULL::TIMESTAMP, NULL::TIMESTAMP
FROM current_halts AS h JOIN files AS f ON f.submission = h.submission JOIN shortfalls AS e ON e.exchange = h.exchange
    AND e.episode_start < ifnull(h.resumed_at, TIMESTAMP 'infinity') AND ifnull(e.episode_end > h.halted_at, true)
    AND (h.scope IN ('exchange', 'account') OR h.scope = 'asset' AND e.asset = h.target
        OR h.scope = 'market' AND e.asset = split_part(h.target, '/', 1))
WHERE trigger <> 'reconciliation_mismatch' AND ifnull(h.resumed_at > h.halted_at, true)
    AND (shortfall_krw >= halt_shortfall_krw OR shortfall_ratio >= halt_shortfall_ratio);
