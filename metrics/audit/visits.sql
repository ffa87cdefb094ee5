-- The visits computed from the raw events, one bucket of visits at a time.
--
-- A fact counts once by source, id and edition, and not at all if it was retracted. Simultaneous facts are read in the order of
-- the list `types`, then by agency. Times are Unix milliseconds.
INSERT INTO {{.Scratch}}
WITH
    ['truck.arrived', 'inspection.started', 'channel.assigned', 'truck.released', 'clearance.refused',
     'declaration.lodged', 'payment.confirmed', 'hold.placed', 'inspection.completed', 'hold.lifted',
     'truck.departed'] AS types,
    indexOf(types, 'truck.arrived') AS truck_arrived,
    indexOf(types, 'inspection.started') AS inspection_started,
    indexOf(types, 'channel.assigned') AS channel_assigned,
    indexOf(types, 'truck.released') AS truck_released,
    indexOf(types, 'clearance.refused') AS clearance_refused,
    indexOf(types, 'declaration.lodged') AS declaration_lodged,
    indexOf(types, 'payment.confirmed') AS payment_confirmed,
    indexOf(types, 'hold.placed') AS hold_placed,
    indexOf(types, 'inspection.completed') AS inspection_completed,
    indexOf(types, 'hold.lifted') AS hold_lifted,
    indexOf(types, 'truck.departed') AS truck_departed,
    ['conformant', 'non_conformant'] AS results,
    ['document', 'scan', 'weighbridge', 'physical', 'sps', 'immigration_security'] AS kinds,
    ['', 'inbound', 'outbound'] AS directions,
    ['', 'green', 'yellow', 'red', 'blue'] AS channels,
    ['', 'import', 'export', 'transit', 'empty'] AS regimes,
    {{.BCPs}} AS bcps,
    {{.LapseAfter}} AS lapse_after,
    4000000000000000 AS forever,
    9000000000000000000 AS none,

received AS (
    SELECT
        e.shard AS shard, toString(e.bcp) AS bcp, e.subject AS visit,
        e.type = 'event.retracted' AS retraction,
        if(retraction, e.retracted_source, e.source) AS fact_source,
        if(retraction, e.retracted_id, e.id) AS fact_id,
        if(retraction, e.retracted_edition, e.edition) AS fact_edition,
        (
            toUnixTimestamp64Milli(e.time), indexOf(types, e.type),
            toString(e.agency),
            if(e.type IN ('inspection.started', 'inspection.completed'), indexOf(kinds, e.kind), 0),
            xxHash64(concat(e.source, '\0', e.id, if(e.edition = 0, '', concat('\xFF', toString(e.edition))))),
            toString(e.direction), toString(e.channel), toString(e.regime), e.hold, toString(e.result)
        )::Tuple(t Int64, type UInt8, agency String, kind UInt8, key UInt64, direction String, channel String, regime String, hold String, result String) AS fact,
        (fact.t, fact.type, fact.agency, fact.kind, indexOf(regimes, fact.regime), indexOf(channels, fact.channel), indexOf(directions, fact.direction),
            if(fact.hold = '', 0, toUInt32(xxHash64(fact.hold))), indexOf(results, fact.result)) AS rank
    FROM {{.Database}}.events AS e
    INNER JOIN {{.Scratch}}_progress AS p ON e.shard = p.shard
    WHERE cityHash64(e.subject) % {{.Buckets}} = {{.Bucket}} AND e.offset < p.applied
        AND (has(types, e.type) OR e.type = 'event.retracted' AND e.subject != e.bcp)
        {{- if .Since}}
        AND (e.type = 'event.retracted' OR toUnixTimestamp64Milli(e.time) >= {{.Since}}[e.shard])
        AND (e.shard, toString(e.bcp), e.subject) NOT IN (
            SELECT shard, toString(bcp), visit FROM {{.Scratch}}_visits FINAL
            WHERE cityHash64(visit) % {{.Buckets}} = {{.Bucket}} AND toUnixTimestamp64Milli(first_fact) < {{.Since}}[shard])
        {{- end}}
),

-- Of one id with two contents the smaller one counts.
facts AS (
    SELECT shard, bcp, visit, countIf(retraction) = 0 AS stands, argMinIf(fact, rank, NOT retraction) AS f
    FROM received
    GROUP BY shard, bcp, visit, fact_source, fact_id, fact_edition
),

-- What happened to one agency's inspection of one kind, or to one agency's hold of one id, at one instant. Holds without an
-- id are one. All that is neither is in a group without agency.
instants AS (
    SELECT
        shard, bcp, visit, f.t AS t, f.kind AS kind, f.hold AS hold,
        if(f.type IN (inspection_started, hold_placed, inspection_completed, hold_lifted), f.agency, '') AS agency,
        countIf(stands AND f.type IN (inspection_started, hold_placed)) > 0 AS begins,
        countIf(stands AND f.type IN (inspection_completed, hold_lifted)) > 0 AS ends,
        groupArrayIf(f, stands) AS now
    FROM facts
    GROUP BY shard, bcp, visit, agency, kind, hold, t
),

-- Its start and end. One that both begins and ends at an instant (2) restarts if it was in progress, and otherwise took no
-- time. Each step is a query of its own, because ClickHouse writes out a name that is used in the query that makes it.
histories AS (
    SELECT
        shard, bcp, visit, agency, kind, groupArrayArray(now) AS parts,
        arraySort(groupArrayIf((t, multiIf(begins AND ends, 2, begins, 1, 0), begins, ends), notEmpty(now))) AS at
    FROM instants
    GROUP BY shard, bcp, visit, agency, kind, hold
),
open_before AS (
    SELECT *, arrayPopBack(arrayFill(c -> c != 2, arrayPushFront(arrayMap(x -> x.2, at), 0))) AS before
    FROM histories
),
-- A mark is where it begins (1) or ends (2).
marked AS (
    SELECT *,
        arrayFilter(m -> m.2 != 0, arrayMap(
            (x, b) -> (x.1, multiIf(x.2 = 1 AND b = 0 OR x.2 = 2 AND b = 1, 1, x.2 = 0 AND b = 1, 2, 0)), at, before)) AS marks
    FROM open_before
),
ended AS (
    SELECT *, arrayMap((m, until) -> (m.1, until, m.2), marks, arrayShiftLeft(arrayMap(m -> m.1, marks), 1, forever)) AS marks_with_ends
    FROM marked
),
-- The agency that acts at an instant, and so explains a wait that ends there, with the rank of its fact among simultaneous ones.
actings AS (
    SELECT
        shard, bcp, visit, parts,
        if(agency = '', [], arrayMap(m -> (m.1, m.2, kind > 0, agency), arrayFilter(m -> m.3 = 1, marks_with_ends))) AS going_on,
        if(agency = '',
            arrayMap(
                f -> (f.t, f.type, multiIf(f.type IN (channel_assigned, truck_released, clearance_refused), 'customs', f.type IN (declaration_lodged, payment_confirmed), 'trader', 'carrier')),
                arrayFilter(f -> f.type IN (channel_assigned, truck_released, clearance_refused, declaration_lodged, payment_confirmed, truck_departed), parts)),
            arrayMap(
                (x, b) -> (x.1, if(x.3, if(kind > 0, inspection_started, hold_placed), if(kind > 0, inspection_completed, hold_lifted))::UInt8, agency),
                arrayFilter((x, b) -> x.3 OR b = 0, at, before),
                arrayFilter((b, x) -> x.3 OR b = 0, before, at))) AS acting
    FROM ended
),

whole AS (
    SELECT
        shard, bcp, visit,
        arraySort(groupArrayArray(parts)) AS fs,
        arraySort(groupArrayArray(acting)) AS actors,
        groupArrayArray(going_on) AS spans
    FROM actings
    GROUP BY shard, bcp, visit
),

milestones AS (
    SELECT
        *,
        if(arrayExists(f -> f.type = truck_arrived, fs), arrayFirst(f -> f.type = truck_arrived, fs), fs[1]) AS place,
        arrayLast(f -> f.channel != '', fs).channel AS channel,
        arrayLast(f -> f.regime != '', fs).regime AS regime,
        if(empty(fs), NULL, fs[1].t) AS first,
        if(empty(fs), NULL, fs[-1].t) AS last,
        if(arrayExists(f -> f.type = truck_arrived, fs), arrayFirst(f -> f.type = truck_arrived, fs).t, NULL) AS arrived,
        if(arrayExists(f -> f.type = truck_released, fs), arrayFirst(f -> f.type = truck_released, fs).t, NULL) AS released,
        if(arrayExists(f -> f.type = clearance_refused, fs), arrayFirst(f -> f.type = clearance_refused, fs).t, NULL) AS refused,
        if(arrayExists(f -> f.type = truck_departed, fs), arrayFirst(f -> f.type = truck_departed, fs).t, NULL) AS departed
    FROM whole
),
places AS (
    SELECT *, place.direction AS direction,
        arrayFilter(f -> f.direction != place.direction, fs) AS odd,
        last + lapse_after[indexOf(bcps, bcp)] AS deadline,
        arraySort(arrayDistinct(arrayMap(f -> f.agency, arrayFilter(f -> f.type = inspection_completed, fs)))) AS done
    FROM milestones
),
faults AS (
    SELECT *,
        multiIf(
            empty(fs), '',
            notEmpty(odd), 'direction_conflict',
            arrived IS NULL, 'no_arrival',
            ifNull(released < arrived, 0), 'released_before_arrival',
            ifNull(departed < arrived, 0), 'departed_before_arrival',
            ifNull(released > departed, 0), 'released_after_departure',
            '') AS fault,
        if(departed IS NULL AND has(bcps, bcp) AND ifNull(deadline <= p.watermark, 0), deadline, NULL) AS lapsed
    FROM places
    INNER JOIN (SELECT shard, watermark FROM {{.Scratch}}_progress) AS p USING shard
),
sound AS (
    SELECT *, notEmpty(fs) AND fault = '' AS sound, ifNull(arrived, forever) AS since_arrival, ifNull(departed, forever) AS until
    FROM faults
),

-- The instants from arrival to departure at which the holder may change, each with the agency that acts at it, if one does.
acts AS (
    SELECT *,
        arrayFilter((a, before) -> a.1 != before AND a.1 > since_arrival AND a.1 <= until,
            actors, arrayShiftRight(arrayMap(a -> a.1, actors), 1, -forever)) AS acts
    FROM sound
),
all_points AS (
    SELECT *,
        arraySort(p -> (p.1, p.2 = ''), arrayConcat(
            [(since_arrival, '')],
            arrayMap(a -> (a.1, a.3), acts),
            arrayMap(t -> (t, ''), arrayFilter(t -> t > since_arrival AND t < until,
                arrayConcat([ifNull(released, forever)], arrayMap(s -> s.1, spans), arrayMap(s -> s.2, spans))))
        )) AS all_points
    FROM acts
),
points AS (
    SELECT *,
        if(sound, arrayFilter((p, before) -> p.1 != before, all_points, arrayShiftRight(arrayMap(p -> p.1, all_points), 1, -forever)), []) AS points,
        arraySort(arrayDistinct(arrayMap(s -> s.4, spans))) AS agencies
    FROM all_points
),

-- Of all in progress at an instant the first to begin counts, ties by agency: one number holds both, and the least wins.
numbered AS (
    SELECT *,
        arrayReverseFill(n -> n != '', arrayShiftLeft(arrayMap(p -> p.2, points), 1, 'unknown')) AS next_actor,
        arrayPushBack(arrayMap(s -> s.1, spans), forever) AS froms,
        arrayPushBack(arrayMap(s -> s.2, spans), forever) AS untils,
        arrayPushBack(arrayMap(s -> if(s.3, s.1 * 65536 + indexOf(agencies, s.4), none), spans), none) AS inspections,
        arrayPushBack(arrayMap(s -> if(s.3, none, s.1 * 65536 + indexOf(agencies, s.4)), spans), none) AS holds
    FROM points
),
busy AS (
    SELECT *,
        arrayMap((p, next) -> (
            p.1,
            arrayMin(arrayMap((f, u, c) -> if(f <= p.1 AND p.1 < u, c, none), froms, untils, inspections)),
            arrayMin(arrayMap((f, u, c) -> if(f <= p.1 AND p.1 < u, c, none), froms, untils, holds)),
            next), points, next_actor) AS busy
    FROM numbered
),
held AS (
    SELECT *,
        arrayFilter(h -> h.1 < until, arrayMap(b -> (
            b.1,
            multiIf(ifNull(released <= b.1, 0), ('exit', 'carrier'),
                b.2 < none, ('service', agencies[bitAnd(b.2, 65535)]),
                b.3 < none, ('hold', agencies[bitAnd(b.3, 65535)]),
                ('wait', b.4))), busy)) AS held
    FROM busy
),
runs AS (
    SELECT *, arrayFilter((h, before) -> h.2 != before, held, arrayShiftRight(arrayMap(h -> h.2, held), 1, ('', ''))) AS runs
    FROM held
),
cut AS (
    SELECT *, arrayMap((r, end) -> (r.2.1, r.2.2, r.1, end - r.1), runs, arrayShiftLeft(arrayMap(r -> r.1, runs), 1, until)) AS cut
    FROM runs
)

SELECT
    shard, visit, bcp, direction, channel, regime,
    multiIf(empty(fs), 'void', fault = 'no_arrival', 'incomplete', fault != '', 'inconsistent',
        departed IS NOT NULL, 'departed', lapsed IS NOT NULL, 'lapsed', 'inside') AS status,
    fault,
    empty(fs) OR departed IS NOT NULL OR lapsed IS NOT NULL AS over,
    first, last, arrived, released, refused, departed, lapsed,
    sound,
    if(departed IS NULL, arrayPopBack(cut), cut) AS segments,
    sound AND departed IS NULL AS open,
    if(open, cut[-1].1, '') AS phase,
    if(open, cut[-1].2, '') AS holder,
    if(open, cut[-1].3, NULL) AS since,
    types[fs[-1].type] AS last_type, fs[-1].agency AS last_agency, kinds[fs[-1].kind] AS last_kind, fs[-1].result AS last_result, done
FROM cut
SETTINGS max_block_size = 4096
