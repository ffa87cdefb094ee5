package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build runs what builds the engines, each command once.
func build(ctx context.Context, entered []*entry) error {
	cache, err := cacheFolder()
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, e := range entered {
		for _, args := range e.build() {
			args = fill(args, "{cache}", cache)
			line := strings.Join(args, " ")
			if done[line] {
				continue
			}
			done[line] = true
			if output, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %s: %w\n%s", e.name(), line, err, output)
			}
		}
	}
	return nil
}

// fill replaces placeholders in arguments by their values.
func fill(args []string, pairs ...string) []string {
	replace := strings.NewReplacer(pairs...)
	var filled []string
	for _, a := range args {
		filled = append(filled, replace.Replace(a))
	}
	return filled
}

// cacheFolder is where builds go.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "dwell", "bench")
	return dir, os.MkdirAll(dir, 0o755)
}
