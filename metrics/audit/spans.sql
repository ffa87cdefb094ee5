-- From which to which second each BCP's calendar is needed: from a day before its first event to twenty days after its
-- last one, since an opening's end is looked for that far ahead.
SELECT toString(bcp) AS bcp, toInt64(intDiv(min(t), 86400000) * 86400 - 86400) AS since, toInt64(intDiv(max(t), 86400000) * 86400 + 20 * 86400) AS until
FROM (
    SELECT e.bcp AS bcp, toUnixTimestamp64Milli(e.time) AS t
    FROM {{.Database}}.events AS e
    INNER JOIN {{.Scratch}}_progress AS p ON e.shard = p.shard
    WHERE e.offset < p.applied
)
GROUP BY bcp
ORDER BY bcp
