package app

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "write reference.yaml and deploy/CONFIGURATION.md anew")

const (
	root     = "../../.."
	document = root + "/deploy/CONFIGURATION.md"
)

// TestReferenceIsWhatTheStructsSay compares the shipped texts with the comments on the fields.
func TestReferenceIsWhatTheStructsSay(t *testing.T) {
	said := yaml.MapSlice{}
	cfg := DefaultConfig()
	commented(t, reflect.TypeOf(cfg), "", func(path, text string) {
		if text == "" {
			t.Errorf("%s has no comment", path)
		}
		said = append(said, yaml.MapItem{Key: path, Value: text})
	})
	want, err := yaml.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "reference.yaml", string(want))
}

func TestConfigurationDocumentIsComplete(t *testing.T) {
	cfg := DefaultConfig()
	keys, err := cfg.Keys()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("# Configuration\n\nEvery key of the file that `dwell serve --config FILE` reads. What is not in the file has its default. " +
		"An environment variable sets a key over the file; a list is written with commas. `dwell config` prints the same as YAML, " +
		"with the values in effect; `dwell check` validates a file and reaches every server that it names.\n")
	head := "\n| key | default | environment variable | example | what it is |\n| --- | --- | --- | --- | --- |\n"
	out.WriteString(head)
	for _, k := range keys {
		if k.Section {
			fmt.Fprintf(&out, "\n## %s\n\n%s\n%s", k.Path, k.Text, head)
			continue
		}
		example := k.Example
		if example == "" {
			example = k.Value
		}
		fmt.Fprintf(&out, "| `%s` | `%s` | `%s` | `%s` | %s |\n", k.Path, k.Value, k.Variable, example, strings.ReplaceAll(k.Text, "|", `\|`))
	}
	golden(t, document, out.String())
}

// TestEveryExampleCanBeSet sets each key by its environment variable to its example, or to its default.
func TestEveryExampleCanBeSet(t *testing.T) {
	defaults := DefaultConfig()
	keys, err := defaults.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Section {
			continue
		}
		value := k.Example
		if value == "" {
			value = k.Value
			if value == "" || value == `""` || value == "[]" || value == "{}" {
				t.Errorf("%s is empty by default and has no example", k.Path)
			}
		}
		cfg := DefaultConfig()
		if err := fromEnvironment(&cfg, []string{k.Variable + "=" + strings.Trim(value, `"`)}); err != nil {
			t.Errorf("%s: %v", k.Path, err)
		}
	}
}

// Compose sets a variable that has no value to an empty one.
func TestEmptyVariableIsAnEmptyList(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Kafka.Brokers = []string{"kafka-1:9092"}
	cfg.Web.Hosts = []string{"dwell.example.org"}
	if err := fromEnvironment(&cfg, []string{"DWELL_WEB_HOSTS="}); err != nil || len(cfg.Web.Hosts) > 0 {
		t.Errorf("hosts %q, %v", cfg.Web.Hosts, err)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}

// TestPrintedConfigurationIsTheSame reads what dwell config prints.
func TestPrintedConfigurationIsTheSame(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Kafka.Brokers, cfg.ClickHouse.Settings = []string{"kafka-1:9092", "kafka-2:9092"}, map[string]string{"insert_quorum": "auto"}
	cfg.ClickHouse.Password, cfg.Kafka.SASL.Password = "sesame", "sesame"
	text, err := cfg.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "sesame") {
		t.Error("a password is printed")
	}
	cfg.ClickHouse.Password, cfg.Kafka.SASL.Password = "***", "***"
	var back Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &back, yaml.Strict()); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if a, b := fmt.Sprintf("%+v", cfg), fmt.Sprintf("%+v", back); a != b {
		t.Errorf("printed %s\nread back %s", a, b)
	}
}

func golden(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the structs say; make reference writes it anew", filepath.Base(file))
	}
}

// commented finds the comment of every key and section below a struct.
func commented(t *testing.T, of reflect.Type, section string, found func(path, text string)) {
	t.Helper()
	docs := comments(t, of)
	for i := range of.NumField() {
		field := of.Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			commented(t, field.Type, section, found)
		case tag == "" || tag == "-":
		default:
			found(section+tag, asKeys(docs[field.Name], field.Name, tag))
			if field.Type.Kind() == reflect.Struct {
				commented(t, field.Type, section+tag+".", found)
			}
		}
	}
}

// camel are names of fields with several words: FlushBytes.
var camel = regexp.MustCompile(`\b(?:[A-Z][a-z]+){2,}\b`)

// asKeys says keys where a comment says fields.
func asKeys(text, name, key string) string {
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = key + " " + rest
	}
	return camel.ReplaceAllStringFunc(text, func(word string) string {
		if word == "ClickHouse" || word == "OpenTelemetry" || strings.HasPrefix(word, "Replicated") {
			return word
		}
		return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(word, "${1}_$2"))
	})
}

// comments are those on the fields of a struct of this module, in a line each.
func comments(t *testing.T, of reflect.Type) map[string]string {
	t.Helper()
	dir := filepath.Join(root, strings.TrimPrefix(of.PkgPath(), "dwell/"))
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files (%v)", dir, err)
	}
	docs := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != of.Name() {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, id := range f.Names {
						docs[id.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
					}
				}
			}
			return true
		})
	}
	return docs
}
