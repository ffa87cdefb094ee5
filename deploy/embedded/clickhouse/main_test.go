package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// parentVariable makes this binary a parent of the engine on a data folder.
const parentVariable = "DWELL_CLICKHOUSE_PARENT"

// confinedVariable makes this binary a process that confines itself to a folder and then does what its arguments say.
const confinedVariable = "DWELL_CLICKHOUSE_CONFINED_TO"

// listEveryVariable is how often an engine lists its parts.
const listEveryVariable = "DWELL_CLICKHOUSE_LIST_EVERY"

func TestMain(m *testing.M) {
	if every := os.Getenv(listEveryVariable); every != "" {
		clickhouse.SetListEvery(every)
	}
	if dir := os.Getenv(confinedVariable); dir != "" {
		confined(dir, os.Args[1], os.Args[2])
		return
	}
	if dir := os.Getenv(parentVariable); dir != "" {
		parent(dir)
		return
	}
	clickhousetest.Main(m)
}

// confined reports on standard output whether it can do something from within a folder.
func confined(dir, do, with string) {
	err := clickhouse.Confine(dir)
	if err == nil {
		switch do {
		case "read":
			_, err = os.ReadFile(with)
		case "list":
			_, err = os.ReadDir(with)
		case "write":
			err = os.WriteFile(with, nil, 0o644)
		case "run":
			err = exec.Command(with).Run()
		case "connect":
			_, err = net.Dial("tcp", with)
		case "leave":
			if err = clickhouse.LeaveFolder(with); err == nil {
				if _, gone := syscall.Getcwd(make([]byte, 1<<12)); gone == nil {
					err = errors.New("the working folder exists")
				}
			}
		}
	}
	fmt.Println(err)
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
