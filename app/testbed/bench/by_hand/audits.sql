-- SUB-003, AUD-NEG, AUD-001, AUD-003, AUD-004
WITH broken AS (
    SELECT submission, asset, source_row, unnest([
        CASE WHEN audit_month <> period THEN 'SUB-003' END,
        CASE WHEN ledger_quantity < 0 THEN 'AUD-NEG ledger_quantity' END,
        CASE WHEN hot_wallet_quantity < 0 THEN 'AUD-NEG hot_wallet_quantity' END,
        CASE WHEN cold_wallet_quantity < 0 THEN 'AUD-NEG cold_wallet_quantity' END,
        CASE WHEN price_krw <= 0 THEN 'AUD-NEG price_krw' END,
        CASE WHEN cold_wallet_quantity - ledger_quantity < -hot_wallet_quantity THEN 'AUD-001' END,
        CASE WHEN opinion <> 'unqualified' THEN 'AUD-003' END,
        CASE WHEN as_of_kst < month_start OR as_of_kst > month_start + INTERVAL 1 MONTH OR signed_on < as_of_kst
            THEN 'AUD-004' END
    ]) AS which
    FROM (
        SELECT *, as_of + INTERVAL 9 HOUR AS as_of_kst, (audit_month || '-01')::TIMESTAMP AS month_start FROM audits
    ) JOIN files USING (submission)
)
SELECT split_part(which, ' ', 1) AS rule, submission, CASE WHEN which <> 'SUB-003' THEN asset END AS subject,
    source_row, nullif(split_part(which, ' ', 2), '') AS "column", NULL::TIMESTAMP AS "start", NULL::TIMESTAMP AS "end"
FROM broken WHERE which IS NOT NULL;

-- AUD-UNQ
SELECT 'AUD-UNQ', submission, asset, source_row, NULL, NULL, NULL
FROM audits QUALIFY row_number() OVER (PARTITION BY submission, audit_month, asset ORDER BY source_row) > 1;

-- AUD-002
SELECT 'AUD-002', submission, NULL, NULL, NULL, NULL, NULL
FROM (SELECT judged AS submission, cold_share FROM audit_shares) JOIN files USING (submission) WHERE cold_share < cold_wallet_share;

-- AUD-005
SELECT 'AUD-005', submission, asset, source_row, NULL, NULL, NULL
FROM (SELECT *, judged AS submission FROM audit_differences) JOIN files USING (submission)
    LEFT JOIN audits USING (submission, asset)
WHERE greatest(ledger_ratio, wallet_ratio) > audit_tolerance;

-- AUD-006
SELECT DISTINCT 'AUD-006', submission, asset, NULL, NULL, NULL, NULL
FROM reconciled_assets AS r JOIN files AS f ON f.submission = r.judged
    ANTI JOIN audits USING (submission, asset);

-- AUD-007
WITH copies AS (
    SELECT judged AS submission, count(*) AS equal FROM audit_differences WHERE ledger_ratio + wallet_ratio = 0 GROUP BY ALL
), signed AS (
    SELECT submission, count(*) AS audited,
        bool_or(signed_on < date_trunc('day', as_of + INTERVAL 9 HOUR) + to_days(audit_signing_days::INT)) AS early
    FROM audits JOIN files USING (submission) GROUP BY ALL
)
SELECT 'AUD-007', submission, NULL, NULL, NULL, NULL, NULL
FROM signed JOIN files USING (submission) LEFT JOIN copies USING (submission)
WHERE early OR (audited = ifnull(equal, 0) AND audited >= copied_audit_assets);


-- SUB-009
SELECT 'SUB-009', submission, NULL, NULL, t."column", NULL, NULL
FROM reported_totals AS t JOIN (SELECT submission, sum(price_krw) AS total FROM audits GROUP BY ALL) USING (submission)
WHERE t."column" = 'price_krw' AND try_cast(replace(reported, ',', '') AS DECIMAL(38, 8)) IS DISTINCT FROM total;
