package imports

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// begin waits until no other import is at work, takes a number, and completes imports that were killed. Its context ends when the import
// must not go on, since it could not say in time that it is at work. End writes that the import has ended, unless it is given an error.
func (im *Importer) begin(ctx context.Context, about *Import) (_ context.Context, end func(error) error, err error) {
	all, err := im.turn(ctx, about)
	if err != nil {
		return ctx, nil, err
	}
	im.touched, im.undone = map[place]bool{}, map[uint32]bool{}
	for i := range all {
		if all[i].Kind == Undoing {
			im.undone[all[i].Number], im.undone[all[i].Of] = true, true
		}
	}
	for i := range all {
		was := &all[i]
		if about.Kind == was.Kind && about.FileHash != "" && was.FileHash == about.FileHash && was.MappingHash == about.MappingHash &&
			!was.Ended.IsZero() && !was.Interrupted && im.standing(was.Number) {
			about.Of = was.Number
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	var beating sync.WaitGroup
	beat, rest := context.WithCancel(ctx)
	row := *about
	beating.Go(func() { im.beat(beat, row, stop) })
	end = func(failed error) error {
		rest()
		beating.Wait()
		cause := context.Cause(ctx)
		stop(nil)
		if failed != nil {
			if cause != nil && !errors.Is(failed, cause) {
				failed = errors.Join(cause, failed)
			}
			if cause == nil { // the next one completes it, and need not wait until this one is taken for killed
				about.Interrupted = true
				failed = errors.Join(failed, im.Table.WriteImport(context.WithoutCancel(ctx), about))
			}
			return failed
		}
		about.Ended = time.Now()
		return im.Table.WriteImport(context.WithoutCancel(ctx), about)
	}
	for i := range all {
		if all[i].Ended.IsZero() && all[i].Number != about.Number {
			if err := im.complete(ctx, all[i]); err != nil {
				return ctx, nil, end(err)
			}
		}
	}
	return ctx, end, nil
}

// settle is how long a number is looked at again after it was taken. Of two processes that take one at the same time it is of the one that
// began first, and the other one has written its row by then.
const settle = 500 * time.Millisecond

// turn waits, and takes a number.
func (im *Importer) turn(ctx context.Context, about *Import) ([]Import, error) {
	for {
		all, err := im.Table.Imports(ctx)
		if err != nil {
			return nil, err
		}
		var working *Import
		highest := uint32(0)
		for i := range all {
			highest = max(highest, all[i].Number)
			if all[i].Number == about.Number && all[i].Token != about.Token { // it is of another import, which goes first
				about.Number = 0
			}
			if all[i].Alive && working == nil && (about.Number == 0 || all[i].Number < about.Number) {
				working = &all[i]
			}
		}
		switch {
		case working != nil:
			if im.Waiting != nil {
				im.Waiting(working)
			}
			err = pause(ctx, time.Second)
			if err == nil && about.Number > 0 {
				err = im.Table.WriteImport(ctx, about)
			}
		case about.Number > 0:
			return all, nil
		default:
			about.Number, about.Token, about.Begun = highest+1, rand.Uint64(), time.Now()
			err = im.Table.WriteImport(ctx, about)
			if err == nil {
				err = pause(ctx, settle)
			}
			if errors.Is(err, ErrTaken) {
				about.Number, err = 0, nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// ErrTaken says that another process has taken the number of an import.
var ErrTaken = errors.New("another import has taken this number")

// beat writes again and again that the import is at work, and stops it when that is not stored in time.
func (im *Importer) beat(ctx context.Context, row Import, stop context.CancelCauseFunc) {
	written := time.Now()
	tick := time.NewTicker(Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		begun := time.Now()
		bounded, cancel := context.WithTimeout(ctx, Lease/2)
		err := im.Table.WriteImport(bounded, &row)
		cancel()
		switch {
		case err == nil:
			written = begun
		case ctx.Err() == nil && time.Since(written) > Lease*3/4:
			stop(fmt.Errorf("the import could not say that it is at work: %w", err))
			return
		}
	}
}

// complete writes to the log what an import that was killed had been about to write, and what follows from it.
func (im *Importer) complete(ctx context.Context, killed Import) error {
	d := im.decoder()
	killed.Added, killed.Retracted, killed.Changes = 0, 0, 0 // by its entries, which may be more than its row says, or less
	for after := (*Key)(nil); ; {
		page, err := im.Table.EntriesOf(ctx, killed.Number, after)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		after = &page[len(page)-1].Key
		var said []statement
		for i := range page {
			im.touch(&page[i])
			if !page[i].Appended && len(page[i].Retraction) == 0 {
				continue
			}
			s, err := d.restate(page[i])
			if err != nil {
				return err
			}
			said = append(said, s)
			switch {
			case page[i].Derived:
				killed.Changes++
			case killed.Kind == Undoing:
				killed.Retracted++
			default:
				killed.Added++
			}
		}
		if err := im.send(ctx, said); err != nil {
			return err
		}
	}
	if killed.Kind == Undoing {
		if err := im.takeBack(ctx, &killed); err != nil {
			return err
		}
	} else if err := im.changes(ctx, &killed); err != nil {
		return err
	}
	clear(im.touched)
	killed.Ended, killed.Interrupted = time.Now(), true
	return im.Table.WriteImport(ctx, &killed)
}
