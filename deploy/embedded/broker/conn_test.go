package broker

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// pipes is a listener whose connections are in memory.
type pipes struct{ connections chan net.Conn }

func (p pipes) Accept() (net.Conn, error) { return <-p.connections, nil }
func (pipes) Addr() net.Addr              { return &net.TCPAddr{} }
func (pipes) Close() error                { return nil }

// A consumer's first request waits for records, and all other connections that there may be have been answered since. A further one comes, and
// another ends for it. Once the consumer has its answer, and has been idle for longest, its connection is the one that ends.
func TestConnectionWithARequestAtWorkStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipes{make(chan net.Conn, 1)}
		g := newGuard(p, slog.New(slog.DiscardHandler), nil)
		close(g.opened)
		connect := func() (client, server net.Conn) {
			t.Helper()
			client, own := net.Pipe()
			p.connections <- own
			server, err := g.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			time.Sleep(time.Second) // of the test's clock: each is active later than the one before
			return client, server
		}
		asks := func(client, server net.Conn) {
			t.Helper()
			text := kmsg.NewRequestFormatter().AppendRequest(nil, &kmsg.ApiVersionsRequest{}, 7)
			go func() { _, _ = client.Write(text) }()
			if _, err := io.ReadFull(server, make([]byte, len(text))); err != nil {
				t.Fatal(err)
			}
		}
		gets := func(client, server net.Conn) error {
			text := binary.BigEndian.AppendUint32(make([]byte, 4), 7)
			text = kmsg.NewPtrApiVersionsResponse().AppendTo(text)
			binary.BigEndian.PutUint32(text, uint32(len(text)-4))
			go func() { _, _ = io.ReadFull(client, make([]byte, len(text))) }()
			_, err := server.Write(text)
			time.Sleep(time.Second)
			return err
		}
		client, server := connect()
		asks(client, server)
		var others [][2]net.Conn
		for range maxConns - 1 {
			c, s := connect()
			asks(c, s)
			if err := gets(c, s); err != nil {
				t.Fatal(err)
			}
			others = append(others, [2]net.Conn{c, s})
		}
		connect()
		if err := gets(client, server); err != nil {
			t.Fatalf("a consumer that waits for records has lost its connection: %v", err)
		}
		for _, other := range others[1:] { // the first of them has ended
			asks(other[0], other[1])
			if err := gets(other[0], other[1]); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // for the first of these the connection ends that has sent nothing
			c, s := connect()
			asks(c, s)
		}
		if err := gets(client, server); err == nil {
			t.Error("a connection that is answered counts as at work")
		}
	})
}
