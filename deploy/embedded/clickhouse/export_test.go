package clickhouse

// For tests of confinement.
var (
	Confine     = confine
	LeaveFolder = leaveFolder
)

const ConfinedVariable = confinedVariable
