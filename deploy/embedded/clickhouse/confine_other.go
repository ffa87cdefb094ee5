//go:build !linux

package clickhouse

import "errors"

const confinedVariable = "DWELL_CLICKHOUSE_CONFINED"

func confine(string, ...string) error { return errors.New("no Landlock; it needs Linux 5.19 or later") }
