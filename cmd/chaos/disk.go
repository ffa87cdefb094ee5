package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/deploy/embedded/fulldisk"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
)

// closeDisk unmounts a disk. Its contents may be copied to the folder that it was mounted on.
func closeDisk(d *fulldisk.Disk, keep bool) error {
	aside := d.Dir + ".kept"
	if keep {
		if err := errors.Join(d.Free(), os.CopyFS(aside, os.DirFS(d.Dir))); err != nil {
			return err
		}
	}
	if err := d.Close(); err != nil || !keep {
		return err
	}
	return errors.Join(os.Remove(d.Dir), os.Rename(aside, d.Dir))
}

// full fills the disk of a part until the part reports it, and for some time more, in which space is freed and filled again.
// Half of the time the part is killed meanwhile, and must start with a full disk.
func full(ctx context.Context, b *border, d *fulldisk.Disk, p *process, r *rand.Rand, seen, up func() bool) (what string, err error) {
	dies, gaps := r.IntN(2) == 0, make([]time.Duration, r.IntN(6))
	for i := range gaps {
		gaps[i] = between(r, 0, 700*time.Millisecond)
	}
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	begin := time.Now()
	defer func() { err = errors.Join(err, d.Free()) }()
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
	if err := b.healthy("a disk was full"); err != nil {
		return "", err
	}
	for _, gap := range gaps {
		if err := errors.Join(d.Free(), pause(ctx, gap), d.Fill(), pause(ctx, gap)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("disk of %s for %v%s", p.name, time.Since(begin).Round(time.Millisecond), what), nil
}

// whileFull waits for a condition while the disk is full.
func (b *border) whileFull(ctx context.Context, d *fulldisk.Disk, what string, is func() bool) error {
	var failed error
	err := b.until(ctx, what, func() bool {
		failed = d.Fill()
		return failed != nil || is()
	})
	return errors.Join(failed, err)
}

// clickHouseFull lasts until an instance reports that it is not ready.
func clickHouseFull(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	return full(ctx, b, b.clickhouseDisk, b.clickhouse, r, func() bool {
		for i := range b.instances {
			if b.status(i, "/readyz") == http.StatusServiceUnavailable {
				return true
			}
		}
		return false
	}, b.clickHouseAnswers)
}

// brokerFull lasts until the broker refuses a record with the error of a full disk.
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
		err := producer.DeadLetters(soon, event.DeadLetter{Reason: "probe"})
		return errors.Is(err, kafkago.KafkaStorageError)
	}, b.broker.started)
}
