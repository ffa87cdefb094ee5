package token

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func named(name string) Token {
	return Token{Name: name, Sources: []string{"/" + name}, BCPs: []string{"TORKHAM"}}
}

func create(t *testing.T, path, name string) string {
	t.Helper()
	secret, err := Create(path, named(name), noon)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// who is the name of the token that a secret is.
func who(t *testing.T, f *File, secret string) string {
	t.Helper()
	found, err := f.Find(secret)
	if err != nil {
		t.Fatal(err)
	}
	if found == nil {
		return ""
	}
	return found.Name
}

// A file that is open follows each change of it.
func TestRevokedTokenIsRefusedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	f := Open(path)
	if who(t, f, "dwell_x") != "" {
		t.Error("a file that is missing has a token")
	}
	gate, police := create(t, path, "gate"), create(t, path, "police")
	if who(t, f, gate) != "gate" || who(t, f, police) != "police" || who(t, f, gate+"x") != "" || who(t, f, "") != "" {
		t.Error("the tokens are not found")
	}
	if err := Revoke(path, "gate"); err != nil {
		t.Fatal(err)
	}
	if who(t, f, gate) != "" || who(t, f, police) != "police" {
		t.Error("the wrong token is revoked")
	}
	again := create(t, path, "gate")
	if who(t, f, gate) != "" || who(t, f, again) != "gate" {
		t.Error("a token of the same name is the same token")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if who(t, f, again) != "" {
		t.Error("the file is gone, and its tokens are valid")
	}
}

func TestFileHasTheHashAndIsClosedToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	secret := create(t, path, "gate")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) != len("dwell_")+43 || strings.Contains(string(text), secret[len("dwell_"):]) || !strings.Contains(string(text), hashOf(secret)) || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v\n%s", info.Mode(), text)
	}
	if err := os.Chmod(path, 0o620); err != nil {
		t.Fatal(err)
	}
	f := Open(path)
	if _, err := f.Find(secret); err == nil || !strings.Contains(err.Error(), "other users may write") {
		t.Errorf("a file that others may write: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if who(t, f, secret) != "gate" {
		t.Error("the file was closed, and is not read")
	}
}

// While a file cannot be read, it has no tokens, not those of before.
func TestFileThatCannotBeReadPermitsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	secret := create(t, path, "gate")
	f := Open(path)
	if who(t, f, secret) != "gate" {
		t.Fatal("the token is not found")
	}
	if err := os.WriteFile(path, []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if found, err := f.Find(secret); err == nil || found != nil {
			t.Errorf("%v, %v", found, err)
		}
	}
}

// A FIFO is where the file was: posts are refused, not kept waiting, until the file is back.
func TestFIFOInPlaceOfTheFileIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	secret := create(t, path, "gate")
	f := Open(path)
	if err := os.Rename(path, path+".kept"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("tokens: %q is not a regular file (prw-------); put it back from a copy of the data folder, or remove it and create the tokens anew", path)
	_, read := Read(path)
	_, find := f.Find(secret)
	for what, err := range map[string]error{"read": read, "find": find, "create": after(Create(path, named("yard"), noon)), "revoke": Revoke(path, "gate")} {
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	if err := os.Rename(path+".kept", path); err != nil {
		t.Fatal(err)
	}
	if who(t, f, secret) != "gate" {
		t.Error("the file is back, and is not read")
	}
}

func TestChangeThatCannotBeMadeIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	create(t, path, "gate")
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"twice":     {after(Create(path, named("gate"), noon)), `there is a token "gate"`},
		"a name":    {after(Create(path, named("../x"), noon)), "use up to 64 letters"},
		"no source": {after(Create(path, Token{Name: "x", BCPs: []string{"TORKHAM"}}, noon)), "at least one source"},
		"no BCP":    {after(Create(path, Token{Name: "x", Sources: []string{"/x"}}, noon)), "at least one BCP"},
		"unknown":   {Revoke(path, "police"), `there is no token "police"`},
		"no folder": {after(Create(path+"/no/tokens.json", named("x"), noon)), "no"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v", what, c.err)
		}
	}
	all, err := Read(path)
	if err != nil || len(all) != 1 || all[0].Name != "gate" || !all[0].Created.Equal(noon) {
		t.Errorf("%v %+v", err, all)
	}
}

// A dwell token is killed before it has put its file in place, and then twelve are at work at once: none waits for the one that was killed, and no
// token is lost.
func TestTokensThatAreMadeAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	if err := os.WriteFile(path+".new", []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			if _, err := Create(path, named(fmt.Sprint("gate", n)), noon); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made, err := Read(path); err != nil || len(made) != 12 {
		t.Errorf("%d tokens, %v", len(made), err)
	}
}

func after(_ string, err error) error { return err }
