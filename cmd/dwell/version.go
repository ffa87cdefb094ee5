package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

func (*versionCommand) Run(e *env) error {
	_, err := fmt.Fprintln(e.out, versionLine())
	return err
}

// versionLine is what a report of a fault should carry.
func versionLine() string {
	return fmt.Sprintf("dwell %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is the program's own, as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
