package clickhouse_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/deploy/embedded/fulldisk/fulldisktest"
)

// TestAcknowledgedInsertsSurviveAFullDisk lets the disk run full in the middle of inserts and merges.
func TestAcknowledgedInsertsSurviveAFullDisk(t *testing.T) {
	disk := fulldisktest.Mount(t)
	if disk == nil {
		return
	}
	dir := filepath.Join(disk.Dir, "data")
	engine := clickhousetest.Open(t, dir)
	ask(t, engine.Server, nil, "CREATE TABLE t (writer UInt8, x UInt64, s String) ENGINE = ReplacingMergeTree ORDER BY (writer, x)")

	const rows = 1000
	var writers [4]writer
	var all sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := writers[w].acknowledged.Load()
				if insert(engine.URL(), fmt.Sprintf("INSERT INTO t SELECT %d, number, randomPrintableASCII(100) FROM numbers(%d, %d)", w, n*rows, rows)) {
					writers[w].acknowledged.Add(1)
				} else {
					writers[w].refused.Add(1)
				}
			}
		})
	}
	for round := int64(1); round <= 10 && answers(engine.Addr); round++ {
		for w := range writers { // all of them are at work
			waitFor(t, engine.Addr, &writers[w].acknowledged, 10)
		}
		fulldisktest.Fill(t, disk)
		for w := range writers {
			waitFor(t, engine.Addr, &writers[w].refused, 1)
		}
		fulldisktest.Free(t, disk)
	}
	close(stop)
	all.Wait()
	endedByItself := !answers(engine.Addr)
	if !endedByItself {
		engine.Kill(t)
	}

	engine = clickhousetest.Open(t, dir)
	if damaged := ask(t, engine.Server, nil, "SELECT name FROM system.detached_parts WHERE reason LIKE 'broken%'"); endedByItself && damaged != "" {
		t.Errorf("reported as damaged, though nothing is lost: %q", damaged)
	}
	for w := range writers {
		acknowledged := writers[w].acknowledged.Load() * rows
		var have int64
		if _, err := fmt.Sscan(ask(t, engine.Server, nil, fmt.Sprintf("SELECT count() FROM t FINAL WHERE writer = %d", w)), &have); err != nil {
			t.Fatal(err)
		}
		if have < acknowledged || have > acknowledged+rows {
			t.Errorf("of writer %d there are %d rows, of which %d were acknowledged", w, have, acknowledged)
		}
	}
}

type writer struct{ acknowledged, refused atomic.Int64 }

// waitFor waits until a count has grown by so much, or the engine has ended.
func waitFor(t *testing.T, addr string, count *atomic.Int64, more int64) {
	t.Helper()
	for until := count.Load() + more; count.Load() < until && answers(addr); {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func insert(url, sql string) bool {
	response, err := http.Post(url, "", strings.NewReader(sql))
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func answers(addr string) bool {
	response, err := http.Get("http://" + addr + "/ping")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}
