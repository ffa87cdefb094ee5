package clickhouse

// ConfinesConnections says whether the running kernel does.
func ConfinesConnections() bool { return landlockVersion() >= landlockTCP }
