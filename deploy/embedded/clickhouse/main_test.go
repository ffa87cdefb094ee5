package clickhouse_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"testing"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// parentVariable makes this binary a parent of the engine on a data folder.
const parentVariable = "DWELL_CLICKHOUSE_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentVariable); dir != "" {
		parent(dir)
		return
	}
	clickhousetest.Main(m)
}

// parent runs an engine, says where, and stays until it is killed.
func parent(dir string) {
	signal.Ignore(os.Interrupt)
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if _, err := clickhouse.CreatePassword(clickhousetest.PasswordFile(dir)); err != nil {
		panic(err)
	}
	env := []string{parentVariable + "=", clickhousetest.DataVariable + "=" + dir}
	child := clickhouse.NewChild([]string{exe}, env, os.Stderr)
	go func() {
		<-child.Ready()
		fmt.Println(child.Addr())
	}()
	fmt.Fprintln(os.Stderr, child.Run(context.Background()))
}
