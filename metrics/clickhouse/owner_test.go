package clickhouse

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"dwell/metrics/engine"
)

// Torkham's shard changes hands while its owner is about to write.
func TestLaterEpochFencesTheEarlierOwner(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	first, announced, err := s.AcquireEpoch(t.Context(), 3)
	if err != nil || len(announced) > 0 {
		t.Fatalf("the first owner finds %v announced, %v", announced, err)
	}
	for _, asOf := range []int64{120, 200} {
		if err := s.AnnounceFlush(t.Context(), 3, first, asOf); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteProgress(t.Context(), 3, &engine.Flush{AsOf: 120}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.AcquireEpoch(t.Context(), 4); err != nil { // another shard
		t.Fatal(err)
	}
	if err := s.AnnounceFlush(t.Context(), 3, first, 210); err != nil {
		t.Fatal(err)
	}
	second, announced, err := s.AcquireEpoch(t.Context(), 3)
	if err != nil || !slices.Equal(announced, []int64{210}) {
		t.Fatalf("the second owner finds %v announced, %v", announced, err)
	}
	if err := s.AnnounceFlush(t.Context(), 3, first, 300); !errors.Is(err, engine.ErrFenced) {
		t.Fatalf("the first owner continues: %v", err)
	}
	if err := s.AnnounceFlush(t.Context(), 3, second, 250); err != nil {
		t.Fatal(err)
	}
	if _, announced, err = s.AcquireEpoch(t.Context(), 3); err != nil || !slices.Equal(announced, []int64{250, 300}) {
		t.Fatalf("the third owner finds %v announced, %v", announced, err)
	}
	if err := s.WriteProgress(t.Context(), 3, &engine.Flush{AsOf: 300}); err != nil {
		t.Fatal(err)
	}
	if _, announced, err = s.AcquireEpoch(t.Context(), 3); err != nil || len(announced) > 0 {
		t.Fatalf("the fourth owner finds %v announced, %v", announced, err)
	}
}

// Of owners that come and announce at the same time, one is the last, and it knows of every flush that was let through.
func TestLastOwnerKnowsEveryAnnouncedFlush(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	const instances = 8
	type instance struct {
		owner  engine.Owner
		before []int64
		err    error
	}
	all := make([]instance, instances)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			in := &all[i]
			if in.owner, in.before, in.err = s.AcquireEpoch(t.Context(), 0); in.err == nil {
				in.err = s.AnnounceFlush(t.Context(), 0, in.owner, int64(100+i))
			}
		})
	}
	wait.Wait()
	last := slices.MaxFunc(all, func(a, b instance) int {
		if a.owner.Epoch != b.owner.Epoch {
			return int(a.owner.Epoch) - int(b.owner.Epoch)
		}
		return map[bool]int{true: 1, false: -1}[a.owner.Number > b.owner.Number]
	})
	for i, in := range all {
		switch {
		case in.owner == last.owner:
			if in.err != nil {
				t.Errorf("the last owner: %v", in.err)
			}
		case in.err == nil && !slices.Contains(last.before, int64(100+i)):
			t.Errorf("owner %+v was let through, and the last one knows of %v alone", in.owner, last.before)
		case in.err != nil && !errors.Is(in.err, engine.ErrFenced):
			t.Errorf("owner %+v: %v", in.owner, in.err)
		}
	}
}
