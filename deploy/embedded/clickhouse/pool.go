package clickhouse

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// poolSize bounds the statements that run at once (share); a request beyond it waits its turn.
	poolSize = 16
	// maxSessions bounds the sessions, each of which has a connection to the engine and a thread until it expires.
	maxSessions = 64
)

// pool lends connections: to a request without a session a free one that the same program had before, to a request with one its own.
// So what a statement leaves in a connection, in a way that broken does not know, never reaches the rows that dwell writes.
type pool struct {
	open func() (*conn, error)
	keep *conn // never lent, so that the engine runs as long as the pool

	own   string // the program for which statements are kept
	slots share

	mu       sync.Mutex
	free     []*conn
	sessions map[string]*session
}

// session is a connection that keeps its temporary tables and settings between the requests which name it.
type session struct {
	conn   *conn
	lent   bool
	expiry *time.Timer
}

var errSessionLocked = &exception{code: 373, name: "SESSION_IS_LOCKED", text: "Code: 373. DB::Exception: Session is locked by a concurrent client. (SESSION_IS_LOCKED)"}

var errTooManySessions = &exception{code: 202, name: "TOO_MANY_SIMULTANEOUS_QUERIES", text: "Code: 202. DB::Exception: Too many sessions; the embedded ClickHouse keeps 64, use one of them, a shorter session_timeout, or none. (TOO_MANY_SIMULTANEOUS_QUERIES)"}

func newPool(own string, open func() (*conn, error)) (*pool, error) {
	keep, err := open()
	if err != nil {
		return nil, err
	}
	return &pool{open: open, keep: keep, own: own, slots: newShare(poolSize), sessions: map[string]*session{}}, nil
}

// take lends a connection to a program: that of the session id, or any of the program if id is empty. The caller must call give once, which
// returns the connection.
func (p *pool) take(ctx context.Context, program, id string, timeout time.Duration) (_ *conn, give func(), err error) {
	leave, entered := p.slots.enter(isOwn(program, p.own), ctx.Done())
	if !entered {
		return nil, nil, ctx.Err()
	}
	defer func() {
		if err != nil {
			leave()
		}
	}()
	if id != "" {
		return p.takeSession(id, timeout, leave)
	}
	c := p.freeOf(program)
	if c == nil {
		if c, err = p.open(); err != nil {
			return nil, nil, err
		}
		c.program = program
	}
	return c, func() {
		gone := c
		if !c.broken {
			gone = p.putFree(c)
		}
		if gone != nil {
			gone.close()
		}
		leave()
	}, nil
}

// freeOf takes the connection that the program gave back last. It returns nil if the program has no free connection.
func (p *pool) freeOf(program string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.free) - 1; i >= 0; i-- {
		if c := p.free[i]; c.program == program {
			p.free = slices.Delete(p.free, i, i+1)
			return c
		}
	}
	return nil
}

// putFree gives a connection back. If that makes too many, it takes out the one that has been free longest and returns it, for the caller
// to close.
func (p *pool) putFree(c *conn) (over *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == poolSize {
		over = p.free[0]
		p.free = slices.Delete(p.free, 0, 1)
	}
	p.free = append(p.free, c)
	return over
}

func (p *pool) takeSession(id string, timeout time.Duration, leave func()) (*conn, func(), error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[id]
	if s == nil {
		if len(p.sessions) >= maxSessions {
			return nil, nil, errTooManySessions
		}
		c, err := p.open()
		if err != nil {
			return nil, nil, err
		}
		s = &session{conn: c}
		p.sessions[id] = s
	}
	if s.lent {
		return nil, nil, errSessionLocked
	}
	s.lent = true
	if s.expiry != nil {
		s.expiry.Stop()
	}
	return s.conn, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.lent = false
		s.expiry = time.AfterFunc(timeout, func() { p.expire(id, s) })
		leave()
	}, nil
}

func (p *pool) expire(id string, s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.lent || p.sessions[id] != s {
		return
	}
	delete(p.sessions, id)
	s.conn.close()
}

// close ends all connections and with the last one the engine. No connection may be lent any more.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, s := range p.sessions {
		if s.lent {
			return errors.New("a query is still running")
		}
		s.expiry.Stop()
		s.conn.close()
		delete(p.sessions, id)
	}
	for _, c := range p.free {
		c.close()
	}
	p.free = nil
	p.keep.close()
	return nil
}
