package structure

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// program builds dwell.
func program(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), module)
	if out, err := exec.Command("go", "build", "-o", exe, module+"/cmd/dwell").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

var (
	called = regexp.MustCompile(`(?:^|[;&|$] *|[A-Z_]+=\S+ +)(?:bin/)?dwell +([a-z][^;&|#]*)`)
	word   = regexp.MustCompile(`^[a-z][a-z-]*$`)
	flag   = regexp.MustCompile(`--[a-z][a-z-]*`)
)

// help is what the program says of a command, and whether it has that command.
func help(exe string, words []string) (text string, ok bool) {
	out, err := exec.Command(exe, append(words, "--help")...).CombinedOutput()
	return string(out), err == nil && strings.Contains(string(out), module+" "+strings.Join(words, " "))
}

// The commands and flags that the documents show are asked of the program itself.
func TestCommandsInDocumentsExist(t *testing.T) {
	exe := program(t)
	for _, d := range documents(t) {
		for _, c := range d.code {
			for _, m := range called.FindAllStringSubmatch(strings.TrimSpace(c.text), -1) {
				var words []string
				for _, w := range strings.Fields(m[1]) {
					if !word.MatchString(w) {
						break
					}
					words = append(words, w)
				}
				text, ok := help(exe, words)
				if !ok {
					t.Errorf("%s:%d: dwell has no command %q", d.path, c.line, strings.Join(words, " "))
					continue
				}
				for _, f := range flag.FindAllString(m[1], -1) {
					if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).MatchString(text) {
						t.Errorf("%s:%d: dwell %s has no flag %s", d.path, c.line, strings.Join(words, " "), f)
					}
				}
			}
		}
	}
}

// The configuration that the README shows is one that the program takes.
func TestConfigurationInREADMEIsValid(t *testing.T) {
	text := string(read(t, "README.md"))
	_, text, found := strings.Cut(text, "```yaml\n")
	if !found {
		t.Fatal("README.md shows no configuration")
	}
	text, _, _ = strings.Cut(text, "```")
	dir := t.TempDir()
	const secrets = "/run/secrets/"
	for _, m := range regexp.MustCompile(secrets+`(\w+)`).FindAllStringSubmatch(text, -1) {
		if err := os.WriteFile(filepath.Join(dir, m[1]), []byte("secret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text = strings.ReplaceAll(text, secrets, filepath.ToSlash(dir)+"/")
	file := filepath.Join(dir, "dwell.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	check := exec.CommandContext(t.Context(), program(t), "check", "--config", file)
	var errs bytes.Buffer
	check.Stderr = &errs
	out, err := check.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := check.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_ = check.Process.Kill() // what follows is whether the servers can be reached
	_ = check.Wait()
	if strings.Join(strings.Fields(line), " ") != "configuration ok" {
		t.Errorf("dwell check: %q\n%s", line, errs.String())
	}
}
