package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"dwell/dashboards"
	"dwell/dashboards/door"
	"dwell/dashboards/query"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/receiver"
	"dwell/ingest/source"
	"dwell/ingest/strictyaml"
	"dwell/metrics/clickhouse"
	"dwell/metrics/pipeline"
	"dwell/metrics/tracing"
)

// Config is the configuration file. Every key is also an environment variable: DWELL_ and the key's path in capitals,
// so kafka.sasl.user is DWELL_KAFKA_SASL_USER.
type Config struct {
	// Listen is where the page, the API and /metrics are served. Beyond this machine it needs web.behind_proxy or web.open.
	Listen string `yaml:"listen"`
	// Pprof is a loopback address for Go's profiles, /debug/pprof/; empty is off.
	Pprof string `yaml:"pprof" example:"127.0.0.1:6060"`
	// Data is the folder of the embedded parts.
	Data string `yaml:"data"`
	// Places is a places file, or the name of one that is part of the program.
	Places string `yaml:"places"`
	// Sources are mappings by name. Of those of queue readings, dwell import readings and dwell source try choose one by its columns, before
	// those that are part of the program. One of events with a topic is read by dwell serve and dwell normalize,
	// and the document of one with a url by dwell serve. ingest/README.md has their keys.
	Sources map[string]source.Description `yaml:"sources" example:"{gate: {source: /gate, columns: {bcp: place, time: time, vehicles: trucks}}}"`

	// Kafka is a Kafka cluster, or the embedded broker.
	Kafka KafkaConfig `yaml:"kafka"`
	// ClickHouse is a ClickHouse server or cluster, or the embedded engine.
	ClickHouse ClickHouseConfig `yaml:"clickhouse"`
	// Engine is how events become visits and windows.
	Engine pipeline.Config `yaml:"engine"`
	// Retention is how long rows are kept in ClickHouse; 0 is without end, and so is a key that is absent. Windows and openings always
	// are kept. A command that is given no retention, as with --data, leaves the one that dwell serve has put in force. Once events or
	// dead letters are deleted that the topic no longer has, dwell recount is refused.
	Retention RetentionConfig `yaml:"retention"`
	// Web is to whom the port of listen answers.
	Web door.Config `yaml:"web"`
	// Receiver is what may be posted to /api/v1/events and /api/v1/annotations, by those who have a token.
	Receiver receiver.Config `yaml:"receiver"`
	// Dashboards are the overview, the API and the live view.
	Dashboards DashboardsConfig `yaml:"dashboards"`
	// Tracing is where the spans of OpenTelemetry go.
	Tracing tracing.Config `yaml:"tracing"`
	// Log is what is written to standard error.
	Log LogConfig `yaml:"log"`
}

// KafkaConfig is a Kafka cluster, or the embedded broker.
type KafkaConfig struct {
	// Embedded starts a broker in this process, with its log in the data folder.
	Embedded bool `yaml:"embedded"`
	// Port is the loopback port of the embedded broker; 0 takes a free one.
	Port int `yaml:"port" example:"9092"`
	// NewPartitions is the number of partitions of a topic that is created because it is missing. It is chosen once: keys move
	// when it changes.
	NewPartitions int `yaml:"new_partitions"`
	// NewReplication is the replication factor of a topic that is created because it is missing; -1 is the broker's default.
	NewReplication int `yaml:"new_replication"`

	// ProducerTimes gives a topic of events that is created CreateTime (kafka.NewTopic).
	ProducerTimes bool `yaml:"-"`

	kafka.Config `yaml:",inline"`
}

// ClickHouseConfig is a ClickHouse server, or the embedded engine.
type ClickHouseConfig struct {
	// Embedded starts the engine as a child process, with its tables in the data folder.
	Embedded bool `yaml:"embedded"`
	// Port is the loopback port of the embedded engine; 0 takes a free one.
	Port int `yaml:"port" example:"8123"`
	// PasswordFile is a file with the password.
	PasswordFile string `yaml:"password_file" example:"/run/secrets/clickhouse"`

	clickhouse.Config `yaml:",inline"`
}

// DashboardsConfig is what the overview shows, and to whom.
type DashboardsConfig struct {
	Query query.Config `yaml:",inline"`

	dashboards.Config `yaml:",inline"`
}

// LogConfig is what is written to standard error, and how.
type LogConfig struct {
	// Level is the lowest level that is written: debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// DefaultConfig is the configuration that a file and the environment change. It lacks the brokers.
func DefaultConfig() Config {
	return Config{
		Listen:     "127.0.0.1:8080",
		Data:       "data",
		Places:     "afghanistan",
		Kafka:      KafkaConfig{NewPartitions: 4, NewReplication: -1, Config: kafka.DefaultConfig()},
		ClickHouse: ClickHouseConfig{Config: clickhouse.DefaultConfig()},
		Engine:     pipeline.DefaultConfig(),
		Web:        door.DefaultConfig(),
		Receiver:   receiver.DefaultConfig(),
		Dashboards: DashboardsConfig{Query: query.DefaultConfig(), Config: dashboards.DefaultConfig()},
		Tracing:    tracing.DefaultConfig(),
		Log:        LogConfig{Level: "info", Format: "text"},
	}
}

// ReadConfig reads the file, then the environment; nothing is checked but that the keys are known and hold what they can.
// Path may be empty.
func ReadConfig(path string, environ []string) (Config, error) {
	cfg := DefaultConfig()
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return cfg, fmt.Errorf("configuration: %w", err)
		}
		if err := strictyaml.Unmarshal(text, &cfg); err != nil {
			if key := removedKey(text, err); key != nil {
				return cfg, fmt.Errorf("configuration %q: %w", path, key)
			}
			if key := cfg.badDuration(text); key != nil {
				return cfg, fmt.Errorf("configuration %q: %w", path, key)
			}
			return cfg, fmt.Errorf("configuration %q: %s", path, yaml.FormatError(err, false, false))
		}
	}
	return cfg, fromEnvironment(&cfg, environ)
}

// LoadConfig is ReadConfig for a program that is going to run: the keys are checked, and the password is read.
func LoadConfig(path string, environ []string) (Config, error) {
	cfg, err := ReadConfig(path, environ)
	if err != nil {
		return cfg, err
	}
	if err := cfg.Validate(); err != nil {
		return cfg, fmt.Errorf("configuration: %w", err)
	}
	return cfg, cfg.readPasswords()
}

// readPasswords puts the password of ClickHouse in place of the file that holds it. That of Kafka is read at each login, so that it may
// change; here it must be there. The error names each file that cannot be read.
func (c *Config) readPasswords() error {
	read := func(key, file string) (string, error) {
		if file == "" {
			return "", nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("configuration: %s: %w", key, err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	_, errKafka := read("kafka.sasl.password_file", c.Kafka.SASL.PasswordFile)
	password, errClickHouse := read("clickhouse.password_file", c.ClickHouse.PasswordFile)
	if c.ClickHouse.PasswordFile != "" && errClickHouse == nil {
		c.ClickHouse.Password, c.ClickHouse.PasswordFile = password, ""
	}
	return errors.Join(errKafka, errClickHouse)
}

// FolderConfig is the configuration of a program that works with a data folder, which is whole in itself: of environ it
// takes DWELL_PLACES alone.
func FolderConfig(data string, environ []string) (Config, error) {
	cfg := DefaultConfig()
	environ = slices.DeleteFunc(slices.Clone(environ), func(pair string) bool { return !strings.HasPrefix(pair, "DWELL_PLACES=") })
	if err := fromEnvironment(&cfg, environ); err != nil {
		return cfg, err
	}
	cfg.Embed(data)
	return cfg, cfg.Validate()
}

// Embed makes the configuration of a program that needs no server: all its parts are in the data folder.
func (c *Config) Embed(data string) {
	c.Data = data
	c.Kafka.Embedded, c.ClickHouse.Embedded = true, true
}

// Validate names every key and value that cannot be used. It reads no file.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := listenable(c.Listen); err != nil {
		bad("listen: %w", err)
	} else if err := c.Web.Reaches(c.Listen); err != nil {
		bad("listen: %w", err)
	}
	if c.Pprof != "" {
		if err := loopback(c.Pprof); err != nil {
			bad("pprof: %w", err)
		}
	}
	if (c.Kafka.Embedded || c.ClickHouse.Embedded) && c.Data == "" {
		bad("data: missing, but a part is embedded")
	}
	for _, p := range []struct {
		key   string
		value int
	}{{"kafka.port", c.Kafka.Port}, {"clickhouse.port", c.ClickHouse.Port}} {
		if p.value < 0 || p.value > 65535 {
			bad("%s: %d is not a port", p.key, p.value)
		}
	}
	if _, err := c.Mappings(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.checkTopics(), c.checkAddresses())
	if c.Kafka.NewPartitions < 1 || c.Kafka.NewPartitions > 1<<15 {
		bad("kafka.new_partitions: %d is not in 1..32768", c.Kafka.NewPartitions)
	}
	k := c.Kafka.Config
	if c.Kafka.Embedded {
		if len(k.Brokers) > 0 {
			bad("kafka.brokers: %q given, but kafka.embedded is true", k.Brokers)
		}
		k.Brokers = []string{"127.0.0.1:9092"} // known once the broker has started
	}
	errs = append(errs, under("kafka", k.Validate()))
	if f := c.ClickHouse.PasswordFile; f != "" && c.ClickHouse.Password != "" {
		bad("clickhouse.password_file: %q given beside clickhouse.password", f)
	}
	errs = append(errs, under("clickhouse", c.ClickHouse.Validate()), under("engine", c.Engine.Validate()), under("retention", c.Retention.Validate()), under("web", c.Web.Validate()), under("receiver", c.Receiver.Validate()), under("dashboards", errors.Join(c.Dashboards.Query.Validate(), c.Dashboards.Validate())), under("tracing", c.Tracing.Validate()))
	if least := c.Dashboards.Query.Reach() + time.Hour; c.Engine.Engine.MemoryRetention < least {
		bad("engine.memory_retention: %v is too short for dashboards.window and dashboards.trend_hours, which need %v", c.Engine.Engine.MemoryRetention, least)
	}
	if _, err := c.Log.Handler(io.Discard); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// under puts the section's name in front of each of its errors, of which there may be several.
func under(section string, err error) error {
	if err == nil {
		return nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range all.Unwrap() {
			errs = append(errs, under(section, e))
		}
		return errors.Join(errs...)
	}
	return fmt.Errorf("%s.%w", section, err)
}

func (l LogConfig) Handler(w io.Writer) (slog.Handler, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return nil, fmt.Errorf("log.level: %q is not supported; use debug, info, warn or error", l.Level)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch l.Format {
	case "text":
		return slog.NewTextHandler(w, opts), nil
	case "json":
		return slog.NewJSONHandler(w, opts), nil
	}
	return nil, fmt.Errorf("log.format: %q is not supported; use text or json", l.Format)
}

// Mappings are those of sources, in the order of their names, and then those that are part of the program.
func (c *Config) Mappings() (all []source.Mapping, err error) {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		description := c.Sources[name]
		m, err := description.Check("sources." + name)
		faults = append(faults, err)
		all = append(all, m)
	}
	shipped, err := source.Shipped()
	return append(all, shipped...), errors.Join(append(faults, err)...)
}

// ReadPlaces reads the places: a file, or one that is part of the program.
func (c *Config) ReadPlaces() (*place.Book, error) {
	if !strings.ContainsAny(c.Places, "/\\.") {
		book, err := place.Load(c.Places)
		if err != nil {
			return nil, err
		}
		return book, c.Retention.fits(book)
	}
	text, err := os.ReadFile(filepath.Clean(c.Places))
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	book, err := place.Parse(c.Places, text)
	if err != nil {
		return nil, err
	}
	return book, c.Retention.fits(book)
}

// pipeline is the configuration of the shards.
func (c *Config) pipeline(book *place.Book, voc *event.Vocabulary) pipeline.Config {
	p := c.Engine
	p.Topic, p.Visits, p.Events = c.Kafka.Topic, c.Retention.Visits, c.Retention.Events
	p.Engine.Vocabulary, p.Engine.Places = voc, book.Places
	return p
}
