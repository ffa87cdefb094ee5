// Package strictyaml reads YAML.
//
// It promises that an unknown key is an error, and so are a second document, which the library would pass over, and a
// document at which the library panics: goccy/go-yaml does so on a tag without a value ("places:\n !- "). A file that is
// empty but for comments sets nothing, where the library would set everything to zero. Brackets within more than 100 others are refused
// before the library parses them, since it takes memory by the square of their depth: 2.5 GB for a file of 40 kB.
//
// The package is pure: it reads the bytes it is given.
package strictyaml

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Unmarshal reads one document into a pointer to a struct.
func Unmarshal(data []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read as YAML: %v", p)
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := checkDepth(tokens); err != nil {
		return err
	}
	file, err := parser.Parse(tokens, 0)
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

const maxDepth = 100

func checkDepth(tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxDepth {
			return fmt.Errorf("line %d: brackets are within more than %d others", t.Position.Line, maxDepth)
		}
	}
	return nil
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
