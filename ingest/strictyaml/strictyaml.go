// Package strictyaml reads YAML.
//
// It promises that an unknown key is an error, and so is a document at which the library panics: goccy/go-yaml does so on a
// tag without a value ("places:\n !- ").
//
// The package is pure: it reads the bytes it is given.
package strictyaml

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Unmarshal reads one document into a pointer to a struct.
func Unmarshal(data []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read as YAML: %v", p)
		}
	}()
	return yaml.UnmarshalWithOptions(data, into, yaml.Strict())
}
