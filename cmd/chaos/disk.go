package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/kafka"
)

// disk is a file system of its own that runs full: it becomes no larger than what is on it. Nothing is written to fill
// it, so that the part whose data it holds never finds another's.
type disk struct{ dir string }

func newDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &disk{dir}, mountMemory(dir)
}

// fill leaves no room, not even what has been deleted since it was last called.
func (d *disk) fill() error {
	for {
		bytes, err := used(d.dir)
		if err != nil {
			return err
		}
		err = resize(d.dir, strconv.FormatInt(bytes, 10))
		if !errors.Is(err, syscall.EINVAL) { // more has been written meanwhile
			return err
		}
	}
}

// free gives it room again.
func (d *disk) free() error { return resize(d.dir, "50%") }

// close unmounts it. What is on it may be kept, in the folder that it was mounted on.
func (d *disk) close(keep bool) error {
	aside := d.dir + ".kept"
	if keep {
		if err := errors.Join(d.free(), os.CopyFS(aside, os.DirFS(d.dir))); err != nil {
			return err
		}
	}
	if err := unmount(d.dir); err != nil || !keep {
		return err
	}
	return errors.Join(os.Remove(d.dir), os.Rename(aside, d.dir))
}

// full keeps the disk of a part full until that is seen, and for some time more, in which others make room and take it
// again. One time in two the part is killed meanwhile, and must come up with a full disk.
func full(ctx context.Context, b *border, d *disk, p *process, r *rand.Rand, seen, up func() bool) (what string, err error) {
	dies, gaps := r.IntN(2) == 0, make([]time.Duration, r.IntN(6))
	for i := range gaps {
		gaps[i] = between(r, 0, 700*time.Millisecond)
	}
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	begin := time.Now()
	defer func() { err = errors.Join(err, d.free()) }()
	if err := b.whileFull(ctx, d, p.name+" has noticed that its disk is full", seen); err != nil {
		return "", err
	}
	if dies {
		if _, err := kill(ctx, p, 0); err != nil {
			return "", err
		}
		if err := b.whileFull(ctx, d, p.name+" starts with a full disk", up); err != nil {
			return "", err
		}
		what = ", and it was killed"
	}
	for i, p := range b.serves {
		if code := b.status(i, "/healthz"); code != http.StatusOK {
			return "", fmt.Errorf("%s: /healthz says %d while a disk is full", p.name, code)
		}
	}
	for _, gap := range gaps {
		if err := errors.Join(d.free(), pause(ctx, gap), d.fill(), pause(ctx, gap)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("disk of %s for %v%s", p.name, time.Since(begin).Round(time.Millisecond), what), nil
}

// whileFull waits for something to come to be on a full disk.
func (b *border) whileFull(ctx context.Context, d *disk, what string, is func() bool) error {
	var failed error
	err := b.until(ctx, what, func() bool {
		failed = d.fill()
		return failed != nil || is()
	})
	return errors.Join(failed, err)
}

// clickHouseFull is over when a serve has said that it is not ready.
func clickHouseFull(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	return full(ctx, b, b.clickhouseDisk, b.clickhouse, r, func() bool {
		for i := range b.serves {
			if b.status(i, "/readyz") == http.StatusServiceUnavailable {
				return true
			}
		}
		return false
	}, b.clickHouseAnswers)
}

// brokerFull is over when the broker has refused a record, and said why.
func brokerFull(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{b.kafkaAddr}
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		return "", err
	}
	defer producer.Close()
	return full(ctx, b, b.brokerDisk, b.broker, r, func() bool {
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		err := producer.DeadLetters(soon, kafka.DeadLetter{Reason: "probe", Topic: cfg.Topic})
		return errors.Is(err, kafkago.KafkaStorageError)
	}, b.broker.served)
}
