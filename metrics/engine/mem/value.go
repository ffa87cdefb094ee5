package mem

// Value is the values of one key in eight bytes: none, one, or the Ref of several that lie elsewhere, so that a key with
// one value, as most have, takes no memory but this. A single value is zero or more, and is itself.
type Value int64

// Empty is no value.
const Empty Value = -1 << 63

// MultiValue is the Value whose values lie at r.
func MultiValue(r Ref) Value { return ^Value(r) }

// Multi is where several values lie; ok is false of an empty and of a single value.
func (v Value) Multi() (r Ref, ok bool) { return Ref(^v), v < 0 && v != Empty }
