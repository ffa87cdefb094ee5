-- When one BCP was open, by the events of each shard: the instants (t, Unix milliseconds) from which it was open or closed, and
-- for how long it had been closed before.
--
-- A closing holds until the next fact, an opening until the calendar closes, or until the closing that is reported after that
-- and before the calendar opens again, unless another opening comes before. An opening at the instant of a closing does not count.
INSERT INTO {{.Scratch}}_hours
WITH
    4000000000000000 AS forever,
    logged AS (
        SELECT e.shard AS shard, toString(e.bcp) AS bcp, toString(e.direction) AS direction, toString(e.type) AS type,
            e.source AS source, e.id AS id, toUnixTimestamp64Milli(e.time) AS t, e.retracted_source AS retracted_source, e.retracted_id AS retracted_id,
            if(e.type = 'event.retracted', e.retracted_edition, e.edition) AS fact_edition,
            e.subject AS subject
        FROM {{.Database}}.events AS e
        INNER JOIN {{.Scratch}}_progress AS p ON e.shard = p.shard
        WHERE e.offset < p.applied AND e.bcp = {{.BCP}}
    ),
    changes AS (SELECT bcp, t, open FROM {{.Scratch}}_calendar WHERE bcp = {{.BCP}}),

    -- Of one id with two contents the smaller one counts.
    facts AS (
        SELECT shard, bcp, arrayJoin(if(content.3 = '', ['inbound', 'outbound'], [content.3])) AS direction, content.1 AS t, content.2 AS closes
        FROM (
            SELECT shard, bcp,
                if(type = 'event.retracted', retracted_source, source) AS fact_source, if(type = 'event.retracted', retracted_id, id) AS fact_id,
                countIf(type = 'event.retracted') AS retractions,
                argMinIf((t, type = 'bcp.closed', direction), (t, type = 'bcp.closed', indexOf(['', 'inbound', 'outbound'], direction)), type != 'event.retracted') AS content,
                countIf(type != 'event.retracted') AS reports
            FROM logged
            WHERE type IN ('bcp.opened', 'bcp.closed') OR type = 'event.retracted' AND subject = bcp
            GROUP BY shard, bcp, fact_source, fact_id, fact_edition
        )
        WHERE retractions = 0 AND reports > 0
    ),
    -- Each fact with the next one.
    reported AS (
        SELECT shard, bcp, direction, f.1 AS t, f.2 AS closes, n.1 AS next_t, n.2 AS next_closes
        FROM (
            SELECT shard, bcp, direction, arraySort(groupArray((t, toUInt8(closes)))) AS fs, arrayShiftLeft(fs, 1, (forever, 0::UInt8)) AS ns
            FROM facts
            WHERE closes OR (shard, direction, t) NOT IN (SELECT shard, direction, t FROM facts WHERE closes)
            GROUP BY shard, bcp, direction
        )
        ARRAY JOIN fs AS f, ns AS n
    ),
    shut AS (
        SELECT reported.*, if(c.t = 0, forever, c.t) AS shuts
        FROM reported ASOF LEFT JOIN (SELECT bcp, t FROM changes WHERE NOT open) AS c ON reported.bcp = c.bcp AND reported.t < c.t
    ),
    shut_until AS (
        SELECT shut.*, if(c.t = 0, forever, c.t) AS opens_next
        FROM shut ASOF LEFT JOIN (SELECT bcp, t FROM changes WHERE open) AS c ON shut.bcp = c.bcp AND shut.shuts < c.t
    ),
    holding AS (
        SELECT shard, bcp, direction, t, toUInt8(NOT closes) AS open,
            least(next_t, multiIf(closes, forever, next_closes AND next_t < opens_next, greatest(shuts, next_t), shuts)) AS until
        FROM shut_until
        WHERE until > t
    ),

    -- All instants at which anything may change, with what holds there.
    wholes AS (
        SELECT p.shard AS shard, b.bcp AS bcp, d AS direction, b.first AS first
        FROM (SELECT DISTINCT shard FROM logged) AS p
        CROSS JOIN (SELECT bcp, intDiv(min(t), 86400000) * 86400000 - 86400000 AS first FROM logged GROUP BY bcp) AS b
        ARRAY JOIN ['inbound', 'outbound'] AS d
    ),
    instants AS (
        SELECT shard, bcp, direction, first AS t FROM wholes
        UNION DISTINCT SELECT w.shard, w.bcp, w.direction, c.t FROM wholes AS w INNER JOIN changes AS c ON w.bcp = c.bcp
        UNION DISTINCT SELECT shard, bcp, direction, t FROM holding
        UNION DISTINCT SELECT shard, bcp, direction, until FROM holding WHERE until < forever
    ),
    by_fact AS (
        SELECT i.*, h.t AS since, h.open AS reported_open, h.until AS until
        FROM instants AS i ASOF LEFT JOIN holding AS h ON i.shard = h.shard AND i.bcp = h.bcp AND i.direction = h.direction AND i.t >= h.t
    ),
    by_calendar AS (
        SELECT f.*, c.t AS changed, c.open AS calendar_open
        FROM by_fact AS f ASOF LEFT JOIN changes AS c ON f.bcp = c.bcp AND f.t >= c.t
    ),
    -- Before its first change the calendar was in the opposite state; without any change it is always open, or has no hours.
    firsts AS (SELECT bcp, argMin(open, t) AS first_open FROM changes GROUP BY bcp),
    known AS (
        SELECT c.shard AS shard, c.bcp AS bcp, c.direction AS direction, c.t AS t,
            toUInt8(multiIf(
                c.since != 0 AND c.t < c.until, c.reported_open,
                c.changed != 0, c.calendar_open,
                f.bcp != '', NOT f.first_open,
                {{if .Shut}}0{{else}}1{{end}})) AS open
        FROM by_calendar AS c LEFT JOIN firsts AS f ON c.bcp = f.bcp
    )
SELECT shard, bcp, direction, t, open, toInt64(sum(if(was = 0, t - before, 0)) OVER w) AS closed
FROM (
    SELECT *, lagInFrame(t, 1, t) OVER (PARTITION BY shard, bcp, direction ORDER BY t) AS before,
        lagInFrame(open, 1, 1::UInt8) OVER (PARTITION BY shard, bcp, direction ORDER BY t) AS was
    FROM known
)
WINDOW w AS (PARTITION BY shard, bcp, direction ORDER BY t)
