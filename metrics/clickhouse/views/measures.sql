{{/* The views over measures follow the table of measures in metrics/window. They say keys as text: a view keeps the types that its
columns had when it was made, and an enumeration that has been appended to since would lack names. An index of toString(bcp) finds
the rows of a BCP. Those of minutes take parameters, so that they read the visits of one BCP and span alone: SELECT * FROM movements_by_minute(bcp = 'PL-18-MEDYKA', from = '2026-01-05 08:00:00', to = '2026-01-05 09:00:00'). */ -}}
{{/* A local date is text that ClickHouse writes in the zone of the place, since its other functions take one zone for all rows. */ -}}
{{define "minutes"}}({{minutes}}) AS w WHERE start >= {from:DateTime('UTC')} AND start < {to:DateTime('UTC')}{{end}}
{{define "counted"}}SELECT
    toString(w.bcp) AS bcp, toString(w.direction) AS direction, grain, start, {{date}} AS date,
    {{range counts}}sumIf(n, {{measured .}}) AS `{{.}}`,
    {{end}}sumIf(n, {{faulty "incomplete/"}}) AS incomplete,
    sumIf(n, {{faulty "inconsistent/"}}) AS inconsistent
{{end}}
{{define "counts"}}{{visits}}
GROUP BY w.bcp, w.direction, grain, start{{end}}
CREATE OR REPLACE VIEW {{db}}.movements {{cluster}} AS
{{template "counted"}}FROM {{db}}.windows AS w FINAL WHERE {{template "counts"}}
COMMENT 'What was counted in each hour and day, all channels and regimes together.';

CREATE OR REPLACE VIEW {{db}}.movements_by_minute {{cluster}} AS
{{template "counted"}}FROM {{template "minutes"}} AND {{template "counts"}}
COMMENT 'As movements, for the minutes of one BCP.';

CREATE OR REPLACE VIEW {{db}}.inside {{cluster}} AS
SELECT toString(w.bcp) AS bcp, toString(w.direction) AS direction, grain, start, {{date}} AS date,
    sum(change) OVER (PARTITION BY bcp, direction, grain ORDER BY start) AS trucks
FROM (
    SELECT bcp, direction, grain, start, sum(if(measure = 'arrivals', n, -n)) AS change
    FROM {{db}}.windows FINAL
    WHERE {{measured "arrivals" "left"}}
    GROUP BY bcp, direction, grain, start
) AS w
COMMENT 'Trucks inside at the end of each window in which any arrived or left.';

{{define "times"}}
    sum_ms / n / 1000 AS mean,
    sqrt(toFloat64(toInt256(n) * toInt256(sum_sq) - toInt256(sum_ms) * toInt256(sum_ms))) / n / 1000 AS sd,
    q[1] AS p50, q[2] AS p90, q[3] AS p95,
    net_ms / n / 1000 AS net_mean,
    sqrt(toFloat64(toInt256(n) * toInt256(net_sq) - toInt256(net_ms) * toInt256(net_ms))) / n / 1000 AS net_sd,
    net_q[1] AS net_p50, net_q[2] AS net_p90, net_q[3] AS net_p95
{{end}}
{{define "sums"}}
    sum(w.n) AS n, sum(w.sum_ms) AS sum_ms, sum(w.sum_sq) AS sum_sq, sumMap(w.bins) AS bins,
    sum(w.net_ms) AS net_ms, sum(if(w.net_ms = w.sum_ms, w.sum_sq, w.net_sq)) AS net_sq, sumMap(if(w.net_ms = w.sum_ms, w.bins, w.net_bins)) AS net_bins,
    arrayMap(i -> if(i = -32768, 0, 2 * exp2(i / 32) / (1 + exp2(1 / 32))),
        arrayReduce('quantilesExactWeighted(0.5, 0.9, 0.95)', mapKeys(bins), mapValues(bins))) AS q,
    arrayMap(i -> if(i = -32768, 0, 2 * exp2(i / 32) / (1 + exp2(1 / 32))),
        arrayReduce('quantilesExactWeighted(0.5, 0.9, 0.95)', mapKeys(net_bins), mapValues(net_bins))) AS net_q
{{end}}
{{define "of"}}SELECT
    toString(bcp) AS bcp, toString(direction) AS direction, {{if .}}toString(channel) AS channel, toString(regime) AS regime, {{end}}grain, start, {{date}} AS date,
    toString(measure) AS measure, n, {{template "times"}}
FROM (
    SELECT bcp, direction, {{.}}grain, start, measure, {{template "sums"}}{{end}}
{{define "each"}}{{times}}
    GROUP BY bcp, direction, {{.}}grain, start, measure
    HAVING n > 0
) AS w{{end}}
CREATE OR REPLACE VIEW {{db}}.crossing_times {{cluster}} AS
{{template "of" ""}}
    FROM {{db}}.windows AS w FINAL WHERE {{template "each" ""}}
COMMENT 'Release time, crossing time and the time of segments, in seconds, gross and net of closed hours: all channels and regimes together. Quantiles are within 1.1 %.';

CREATE OR REPLACE VIEW {{db}}.crossing_times_by_channel {{cluster}} AS
{{template "of" "channel, regime, "}}
    FROM {{db}}.windows AS w FINAL WHERE {{template "each" "channel, regime, "}}
COMMENT 'As crossing_times, for each channel and regime.';

CREATE OR REPLACE VIEW {{db}}.crossing_times_by_minute {{cluster}} AS
{{template "of" "channel, regime, "}}
    FROM {{template "minutes"}} AND {{template "each" "channel, regime, "}}
COMMENT 'As crossing_times_by_channel, for the minutes of one BCP.';

CREATE OR REPLACE VIEW {{db}}.days {{cluster}} AS
SELECT toString(w.bcp) AS bcp, toString(w.direction) AS direction, toString(w.channel) AS channel, toString(w.regime) AS regime, start, {{date}} AS date,
    toString(w.measure) AS measure, n, sum_ms, sum_sq, bins,
    net_ms, if(net_ms = sum_ms, sum_sq, net_sq) AS net_sq, if(net_ms = sum_ms, bins, net_bins) AS net_bins
FROM {{db}}.windows AS w FINAL
WHERE grain = 'day'
COMMENT 'Local days with their sketches, to be added up over any dates and BCPs. A day of a measure has several rows: those of shards, channels and regimes.';

CREATE OR REPLACE VIEW {{db}}.crossing_times_during {{cluster}} AS
SELECT toString(bcp) AS bcp, toString(direction) AS direction, toString(measure) AS measure, n, {{template "times"}}
FROM (
    SELECT bcp, direction, measure, {{template "sums"}}
    FROM (SELECT bcp, direction, start, measure, n, sum_ms, sum_sq, bins, net_ms, net_sq, net_bins, {{date}} AS date FROM {{db}}.windows AS w FINAL WHERE grain = 'day' AND {{times}}) AS w
    WHERE date >= {from:Date} AND date < {to:Date}
    GROUP BY bcp, direction, measure
    HAVING n > 0
)
COMMENT 'As crossing_times, for all local days of two parameters together: from, and before to.';

CREATE OR REPLACE VIEW {{db}}.calendar {{cluster}} AS
SELECT date, formatDateTime(date, '%Y-%m') AS month, concat(toString(toYear(date)), '-Q', toString(toQuarter(date))) AS quarter, toString(toYear(date)) AS year,
    concat(toString(y), '-', leftPad(toString(m), 2, '0')) AS month_persian, concat(toString(y), '-Q', toString(intDiv(m + 2, 3))) AS quarter_persian, toString(y) AS year_persian
FROM (
    SELECT toDate(toUInt16(number)) AS date, roundDown(number, {{newYears}}) AS first, {{firstYear}} + toUInt32(indexOf({{newYears}}, first)) - 1 AS y,
        1 + if(number - first < 186, intDiv(number - first, 31), 6 + intDiv(number - first - 186, 30)) AS m
    FROM numbers({{dates}})
)
COMMENT 'The local dates of some hundred years with what their month, quarter and year are called, as in the API. _persian is the Solar Hijri calendar.';
