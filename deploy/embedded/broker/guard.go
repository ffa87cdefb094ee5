package broker

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// guard ends connections that do not speak Kafka's protocol, before kfake reads from them. kfake takes the first four bytes of
// whatever comes for the size of a request and makes a buffer of that size: 1.2 GB for the "GET " of a browser, which any web page
// can make send as many as it likes to a loopback port. A request of an unknown kind would end the program.
type guard struct {
	net.Listener
	log *slog.Logger
}

func (g guard) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guarded{Conn: conn, log: g.log}, nil
}

const (
	// maxRequest is Kafka's own default of socket.request.max.bytes. The beginnings of HTTP and of TLS are larger sizes.
	maxRequest = 100 << 20
	// minRequest is a header: kind, version and correlation id.
	minRequest = 8
)

// guarded hands out a request once its size and its kind can be those of one.
type guarded struct {
	net.Conn
	log   *slog.Logger
	head  [6]byte // size and kind of the request
	ahead []byte  // what of the head has not been handed out
	left  int     // bytes of the request behind the head that have not been read
}

func (g *guarded) Read(p []byte) (int, error) {
	if len(g.ahead) == 0 && g.left == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	if len(g.ahead) > 0 {
		n := copy(p, g.ahead)
		g.ahead = g.ahead[n:]
		return n, nil
	}
	n, err := g.Conn.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// next reads the head of the next request.
func (g *guarded) next() error {
	if _, err := io.ReadFull(g.Conn, g.head[:]); err != nil {
		return err
	}
	size, kind := binary.BigEndian.Uint32(g.head[:4]), int16(binary.BigEndian.Uint16(g.head[4:]))
	if size < minRequest || size > maxRequest || kmsg.RequestForKey(kind) == nil {
		err := fmt.Errorf("%s sent %q, which begins no request of Kafka", g.RemoteAddr(), g.head)
		g.log.Debug("connection ended", "error", err)
		return err
	}
	g.ahead, g.left = g.head[:], int(size)-(len(g.head)-4)
	return nil
}
