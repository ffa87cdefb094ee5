-- Upper estimate of the number of windows that begin in each month (seconds since the Unix epoch): the larger of the engine's
-- windows and of those that the visits may contribute to.
SELECT toUInt32(month) AS month, max(size) AS size
FROM (
    SELECT toStartOfMonth(start)::DateTime('UTC') AS month, count() AS size FROM {{.Scratch}}_windows GROUP BY month
    UNION ALL
    SELECT toStartOfMonth(toDateTime(intDiv(assumeNotNull(first), 1000), 'UTC'))::DateTime('UTC') AS month, 4 * count() AS size
    FROM {{.Scratch}} WHERE first IS NOT NULL GROUP BY month
)
GROUP BY month
ORDER BY month
