//go:build unix && !linux

package main

import (
	"context"
	"errors"
)

var errOnlyLinux = errors.New("only Linux has file systems that can be resized while they are used")

func ownMounts(context.Context, []string) (int, error) { return 0, errOnlyLinux }
func mountMemory(string) error                         { return errOnlyLinux }
func unmount(string) error                             { return errOnlyLinux }
func resize(string, string) error                      { return errOnlyLinux }
func used(string) (int64, error)                       { return 0, errOnlyLinux }
