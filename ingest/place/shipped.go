package place

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed shipped/*.yaml
var shipped embed.FS

// Shipped lists the names of the places files that are part of the program, for Load.
func Shipped() []string {
	entries, err := shipped.ReadDir("shipped")
	if err != nil {
		panic(err) // the folder is part of the program
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

// Source is the text of a shipped places file, from which an installation may start its own.
func Source(name string) ([]byte, error) {
	data, err := shipped.ReadFile("shipped/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("places %q are not part of the program; use %s, or the path of a file", name, strings.Join(Shipped(), ", "))
	}
	return data, nil
}
