-- How many windows begin in each month (seconds since the Unix epoch), by what the engine has and by what visits may add.
SELECT toUInt32(month) AS month, max(size) AS size
FROM (
    SELECT toStartOfMonth(start)::DateTime('UTC') AS month, count() AS size FROM {{.Scratch}}_windows GROUP BY month
    UNION ALL
    SELECT toStartOfMonth(toDateTime(intDiv(assumeNotNull(first), 1000), 'UTC'))::DateTime('UTC') AS month, 4 * count() AS size
    FROM {{.Scratch}} WHERE first IS NOT NULL GROUP BY month
)
GROUP BY month
ORDER BY month
