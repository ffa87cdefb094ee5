//go:build poison

package mem

import (
	"fmt"
	"reflect"
	"unsafe"
)

// poison makes every use of freed memory visible: reading a list or an item through its List or Ref panics, and every byte read
// through an older slice or pointer is 0xA5. So is every byte of new memory that was not written yet.
const poison = true

const poisonByte = 0xA5

// quarantine has the freed pieces of a slab, or the freed items of an arena. None is used again.
type quarantine struct {
	fresh []List          // freed since the last allocation; their contents may still be read
	freed map[uint32]bool // true if the contents were overwritten
}

func (q *quarantine) free(l List) {
	if _, twice := q.freed[l.piece]; twice {
		panic(fmt.Sprintf("mem: piece %d was freed twice", l.piece))
	}
	if q.freed == nil {
		q.freed = map[uint32]bool{}
	}
	q.fresh, q.freed[l.piece] = append(q.fresh, l), false
}

func (q *quarantine) check(piece uint32) {
	if q.freed[piece] {
		panic(fmt.Sprintf("mem: piece %d was used after it was freed", piece))
	}
}

func (q *quarantine) overwriteFreed(fill func(List)) {
	for _, l := range q.fresh {
		fill(l)
		q.freed[l.piece] = true
	}
	q.fresh = q.fresh[:0]
}

func overwrite[T any](items []T) {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(items))), len(items)*int(unsafe.Sizeof(*new(T))))
	for i := range bytes {
		bytes[i] = poisonByte
	}
}

func requireNoPointers[T any]() {
	if t := reflect.TypeFor[T](); hasPointers(t) {
		panic(fmt.Sprintf("mem: %v has pointers", t))
	}
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return hasPointers(t.Elem())
	default:
		return t.Kind() == reflect.String || t.Kind() == reflect.UnsafePointer || t.Kind() > reflect.Complex128
	}
}
