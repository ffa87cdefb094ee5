// Package strictyaml reads YAML.
//
// It promises that a key which nobody knows is an error, and that what cannot be read is one too, where the reader that
// it rests on would panic: goccy/go-yaml does so on a tag without a value ("places:\n !- ").
//
// The package is pure: it reads bytes it is given.
package strictyaml

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Unmarshal reads one document into a pointer to a struct.
func Unmarshal(data []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it is no YAML that can be read: %v", p)
		}
	}()
	return yaml.UnmarshalWithOptions(data, into, yaml.Strict())
}
