package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// damagePart damages a file of the largest part of a table while ClickHouse is stopped: it cuts its end off, or flips a bit. /readyz must
// name the table, and dwell recount, which it names, must mend it.
func damagePart(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	tables, where, flip := []string{"windows", "visits", "inside_now", "restatements", "events"}, r.Float64(), r.IntN(2) == 0
	table := tables[r.IntN(len(tables))]
	defer b.load.hold()()
	if table == "events" {
		flip = false // a part that ClickHouse has not set aside has to be detached by hand first
		if b.load.own.lost > 0 {
			table = "visits" // events are read again from the log, which is not whole
		}
	}
	if err := errors.Join(b.ready(ctx), b.caughtUp(ctx), b.stopInstances()); err != nil {
		return "", err
	}
	folder, err := b.tableFolder(ctx, table)
	if err != nil {
		return "", err
	}
	if err := b.clickhouse.stop(); err != nil {
		return "", err
	}
	file, err := largest(folder)
	if err != nil {
		return "", err
	}
	how, err := damage(file, where, flip)
	if err != nil {
		return "", err
	}
	if err := b.clickhouse.start(); err != nil {
		return "", err
	}
	if err := b.until(ctx, "clickhouse answers", b.clickHouseAnswers); err != nil {
		return "", err
	}
	for _, p := range b.instances {
		if err := p.start(); err != nil {
			return "", err
		}
	}
	if err := b.named(ctx, table); err != nil {
		return "", fmt.Errorf("%s %s: %w", file, how, err)
	}
	if err := errors.Join(b.stopInstances(), b.recount(ctx), b.startInstances(ctx)); err != nil {
		return "", fmt.Errorf("%s %s: %w", file, how, err)
	}
	return fmt.Sprintf("%s of table %s %s, and recounted", filepath.Base(file), table, how), nil
}

// named waits until an instance says that the table is damaged.
func (b *border) named(ctx context.Context, table string) error {
	var reasons string
	err := b.until(ctx, "/readyz names the damaged table "+table, func() bool {
		for i := range b.instances {
			var code int
			code, reasons = b.get(i, "/readyz")
			damaged := b.metrics(i, "dwell_damaged_parts")[fmt.Sprintf("{table=%q}", table)]
			if code == http.StatusServiceUnavailable && damaged > 0 && strings.Contains(reasons, " of table "+table+" is damaged, so that numbers may be missing: run dwell recount") {
				return true
			}
		}
		return false
	})
	if err != nil {
		return fmt.Errorf("%w; it says %q", err, reasons)
	}
	return nil
}

// tableFolder is where ClickHouse keeps the parts of a table.
func (b *border) tableFolder(ctx context.Context, table string) (folder string, err error) {
	conn, err := b.connect()
	if err != nil {
		return "", err
	}
	const anyPart = "SELECT path FROM system.parts WHERE active AND database = ? AND table = ? LIMIT 1"
	err = conn.QueryRow(ctx, anyPart, b.database, table).Scan(&folder)
	return filepath.Dir(filepath.Clean(folder)), errors.Join(err, conn.Close())
}

// partName is partition, first block, last block, and how often it was merged.
var partName = regexp.MustCompile(`^(.+)_(\d+)_(\d+)_(\d+)$`)

// largest is the largest data file of the parts in use: of those that are not contained in another one.
func largest(folder string) (file string, err error) {
	type part struct {
		partition   string
		first, last int
		merged      int
	}
	parts := map[string]part{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if m := partName.FindStringSubmatch(e.Name()); m != nil && e.IsDir() {
			p := part{partition: m[1]}
			p.first, _ = strconv.Atoi(m[2])
			p.last, _ = strconv.Atoi(m[3])
			p.merged, _ = strconv.Atoi(m[4])
			parts[e.Name()] = p
		}
	}
	size := int64(-1)
	for name, p := range parts {
		contained := false
		for other, o := range parts {
			contained = contained || other != name && o.partition == p.partition && o.first <= p.first && o.last >= p.last && o.merged >= p.merged
		}
		if contained {
			continue
		}
		err := filepath.WalkDir(filepath.Join(folder, name), func(path string, e fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".bin" {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Size() > size {
				file, size = path, info.Size()
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	if size < 100 {
		return "", fmt.Errorf("%s has no part with a file of a hundred bytes", folder)
	}
	return file, nil
}

// damage flips a bit of a file at this share of it, or cuts up to half of it off.
func damage(file string, where float64, flip bool) (how string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if flip {
		at := int(where * float64(len(text)))
		text[at] ^= 1
		how = fmt.Sprintf("with a flipped bit in byte %d", at)
	} else {
		cut := 1 + int(where/2*float64(len(text)))
		text = text[:len(text)-cut]
		how = fmt.Sprintf("cut by %d bytes", cut)
	}
	return how, os.WriteFile(file, text, 0o600)
}

// recount runs dwell recount. It refuses as long as a killed instance has not left the group.
func (b *border) recount(ctx context.Context) error {
	var out []byte
	var failed error
	err := b.until(ctx, "the killed instances have left the group", func() bool {
		cmd := exec.CommandContext(ctx, b.dwell, "recount")
		cmd.Env = append(cmd.Environ(), b.config()...)
		out, failed = cmd.CombinedOutput()
		return failed == nil || !strings.Contains(string(out), "stop all processes before a recount")
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("dwell recount: %w\n%s", err, out)
	}
	return nil
}
