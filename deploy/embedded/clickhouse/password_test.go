package clickhouse

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPasswordIsCreatedOnceForItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "password")
	first, err := CreatePassword(file)
	if err != nil || len(first) < 20 {
		t.Fatalf("password %q, %v", first, err)
	}
	for _, read := range []func(string) (string, error){CreatePassword, ReadPassword} {
		if again, err := read(file); again != first || err != nil {
			t.Errorf("%q, then %q, %v", first, again, err)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func TestReadingAPasswordNeverCreatesOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if password, err := ReadPassword(file); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a missing file gives %q, %v", password, err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("reading has created the file")
	}
}

func TestPasswordFileThatIsEmptyOrOpenToOthersIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{"\n", 0o600, "is empty"},
		{"sesame\n", 0o644, "(mode 0644)"},
		{"sesame\n", 0o660, "(mode 0660)"},
		{"sesame\n", 0o602, "(mode 0602)"},
		{"sesame\n", 0o400, ""},
	} {
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		password, err := ReadPassword(file)
		if c.want == "" && (err != nil || password != "sesame") {
			t.Errorf("mode %04o: %q, %v", c.mode, password, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("mode %04o: %q, %v, want %q", c.mode, password, err, c.want)
		}
	}
}
