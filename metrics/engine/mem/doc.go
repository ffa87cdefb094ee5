// Package mem is the memory of a shard: containers of millions of small values that the garbage collector need not look
// at, since none of them has a pointer. It knows nothing of what it stores.
//
// It promises that nothing is copied but the list, the table or the index that outgrows its memory; that freed memory is
// used again; and that the contents of freed memory stay as they are until the next allocation from the same container,
// so that a caller may free first and read the old contents once more.
//
// It refuses types with pointers in an Arena, a Slab or Tables, and any use of memory that was freed before the last
// allocation. Neither is checked, since that would cost more than the work itself, except in a program that is built with
// the tag poison: it overwrites what is freed, never uses it again, and panics at the first use.
//
// The package is pure: no I/O, no goroutine, no clock, no logger. No container is for concurrent use.
package mem
