package app

import (
	"runtime/debug"
	"slices"
	"strings"
)

// collected is by how many percent the heap may grow before garbage is collected. Nearly all that is kept has no pointers,
// so to collect it costs little, and Go's 100 would have a backlog take twice the memory that is in use.
const collected = 40

// CollectGarbage sets it, unless the environment does.
func CollectGarbage(environ []string) {
	if !slices.ContainsFunc(environ, func(pair string) bool { return strings.HasPrefix(pair, "GOGC=") }) {
		debug.SetGCPercent(collected)
	}
}
