// Package app is the composition root: the one place where broker, consumer, engine, store, metrics and page meet.
//
// It promises to start the parts in the order in which they need one another, each announced by one line with its address,
// to stop them in the opposite order, and to report the error of each part once. Tests and commands start as much of it as
// they need: Start connects to Kafka and ClickHouse, StartEngine counts, Serve does all. It refuses a configuration with a
// key that it does not know, a data folder that another process has open, a topic whose partitions have changed, and tables
// that were counted by other rules; each error names the key and the way out.
package app
