package main

import (
	"fmt"
	"runtime"

	"dwell/cmd/dwell/app"
)

type versionCommand struct{}

func (*versionCommand) Run(e *env) error {
	_, err := fmt.Fprintln(e.out, versionLine())
	return err
}

// versionLine is what a report of a fault should carry.
func versionLine() string {
	return fmt.Sprintf("dwell %s %s %s/%s", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
