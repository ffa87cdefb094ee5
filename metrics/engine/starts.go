package engine

import "slices"

// starts are the hours of a series, or its days, in order.
type starts []started

// started is the number of an hour or day that begins at a minute since the Unix epoch.
type started struct {
	start  int32
	number uint32
}

// find is where a start is, or would be.
func (s starts) find(start int32) (i int, known bool) {
	return slices.BinarySearchFunc(s, start, func(a started, start int32) int { return int(a.start) - int(start) })
}
