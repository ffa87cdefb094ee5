// Package clickhouse stores the rows of the shards in ClickHouse, and returns them to a shard that recovers.
//
// It promises that of each key the row with the highest as_of counts, in whatever order rows were written and however often;
// that a write which has returned survives a kill of the server, and was acknowledged by ClickHouse itself, whatever a proxy
// answers; and that Open migrates the schema, concurrently in several processes if need be. Tables hold names and never codes,
// so that they outlive a change of the configuration.
//
// It refuses to write into a database whose schema is newer than it knows, and to read a row whose names are no longer
// configured.
//
// The tables are in migrations/, the views over measures in views/. Reads with FINAL filter after the merge unless they
// filter by the sorting key alone, so that no query returns a superseded row as the current one.
package clickhouse
