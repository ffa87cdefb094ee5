package main

import (
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }
