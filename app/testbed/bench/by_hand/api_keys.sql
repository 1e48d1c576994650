-- SUB-003, KEY-NEG, KEY-002, KEY-003, KEY-005, KEY-006, KEY-007
WITH broken AS (
    SELECT submission, scope, source_row, unnest([
        CASE WHEN snapshot_date <> day THEN 'SUB-003' END,
        CASE WHEN opening_keys < 0 THEN 'KEY-NEG opening_keys' END,
        CASE WHEN issued_keys < 0 THEN 'KEY-NEG issued_keys' END,
        CASE WHEN expired_keys < 0 THEN 'KEY-NEG expired_keys' END,
        CASE WHEN deleted_keys < 0 THEN 'KEY-NEG deleted_keys' END,
        CASE WHEN forced_expired_keys < 0 THEN 'KEY-NEG forced_expired_keys' END,
        CASE WHEN active_keys < 0 THEN 'KEY-NEG active_keys' END,
        CASE WHEN allowlisted_keys < 0 THEN 'KEY-NEG allowlisted_keys' END,
        CASE WHEN max_ips_per_key < 0 THEN 'KEY-NEG max_ips_per_key' END,
        CASE WHEN blocked_call_count < 0 THEN 'KEY-NEG blocked_call_count' END,
        CASE WHEN unlisted_call_count < 0 THEN 'KEY-NEG unlisted_call_count' END,
        CASE WHEN opening_keys::HUGEINT + issued_keys <> active_keys::HUGEINT + expired_keys + deleted_keys
            + forced_expired_keys THEN 'KEY-002' END,
        CASE WHEN allowlisted_keys > active_keys THEN 'KEY-003' END,
        CASE WHEN allowlisted_keys <> active_keys THEN 'KEY-005' END,
        CASE WHEN unlisted_call_count <> 0 THEN 'KEY-006' END,
        CASE WHEN max_ips_per_key > maximum_ips_per_key THEN 'KEY-007' END
    ]) AS which
    FROM api_keys JOIN files USING (submission)
)
SELECT split_part(which, ' ', 1) AS rule, submission, CASE WHEN which <> 'SUB-003' THEN scope END AS subject,
    source_row, nullif(split_part(which, ' ', 2), '') AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- KEY-UNQ
SELECT 'KEY-UNQ', submission, scope, source_row, NULL, NULL, NULL
FROM api_keys
QUALIFY row_number() OVER (PARTITION BY submission, snapshot_date, scope ORDER BY source_row) > 1;

-- KEY-001
SELECT 'KEY-001', submission, scope, NULL, NULL, NULL, NULL
FROM files CROSS JOIN (VALUES ('read'), ('trade'), ('withdraw')) AS every(scope)
    ANTI JOIN api_keys USING (submission, scope);

-- KEY-004
SELECT 'KEY-004', k.submission, k.scope, k.source_row, NULL, NULL, NULL
FROM api_keys AS k JOIN files AS f USING (submission)
    JOIN key_days AS d ON d.exchange = f.exchange AND d.day = f.day - 1 AND d.scope = k.scope
WHERE d.active_keys <> k.opening_keys;

-- KEY-008
WITH filed AS (SELECT submission, sum(forced_expired_keys) AS keys FROM api_keys GROUP BY submission),
acted AS (
    SELECT exchange, day, sum(key_count) AS keys FROM key_action_days WHERE stage = 'forced_expiry' GROUP BY ALL
)
SELECT 'KEY-008', submission, NULL, NULL, NULL, NULL, NULL
FROM files AS f JOIN filed USING (submission)
    SEMI JOIN (SELECT exchange, day FROM accepted WHERE report = 'key_actions') AS a
        ON a.exchange = f.exchange AND a.day = f.day
    LEFT JOIN acted ON acted.exchange = f.exchange AND acted.day = f.day
WHERE filed.keys <> ifnull(acted.keys, 0);

-- KEY-009: against the median of the last four weeks
WITH earlier AS (
    SELECT k.submission, k.scope, k.source_row, k.deleted_keys,
        list(d.deleted_keys::DECIMAL(24, 0) ORDER BY d.deleted_keys) AS counts
    FROM api_keys AS k JOIN files AS f USING (submission)
        JOIN key_days AS d ON d.exchange = f.exchange AND d.scope = k.scope AND d.day >= f.day - 28 AND d.day < f.day
    WHERE k.deleted_keys >= minimum_deleted_keys GROUP BY ALL
)
SELECT 'KEY-009', submission, scope, source_row, NULL, NULL, NULL
FROM earlier JOIN files USING (submission)
WHERE len(counts) >= history_minimum_days AND deleted_keys::DECIMAL(24, 0) * 2
    > (counts[(len(counts) + 1) // 2] + counts[len(counts) // 2 + 1]) * deleted_keys_factor::DECIMAL(9, 4);

-- KEY-010
WITH usable AS (
    SELECT submission, sum(active_keys::HUGEINT + expired_keys + deleted_keys + forced_expired_keys) AS keys
    FROM api_keys WHERE scope IN ('trade', 'withdraw') GROUP BY submission
)
SELECT 'KEY-010', f.submission, NULL, NULL, NULL, NULL, NULL
FROM files AS f JOIN usable USING (submission)
    JOIN volume_days AS v ON v.exchange = f.exchange AND v.day = f.day
WHERE v.largest_api_account_count > keys;


-- SUB-009
WITH added AS (
    UNPIVOT (SELECT submission, sum(opening_keys) AS opening_keys, sum(issued_keys) AS issued_keys,
        sum(expired_keys) AS expired_keys, sum(deleted_keys) AS deleted_keys,
        sum(forced_expired_keys) AS forced_expired_keys, sum(active_keys) AS active_keys,
        sum(allowlisted_keys) AS allowlisted_keys, sum(max_ips_per_key) AS max_ips_per_key,
        sum(blocked_call_count) AS blocked_call_count, sum(unlisted_call_count) AS unlisted_call_count
    FROM api_keys GROUP BY submission)
    ON COLUMNS(* EXCLUDE submission) INTO NAME "column" VALUE total
)
SELECT 'SUB-009', submission, NULL, NULL, "column", NULL, NULL
FROM reported_totals JOIN added USING (submission, "column")
WHERE try_cast(replace(reported, ',', '') AS DECIMAL(38, 8)) IS DISTINCT FROM total::DECIMAL(38, 8);
