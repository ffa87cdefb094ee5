//go:build !poison

package mem

// poison is off: what stands behind it is not compiled, and takes neither time nor memory.
const poison = false

type quarantine struct{}

func (quarantine) free(List)       {}
func (quarantine) check(uint32)    {}
func (quarantine) bury(func(List)) {}
func scribble[T any]([]T)          {}
func requireNoPointers[T any]()    {}
