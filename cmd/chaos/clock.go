package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"time"
)

// clocksCanBeSet tries to set the clock of a test program.
func clocksCanBeSet(program string) error {
	cmd := exec.Command(program, "--help")
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	c, err := startWithClock(cmd, 0)
	if err != nil {
		return err
	}
	c.close()
	return cmd.Wait()
}

// setClock sets the wall clock of a serve hours ahead or behind, while it runs or before it starts. The skew stays until it
// is set again, so later faults hit serves whose clocks disagree.
func setClock(ctx context.Context, b *border, r *rand.Rand) (what string, err error) {
	i := r.IntN(len(b.serves))
	p, when := b.serves[i], "at work"
	ahead := between(r, -36*time.Hour, 36*time.Hour).Round(time.Second)
	if r.IntN(3) == 0 {
		ahead = between(r, -90*time.Second, 90*time.Second).Round(time.Second)
	}
	if r.IntN(3) == 0 {
		when = "from its start"
		if err := p.kill(); err != nil {
			return "", err
		}
		if err := p.setClock(ahead); err != nil {
			return "", err
		}
		err = p.start()
	} else if err = b.ready(ctx); err == nil {
		err = p.setClock(ahead)
	}
	if err != nil {
		return "", err
	}
	err = b.until(ctx, fmt.Sprintf("the clock of %s is %v ahead", p.name, ahead), func() bool {
		says, err := b.clock(i)
		return err == nil && time.Since(says.Add(-ahead)).Abs() < 10*time.Second
	})
	way := "ahead"
	if ahead < 0 {
		way = "behind"
	}
	return fmt.Sprintf("%s is %v %s, %s", p.name, ahead.Abs(), way, when), err
}

// clock is the time of a serve, from the Date of a response.
func (b *border) clock(serve int) (time.Time, error) {
	client := http.Client{Timeout: 2 * time.Second}
	res, err := client.Get("http://" + b.pages[serve] + "/healthz")
	if err != nil {
		return time.Time{}, err
	}
	_ = res.Body.Close()
	return http.ParseTime(res.Header.Get("Date"))
}
