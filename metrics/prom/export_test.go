package prom

// ClassicBuckets are the bounds of the classic buckets of times.
func ClassicBuckets() []float64 { return classic[:] }
