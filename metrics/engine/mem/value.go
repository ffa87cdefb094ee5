package mem

// Value is the values of one key in eight bytes: none, one, or the Ref of a multi-value that is stored elsewhere, so that a key
// with one value, as most have, takes no other memory. A single value is zero or more, and is itself.
type Value int64

// Empty is no value.
const Empty Value = -1 << 63

// MultiValue is the Value of a multi-value at r.
func MultiValue(r Ref) Value { return ^Value(r) }

// Multi is the Ref of a multi-value; ok is false if the value is empty or single.
func (v Value) Multi() (r Ref, ok bool) { return Ref(^v), v < 0 && v != Empty }
