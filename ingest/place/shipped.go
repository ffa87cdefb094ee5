package place

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed shipped/*.yaml
var shipped embed.FS

// Shipped returns the names of the places files that are embedded in the program, for Load.
func Shipped() []string {
	entries, err := shipped.ReadDir("shipped")
	if err != nil {
		panic(err) // cannot happen: the folder is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Load reads a shipped places file by its name, such as "afghanistan".
func Load(name string) (*Book, error) {
	data, err := Source(name)
	if err != nil {
		return nil, err
	}
	return Parse(name+".yaml", data)
}

// Source returns the text of a shipped places file, which an operator may copy and edit.
func Source(name string) ([]byte, error) {
	data, err := shipped.ReadFile("shipped/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("places %q are not part of the program; use %s, or the path of a file", name, strings.Join(Shipped(), ", "))
	}
	return data, nil
}
