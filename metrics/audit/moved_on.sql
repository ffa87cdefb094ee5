-- The number of keys with a row that is ahead of the progress, which are not compared.
SELECT
    (SELECT uniqExact(r.shard, bcp, visit) FROM {{.Scratch}}_visits AS r INNER JOIN {{.Scratch}}_progress AS p ON r.shard = p.shard WHERE as_of > p.applied AND as_of <= p.announced)
    + (SELECT uniqExact(w.shard, bcp, direction, channel, regime, grain, start, measure) FROM {{.Scratch}}_windows AS w INNER JOIN {{.Scratch}}_progress AS p ON w.shard = p.shard WHERE as_of > p.applied AND as_of <= p.announced)
    + (SELECT uniqExact(r.shard, bcp, direction) FROM {{.Scratch}}_inside_now AS r INNER JOIN {{.Scratch}}_progress AS p ON r.shard = p.shard WHERE as_of > p.applied AND as_of <= p.announced)
