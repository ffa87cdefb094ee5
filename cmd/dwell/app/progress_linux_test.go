package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"dwell/dashboards/visible"
)

// openTerminal returns both ends of a terminal: what is written to it, and where that is shown.
func openTerminal(t *testing.T) (terminal, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals on this machine: ", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return terminal, screen
}

func TestProgressIsOneLineThatTheNextReplaces(t *testing.T) {
	terminal, screen := openTerminal(t)
	p := newParts(visible.NewWriter(terminal))
	p.Doing("import", "5 % of 30 MB read")
	p.Doing("import", "done")
	p.Say("imported", "3 events")
	p.Doing("counting", "3 records to go")
	if err := p.Stop(); err != nil { // as after an error, which is printed next
		t.Fatal(err)
	}
	_, _ = terminal.WriteString("dwell: no route")
	const want = "\rimport      5 % of 30 MB read\rimport      done             \rimported    3 events\r\n" +
		"\rcounting    3 records to go\r\ndwell: no route"
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(screen) // a terminal that was closed ends with an error
	if string(got) != want {
		t.Errorf("the terminal got %q, want %q", got, want)
	}
}

func TestProgressIsNotWrittenToAFile(t *testing.T) {
	var out bytes.Buffer
	p := newParts(&out)
	p.Doing("import", "5 % of 30 MB read")
	if err := p.Stop(); err != nil || out.Len() > 0 {
		t.Errorf("%q, %v", out.String(), err)
	}
}
