package broker_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"dwell/deploy/embedded/broker"
	"dwell/deploy/embedded/broker/brokertest"
)

// TestOtherProtocolsEndTheirConnectionAlone sends what browsers send to a port, and worse.
func TestOtherProtocolsEndTheirConnectionAlone(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 1))
	request := func(size uint32, kind, version int16) string {
		var b bytes.Buffer
		for _, field := range []any{size, kind, version, int32(1), int16(-1)} { // no client id
			if err := binary.Write(&b, binary.BigEndian, field); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	for name, sent := range map[string]string{
		"GET":                                   "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"POST":                                  "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc",
		"OPTIONS":                               "OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"TLS":                                   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"a size below zero":                     request(1<<32-1, 18, 0),
		"a size of nothing":                     request(0, 18, 0),
		"a size without a header":               request(7, 18, 0),
		"a size above the limit":                request(100<<20+1, 18, 0),
		"an unknown kind":                       request(10, 32767, 0),
		"a kind below zero":                     request(10, -1, 0),
		"a kind without a version":              request(10, 9999, 0),
		"an unknown version":                    request(10, 3, 9999),
		"a version below zero":                  request(10, 3, -1),
		"a kind between brokers":                request(10, 4, 0),
		"four billion tagged fields":            request(23, 3, 9) + "\x00\x01\x00\x00\x00" + "\xff\xff\xff\xff\x0f\x00\x00\x00",
		"records in a request that brings none": request(1<<20, 3, 0),
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatalf("%s: the broker is gone: %v", name, err)
		}
		if _, err := conn.Write([]byte(sent)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %d bytes came back, %v", name, n, err)
		}
		_ = conn.Close()
	}
	write(t, addr, 0, 0, 100)
}

// TestRequestsMayComeInPieces sends two requests in pieces of one byte.
func TestRequestsMayComeInPieces(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 1))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	versions := "\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff" // ApiVersions 0 with the correlation id 1
	for _, b := range []byte(versions + strings.Replace(versions, "\x01", "\x02", 1)) {
		if _, err := conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for id := range int32(2) {
		var head struct{ Size, ID int32 }
		if err := binary.Read(conn, binary.BigEndian, &head); err != nil || head.ID != id+1 {
			t.Fatalf("answer %d: got %+v, %v", id+1, head, err)
		}
		if _, err := io.CopyN(io.Discard, conn, int64(head.Size)-4); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSizesThatAreOnlyClaimedTakeNoMemory has many clients that announce large requests and send little of them.
func TestSizesThatAreOnlyClaimedTakeNoMemory(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 1))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 50 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write([]byte("\x06\x00\x00\x00\x00\x00\x00\x08 and a little more")); err != nil {
			t.Fatal(err)
		}
	}
	write(t, addr, 0, 0, 100)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

// TestIdleConnectionsMakeRoom opens more connections than there may be, which send nothing.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 1))
	useful, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = useful.Close() }()
	ask := func() error {
		_ = useful.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := useful.Write([]byte("\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff")); err != nil {
			return err
		}
		var size int32
		if err := binary.Read(useful, binary.BigEndian, &size); err != nil {
			return err
		}
		_, err := io.CopyN(io.Discard, useful, int64(size))
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	var idle []net.Conn
	for range 300 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		idle = append(idle, conn)
	}
	write(t, addr, 0, 0, 100)
	if err := ask(); err != nil {
		t.Errorf("a connection that is of use has ended: %v", err)
	}
	_ = idle[0].SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := idle[0].Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the first idle connection is open")
	}
}

// TestRequestsThatAreNeverFinishedEnd sends half a request.
func TestRequestsThatAreNeverFinishedEnd(t *testing.T) {
	broker.SetRequestTimeout(t, 100*time.Millisecond)
	addr := brokertest.Start(t, brokertest.Topic(topic, 1))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("\x00\x00\x00\x0a\x00\x12\x00")); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes came back, %v", n, err)
	}
}
