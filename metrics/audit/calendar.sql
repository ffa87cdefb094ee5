-- The instants at which the calendar opens or closes one BCP, read minute by minute in local time. The minutes come in small
-- blocks, so memory does not grow with their number.
INSERT INTO {{.Scratch}}_calendar
WITH
    {{.Calendar}} AS calendar,
    clocks AS (
        SELECT s,
            toTimeZone(toDateTime(s, 'UTC'), {{.Zone}})::String AS wall,
            toTimeZone(toDateTime(s - 60, 'UTC'), {{.Zone}})::String AS before
        FROM (SELECT {{.From}} + number * 60 AS s FROM numbers({{.Minutes}}))
    ),
    walls AS (
        SELECT s,
            (toDayOfWeek(toDate(substring(wall, 1, 10))), toUInt16(substring(wall, 12, 2)) * 60 + toUInt16(substring(wall, 15, 2))) AS w,
            (toDayOfWeek(toDate(substring(before, 1, 10))), toUInt16(substring(before, 12, 2)) * 60 + toUInt16(substring(before, 15, 2))) AS b
        FROM clocks
    ),
    states AS (
        SELECT s,
            arrayExists(c -> c.1 = w.1 AND c.2 <= w.2 AND w.2 < c.3, calendar) AS open,
            arrayExists(c -> c.1 = b.1 AND c.2 <= b.2 AND b.2 < c.3, calendar) AS was
        FROM walls
    )
SELECT {{.BCP}}, toInt64(s) * 1000, open FROM states WHERE open != was
SETTINGS max_block_size = 8192
