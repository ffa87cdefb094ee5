package app

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFailureOfAPartIsReportedOnce(t *testing.T) {
	p := newParts(io.Discard)
	p.Go(t.Context(), "store", func(ctx context.Context) error {
		<-ctx.Done()
		return errors.New("the disk is full")
	})
	p.Go(t.Context(), "engine", func(context.Context) error { return errors.New("the topic is gone") })
	p.Go(t.Context(), "page", func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err := p.Wait(t.Context()); err == nil || err.Error() != "engine: the topic is gone" {
		t.Errorf("waiting reported %v", err)
	}
	if err := p.Stop(); err == nil || err.Error() != "store: the disk is full" {
		t.Errorf("stopping reported %v", err)
	}
}

func TestFailuresOfTwoPartsAreBothReported(t *testing.T) {
	p := newParts(io.Discard)
	for _, name := range []string{"store", "engine"} {
		<-p.Go(t.Context(), name, func(context.Context) error { return io.EOF }).done
	}
	if err := errors.Join(p.Wait(t.Context()), p.Stop()); strings.Count(err.Error(), "EOF") != 2 {
		t.Errorf("reported %v", err)
	}
}

func TestAnAnswerThatWasBegunIsEndedBeforeTheStop(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, answer := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		_, _ = io.WriteString(w, "whole")
	})}
	stopping := make(chan struct{})
	server.RegisterOnShutdown(func() { close(stopping) })
	p := newParts(io.Discard)
	p.Go(t.Context(), "web", func(ctx context.Context) error { return serveUntil(ctx, server, ln) })
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + ln.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			text = append(text, err.Error()...)
		}
		got <- string(text)
	}()
	<-asked
	go func() {
		<-stopping
		close(answer)
	}()
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if text := <-got; text != "whole" {
		t.Errorf("got %q", text)
	}
}

func TestFolderForgetsAddressesOfAKilledOwner(t *testing.T) {
	path := t.TempDir()
	word := filepath.Join(path, "running.json")
	if err := os.WriteFile(word, []byte(`{"process": 1, "kafka": "127.0.0.1:1"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := ownFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.release() }()
	var used *InUseError
	if _, err := ownFolder(path); !errors.As(err, &used) || used.Kafka != "" || used.Process != os.Getpid() || !strings.Contains(err.Error(), "DWELL_DATA") {
		t.Errorf("a second owner: %v", err)
	}
	if err := os.Truncate(filepath.Join(path, "lock"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := ownFolder(path); !errors.As(err, &used) || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("an owner whose disk had no room for its process id: %v", err)
	}
}
