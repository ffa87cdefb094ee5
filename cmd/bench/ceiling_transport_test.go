package main

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/pierrec/lz4/v4"
)

// bytesInserted is how many bytes an event of the comparison adds to all tables, averaged over a run with two million events.
const bytesInserted = 555

// benchmarkSend writes what is inserted to a connection of this machine. What it takes to read it is another's.
func benchmarkSend(b *testing.B) {
	const events = 100_000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	read := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		c, err := l.Accept()
		if err == nil {
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 1<<20))
			_ = c.Close()
		}
		read <- err
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 1<<20)
	perEvent(b, events, func() {
		for left := events * bytesInserted; left > 0; left -= len(block) {
			if _, err := c.Write(block[:min(left, len(block))]); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
	if err := <-read; err != nil {
		b.Fatal(err)
	}
}

// benchmarkDecompress decompresses events in batches such as a producer makes.
func benchmarkDecompress(b *testing.B, events [][]byte) {
	const batch = 1000
	var batches [][]byte
	for at := 0; at < len(events); at += batch {
		plain := bytes.Join(events[at:min(at+batch, len(events))], nil)
		packed := make([]byte, lz4.CompressBlockBound(len(plain)))
		n, err := lz4.CompressBlock(plain, packed, nil)
		if err != nil || n == 0 {
			b.Fatal(n, err)
		}
		batches = append(batches, packed[:n])
	}
	plain := make([]byte, 1<<20)
	perEvent(b, float64(len(events)), func() {
		for _, packed := range batches {
			if _, err := lz4.UncompressBlock(packed, plain); err != nil {
				b.Fatal(err)
			}
		}
	})
}
