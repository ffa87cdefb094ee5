//go:build !linux

package clickhouse

import (
	"github.com/ebitengine/purego"
)

// threadID is the number of the calling thread, as the engine has it in system.processes; 0, which no thread has, where the
// system does not say.
func threadID() (id uint64) {
	symbol, err := purego.Dlsym(purego.RTLD_DEFAULT, "pthread_threadid_np")
	if err != nil {
		return 0
	}
	var ask func(thread uintptr, id *uint64) int32
	purego.RegisterFunc(&ask, symbol)
	ask(0, &id)
	return id
}
