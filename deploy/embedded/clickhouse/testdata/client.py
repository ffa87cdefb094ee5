"""What a user of clickhouse-connect does, against the address, the database and the password given as arguments."""

import datetime
import sys

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError

host, port = sys.argv[1].split(":")
utc = datetime.timezone.utc

for compress in (False, True, "gzip", "lz4", "zstd"):
    client = clickhouse_connect.get_client(host=host, port=int(port), database=sys.argv[2], password=sys.argv[3], compress=compress)
    assert client.ping()
    assert client.server_version.startswith("2"), client.server_version

    client.command("DROP TABLE IF EXISTS trucks")
    client.command(
        "CREATE TABLE trucks (id UInt64, bcp LowCardinality(String), at DateTime64(3, 'UTC'), bins Map(Int16, UInt32),"
        " agency Nullable(String), steps Array(String)) ENGINE = MergeTree ORDER BY id"
    )
    start = datetime.datetime(2026, 1, 5, 7, 30, tzinfo=utc)
    rows = [
        [i, "AF-NAN-TORKHAM", start + datetime.timedelta(seconds=i), {i % 300: 1}, None if i % 2 else "customs", ["arrived"] * (i % 3)]
        for i in range(20_000)
    ]
    written = client.insert("trucks", rows, column_names=["id", "bcp", "at", "bins", "agency", "steps"])
    assert written.written_rows == len(rows), written.summary

    back = client.query("SELECT * FROM trucks ORDER BY id")
    assert back.column_names == ("id", "bcp", "at", "bins", "agency", "steps"), back.column_names
    assert len(back.result_rows) == len(rows)
    for row, got in zip(rows, back.result_rows):
        row[2] = row[2].replace(tzinfo=None)  # it gives times in UTC without their zone
        assert tuple(row) == got, (row, got)
    assert int(back.summary["result_rows"]) == len(rows), back.summary

    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as blocks:
        assert sum(n for block in blocks for (n,) in block) == 300_000 * 299_999 // 2

    awkward = "Torkham's \\ \"gate\"\n\tاسلام قلعه"
    assert client.query("SELECT {s:String}, {n:Int32} + 1", parameters={"s": awkward, "n": 41}).result_rows == [(awkward, 42)]
    assert client.query("SELECT %s, %s", parameters=(awkward, 1)).first_row == (awkward, 1)
    assert client.command("SELECT getSetting('max_block_size')", settings={"max_block_size": 777}) == 777
    assert client.raw_query("SELECT 1 AS x, 'a' AS y", fmt="JSONEachRow") == b'{"x":1,"y":"a"}\n'
    assert client.query("SELECT number FROM numbers(0)").result_rows == []
    assert client.query("SHOW TABLES").result_rows == [("trucks",)]

    client.raw_insert("trucks", column_names=["id", "bcp"], insert_block=b"900001,Aqina\n900002,Hairatan\n", fmt="CSV")
    assert client.command("SELECT count() FROM trucks WHERE id > 900000") == 2

    # A session keeps its temporary tables.
    client.command("CREATE TEMPORARY TABLE seen (id UInt64)")
    client.insert("seen", [[1], [2]], column_names=["id"])
    assert client.command("SELECT count() FROM seen") == 2

    try:
        client.query("SELECT * FROM nowhere")
    except DatabaseError as e:
        assert "UNKNOWN_TABLE" in str(e), e
    else:
        raise AssertionError("an unknown table gives no error")
    client.close()

print("ok")
