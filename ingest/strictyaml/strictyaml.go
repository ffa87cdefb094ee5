// Package strictyaml reads YAML.
//
// It promises that an unknown key is an error, and so are a second document, which the library would pass over, and a
// document at which the library panics: goccy/go-yaml does so on a tag without a value ("places:\n !- "). A file that is
// empty but for comments sets nothing, where the library would set everything to zero.
//
// The package is pure: it reads the bytes it is given.
package strictyaml

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Unmarshal reads one document into a pointer to a struct.
func Unmarshal(data []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read as YAML: %v", p)
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return err
	}
	switch documents(file) {
	case 0:
		return nil
	case 1:
		return yaml.UnmarshalWithOptions(data, into, yaml.Strict())
	}
	return errors.New("there is more than one document; put all keys into the first")
}

// documents is how many documents of a file hold something.
func documents(file *ast.File) (n int) {
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); doc.Body != nil && !directive {
			n++
		}
	}
	return n
}
