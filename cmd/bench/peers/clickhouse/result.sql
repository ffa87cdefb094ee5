INSERT INTO {database}.bench_result
SELECT bcp, intDiv(r, 60000) AS minute, count() AS n, sum(r - a) AS sum_ms,
    (quantilesExactLow(0.5, 0.95, 0.99)(r - a) AS q)[1], q[2], q[3]
FROM (
    SELECT max(bcp) AS bcp, max(arrived) AS a, max(released) AS r
    FROM {database}.bench_visits
    GROUP BY visit
    HAVING a > 0 AND r > 0
)
GROUP BY bcp, minute;
