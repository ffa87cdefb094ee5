package clickhouse

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// readers are users as an administrator may make them, and whether they suffice for reading.
var readers = map[string]struct {
	level      int
	changeable []string
	reads      bool
}{
	"readonly = 2": {2, nil, true},
	"readonly = 1, max_execution_time is changeable": {1, []string{"max_execution_time"}, true},
	"readonly = 1": {1, nil, false},
}

func TestReadOnlyUserReads(t *testing.T) {
	server := clickhousetest.Start(t)
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{server.Addr}, server.Database, server.Password
	open(t, cfg, vocabulary(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // which becomes max_execution_time
	defer cancel()
	const way = `the profile of user "default" has readonly = 1: a user for reading needs readonly = 2`
	for name, reader := range readers {
		for _, compression := range []string{"none", "lz4"} {
			t.Run(name+" "+compression, func(t *testing.T) {
				cfg := cfg
				cfg.Addresses, cfg.Compression = []string{server.ReadOnly(t, reader.level, reader.changeable...).Addr}, compression
				conn, err := Connect(cfg)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				err = conn.Exec(ctx, "SELECT count() FROM visits FINAL")
				if (err == nil) != reader.reads {
					t.Errorf("of a read the error is %v", err)
				}
				err = Check(ctx, cfg)
				if (err == nil) != reader.reads || err != nil && !strings.Contains(err.Error(), way) {
					t.Errorf("of a check the error is %v", err)
				}
				var exception *driver.Exception
				if err := conn.Exec(ctx, "INSERT INTO progress (shard, offset) VALUES (1, 2)"); !errors.As(err, &exception) || exception.Code != codeReadOnly {
					t.Errorf("of a write the error is %v", err)
				}
			})
		}
	}
}
