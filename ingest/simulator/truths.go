package simulator

import "iter"

// Truths simulates without events, which takes a fraction of the time. It yields each visit when it is over, and at the end those
// still inside, ordered by when they set out. Nothing is lost where nothing is sent, so TruthLine.Lost is never set. Config.Truth
// is not called.
func Truths(cfg Config) (iter.Seq[TruthLine], error) {
	var over []TruthLine
	cfg.Truth = func(l TruthLine) { over = append(over, l) }
	s, err := silent(cfg)
	if err != nil {
		return nil, err
	}
	return func(yield func(TruthLine) bool) {
		for more := true; more; {
			more = s.step()
			for _, l := range over {
				if !yield(l) {
					return
				}
			}
			over = over[:0]
		}
	}, nil
}

// silent is a simulator that sends nothing.
func silent(cfg Config) (*Simulator, error) {
	s, err := newSimulator(cfg)
	if err != nil {
		return nil, err
	}
	s.delivery.off = true
	s.begin()
	return s, nil
}
