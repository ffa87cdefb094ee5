-- Visits of which two shards have events: each counts a part of the visit. A record is counted in the shard of its subject, so this is one
-- with a forged header dwell-forwarded, or was counted before records were forwarded.
SELECT visit, 'split' AS field, concat('shards ', arrayStringConcat(arraySort(groupUniqArray(shard)), ', ')) AS engine, 'one shard' AS audit
FROM {{.Scratch}}
WHERE cityHash64(visit) % {{.Buckets}} = {{.Bucket}}
GROUP BY bcp, visit
HAVING uniqExact(shard) > 1
ORDER BY visit, bcp
