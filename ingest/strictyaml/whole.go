package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// checkWhole refuses numbers with a fraction or a zero in front that are to become whole ones. Types that have a name, such as time.Duration, are read in their own way.
func checkWhole(node ast.Node, into reflect.Type) error {
	for into.Kind() == reflect.Pointer {
		into = into.Elem()
	}
	switch node := node.(type) {
	case *ast.MappingNode:
		for _, v := range node.Values {
			if err := checkWhole(v, into); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		if of := valueType(into, node.Key.GetToken().Value); of != nil {
			return checkWhole(node.Value, of)
		}
	case *ast.SequenceNode:
		for _, v := range node.Values {
			if into.Kind() != reflect.Slice && into.Kind() != reflect.Array {
				return nil
			}
			if err := checkWhole(v, into.Elem()); err != nil {
				return err
			}
		}
	case *ast.FloatNode, *ast.StringNode:
		text := node.GetToken().Value
		whole := into.PkgPath() == "" && into.Kind() >= reflect.Int && into.Kind() <= reflect.Uint64
		if whole && zeroInFront.MatchString(text) {
			return &yaml.SyntaxError{Message: fmt.Sprintf("%q begins with a zero; write it without", text), Token: node.GetToken()}
		}
		if n, err := strconv.ParseFloat(text, 64); whole && err == nil && n != math.Trunc(n) {
			return &yaml.SyntaxError{Message: fmt.Sprintf("%q is not a whole number", text), Token: node.GetToken()}
		}
	}
	return nil
}

// valueType is the type of the value of a key; nil if it has none.
func valueType(of reflect.Type, key string) reflect.Type {
	switch of.Kind() {
	case reflect.Map:
		return of.Elem()
	case reflect.Struct:
		for i := range of.NumField() {
			f := of.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if strings.Contains(options, "inline") {
				inner := f.Type
				for inner.Kind() == reflect.Pointer {
					inner = inner.Elem()
				}
				if found := valueType(inner, key); found != nil {
					return found
				}
			}
			if name == key || name == "" && strings.EqualFold(f.Name, key) {
				return f.Type
			}
		}
	}
	return nil
}
