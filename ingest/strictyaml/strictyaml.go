// Package strictyaml reads YAML.
//
// It promises that an unknown key is an error, and so are a second document, which the library would pass over, and a
// document at which the library panics: goccy/go-yaml does so on a tag without a value ("places:\n !- "). A file that is
// empty but for comments sets nothing, where the library would set everything to zero; a byte order mark is passed over.
// A number with a fraction is no whole number, where the library would cut it, and one with a zero in front, such as 010, is an error, where
// the library would read it as octal: 8, also as a text.
//
// It refuses, before the library parses it, what takes memory or time by a power of its size: anchors, aliases and merges, of which 766
// bytes never end; values within more than 32 others, of which 40 kB take 2.5 GB; keys of more than 256 bytes, which
// each value below them repeats; and more than 1 MiB or 50,000 keys, values and signs.
//
// The package is pure: it reads the bytes it is given.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. A place of the shipped ones takes 90 tokens.
const (
	maxBytes  = 1 << 20
	maxTokens = 50_000
	maxDepth  = 32
	maxKey    = 256 // bytes
)

// Unmarshal reads one document into a pointer.
func Unmarshal(data []byte, into any) (err error) {
	defer recovered(&err)
	file, err := Parse(data)
	if err != nil {
		return err
	}
	switch all := documents(file); len(all) {
	case 0:
		return nil
	case 1:
		if err := checkWhole(all[0], reflect.TypeOf(into)); err != nil {
			return err
		}
		return yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(all[0], into)
	}
	return errors.New("there is more than one document; put all keys into the first")
}

// Parse reads the documents of a file, unless it is beyond the bounds.
func Parse(data []byte) (file *ast.File, err error) {
	defer recovered(&err)
	if len(data) > maxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(data), maxBytes)
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(data, mark)))
	if len(tokens) > maxTokens {
		return nil, fmt.Errorf("it has %d keys, values and signs between them, more than %d", len(tokens), maxTokens)
	}
	if err := check(tokens); err != nil {
		return nil, err
	}
	return parser.Parse(tokens, 0)
}

// mark is the byte order mark of UTF-8, which editors for Windows write.
var mark = []byte("\uFEFF")

// recovered makes an error of a panic of the library.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("cannot be read as YAML: %v", p)
	}
}

// zeroInFront is a number that YAML 1.1 reads as octal if it can, unlike 0o10, which is octal on purpose.
var zeroInFront = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

// check refuses anchors, aliases and merges, octal numbers by accident, and values that are too deep. Outside of brackets a value lies in those that begin
// in the columns to the left of it.
func check(tokens token.Tokens) error {
	brackets, columns := 0, []int(nil)
	for _, t := range tokens {
		begins := t
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return fmt.Errorf("line %d: %q is an anchor, an alias or a merge, which are not supported; write the value wherever it is used, or put quotes around a text", t.Position.Line, t.Value)
		case token.OctetIntegerType:
			if zeroInFront.MatchString(t.Value) {
				return fmt.Errorf("line %d: %q begins with a zero, and YAML would take it for an octal number; write it without the zero, or put quotes around a text", t.Position.Line, t.Value)
			}
			continue
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.MappingValueType: // the colon behind a key
			if t.Prev == nil {
				continue
			}
			begins = t.Prev
			if len(begins.Value) > maxKey {
				return fmt.Errorf("line %d: the key %.40q... has more than %d bytes", begins.Position.Line, begins.Value, maxKey)
			}
		case token.SequenceEntryType, token.MappingKeyType:
		default:
			continue
		}
		column := begins.Position.Column
		for brackets == 0 && len(columns) > 0 && columns[len(columns)-1] > column {
			columns = columns[:len(columns)-1]
		}
		if brackets == 0 && (len(columns) == 0 || columns[len(columns)-1] < column) {
			columns = append(columns, column)
		}
		if brackets+len(columns) > maxDepth {
			return fmt.Errorf("line %d: values are within more than %d others", t.Position.Line, maxDepth)
		}
	}
	return nil
}

// documents are those of a file that hold something.
func documents(file *ast.File) (all []ast.Node) {
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); doc.Body != nil && !directive {
			all = append(all, doc.Body)
		}
	}
	return all
}
