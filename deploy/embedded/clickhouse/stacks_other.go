//go:build !linux

package clickhouse

// ignoreStackSignal does nothing: the engine asks threads for their stacks on Linux alone.
func ignoreStackSignal() error { return nil }
