package mem

// class is the size class of a piece of a slab: 1, 2, 3, 4, 6, 8, 12, 16, 24... items.
type class uint8

// classes is how many there are. The largest has 1<<lengthBits items.
const classes = 2 * lengthBits

func (c class) size() uint32 {
	if c == 0 {
		return 1
	}
	half := (c + 1) / 2
	if c%2 == 1 {
		return 1 << half
	}
	return 3 << (half - 1)
}

// classOf is the smallest with n items or more.
func classOf(n int) (c class) {
	for int(c.size()) < n {
		c++
	}
	return c
}
