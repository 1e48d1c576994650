-- SUB-003, ACT-001
WITH broken AS (
    SELECT submission, action_id, source_row, unnest([
        CASE WHEN acted_at < period_start OR acted_at >= period_end THEN 'SUB-003' END,
        CASE WHEN acted_at < detected_at THEN 'ACT-001' END
    ]) AS which
    FROM key_actions JOIN files USING (submission)
)
SELECT which AS rule, submission, CASE WHEN which <> 'SUB-003' THEN action_id END AS subject, source_row,
    NULL AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- ACT-UNQ
SELECT 'ACT-UNQ', submission, action_id, source_row, NULL, NULL, NULL
FROM key_actions QUALIFY row_number() OVER (PARTITION BY submission, action_id ORDER BY source_row) > 1;

-- ACT-002
SELECT 'ACT-002', submission, case_id, NULL, NULL, NULL, NULL
FROM key_actions GROUP BY submission, case_id HAVING min(key_ref) <> max(key_ref)
UNION ALL
SELECT 'ACT-002', submission, key_ref, NULL, NULL, NULL, NULL
FROM key_actions GROUP BY submission, key_ref HAVING min(account_ref) <> max(account_ref);

-- ACT-003
WITH steps AS (
    SELECT *, list_position(['monitoring', 'warning', 'reverification', 'forced_expiry', 'cleared'], stage) AS place
    FROM actions
), seen AS (
    SELECT *, max(place) OVER (PARTITION BY exchange, whole_case ORDER BY acted_at, place, action_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM steps
)
SELECT 'ACT-003', submission, action_id, source_row, NULL, NULL, NULL
FROM seen SEMI JOIN files USING (submission) WHERE reached >= 4 OR place < reached;

-- ACT-004
WITH steps AS (
    SELECT *, list_position(['monitoring', 'warning', 'reverification', 'forced_expiry', 'cleared'], stage) AS place
    FROM actions
), seen AS (
    SELECT *, min({'at': acted_at, 'place': place}) FILTER (place <> 4) OVER (PARTITION BY exchange, whole_case) AS first
    FROM steps
)
SELECT 'ACT-004', submission, action_id, source_row, NULL, NULL, NULL
FROM seen SEMI JOIN files USING (submission)
WHERE place = 4 AND risk_level <> 'high' AND (first IS NULL OR first >= {'at': acted_at, 'place': place});

-- ACT-005, ACT-006: a case belongs to the file of its first step
WITH steps AS (
    SELECT *, list_position(['monitoring', 'warning', 'reverification', 'forced_expiry', 'cleared'], stage) AS place
    FROM actions
), cases AS (
    SELECT exchange, whole_case, arg_min(submission, (acted_at, place, action_id)) AS submission,
        min(detected_at) AS detected_at, min(acted_at) AS acted_at, bool_or(risk_level = 'high') AS is_high,
        min(acted_at) FILTER (place >= 3) AS settled_at
    FROM steps GROUP BY exchange, whole_case
)
SELECT 'ACT-005', submission, whole_case, NULL, NULL, NULL, NULL
FROM cases JOIN files USING (submission) WHERE acted_at - to_hours(first_action_hours::BIGINT) > detected_at
UNION ALL
SELECT 'ACT-006', submission, whole_case, NULL, NULL, NULL, NULL
FROM cases JOIN files USING (submission) JOIN reach ON reach.exchange = cases.exchange AND reach.report = 'key_actions'
    AND acted_at >= since AND acted_at < until
WHERE is_high AND until - to_hours(high_risk_hours::BIGINT) > detected_at
    AND ifnull(settled_at - to_hours(high_risk_hours::BIGINT) > detected_at, true);

-- ACT-007: the first failed reverification of a case that no forced expiry followed in time
WITH failed AS (
    SELECT a.*, a.acted_at + to_hours(f.reverification_failure_hours::BIGINT) AS due_at
    FROM actions AS a JOIN files AS f USING (submission)
    WHERE a.stage = 'reverification' AND a.outcome IN ('failed', 'no_response')
), unmet AS (
    SELECT * FROM failed AS f
    ANTI JOIN actions AS e ON e.exchange = f.exchange AND e.whole_case = f.whole_case AND e.stage = 'forced_expiry'
        AND e.acted_at >= f.acted_at AND e.acted_at <= f.due_at
    WHERE EXISTS (FROM reach WHERE reach.exchange = f.exchange AND report = 'key_actions' AND f.acted_at >= since
        AND f.acted_at < until AND until > f.due_at)
    QUALIFY row_number() OVER (PARTITION BY f.exchange, f.whole_case ORDER BY f.acted_at, f.action_id) = 1
)
SELECT 'ACT-007', submission, whole_case, NULL, NULL, NULL, NULL FROM unmet SEMI JOIN files USING (submission);

-- ACT-008
SELECT 'ACT-008', submission, case_id, NULL, NULL, NULL, NULL
FROM (
    SELECT exchange, case_id, min(acted_at) AS begun_at, max(cleared_before) AS cleared_before,
        arg_min(submission, (acted_at, list_position(['monitoring', 'warning', 'reverification', 'forced_expiry',
            'cleared'], stage), action_id)) AS submission
    FROM actions GROUP BY ALL
) JOIN files USING (submission) WHERE begun_at - to_days(new_case_days::INT) < cleared_before;

-- ACT-009
WITH waiting AS (
    SELECT exchange, case_id, arg_min(submission, (acted_at, action_id)) AS submission, min(acted_at) AS begun_at,
        min(acted_at) FILTER (stage <> 'monitoring') AS left_at
    FROM actions GROUP BY ALL HAVING count_if(stage = 'monitoring') > 0
)
SELECT 'ACT-009', w.submission, w.case_id, NULL, NULL, NULL, NULL
FROM waiting AS w JOIN files AS f USING (submission)
    JOIN reach AS r ON r.exchange = w.exchange AND r.report = 'key_actions' AND w.begun_at >= since AND w.begun_at < until
WHERE until > w.begun_at + to_days(monitoring_days::INT)
    AND ifnull(left_at > w.begun_at + to_days(monitoring_days::INT), true);
