package clickhouse

// For tests of confinement.
var Confine = confine

const ConfinedVariable = confinedVariable
