package main

import (
	"fmt"

	"dwell/cmd/dwell/app"
)

// folderFlags say which Kafka and ClickHouse a command uses: the servers of a configuration, or those of a data folder.
type folderFlags struct {
	Config string `type:"path" help:"Configuration file (YAML)."`
	Data   string `type:"path" help:"Data folder of a dwell with embedded parts, in place of --config. Commands that bring events create it if it is missing."`
	Places string `help:"Places file, or the name of one that is part of the program, in place of the configuration's."`

	portFlags `embed:""`
}

// portFlags are the loopback ports of embedded parts, for other programs of this machine that need to know them.
type portFlags struct {
	KafkaPort      int `placeholder:"PORT" help:"Port of the embedded broker; without it, the configured one or a free one."`
	ClickHousePort int `name:"clickhouse-port" placeholder:"PORT" help:"Port of the embedded ClickHouse; without it, the configured one or a free one."`
}

// set sets the ports of a configuration that are given.
func (f *portFlags) set(cfg *app.Config) error {
	for _, p := range []struct {
		flag     string
		port     int
		embedded bool
		to       *int
	}{
		{"--kafka-port", f.KafkaPort, cfg.Kafka.Embedded, &cfg.Kafka.Port},
		{"--clickhouse-port", f.ClickHousePort, cfg.ClickHouse.Embedded, &cfg.ClickHouse.Port},
	} {
		switch {
		case p.port == 0:
		case !p.embedded:
			return fmt.Errorf("%s %d: this configuration uses a server, which has its own port; leave the flag out", p.flag, p.port)
		default:
			*p.to = p.port
		}
	}
	return cfg.Validate()
}

// load returns the configuration that the flags name, with the environment applied.
func (f *folderFlags) load(environ []string) (cfg app.Config, err error) {
	switch {
	case f.Config != "" && f.Data != "":
		return cfg, fmt.Errorf("--config %q and --data %q cannot be used together", f.Config, f.Data)
	case f.Data != "":
		cfg, err = app.FolderConfig(f.Data, environ)
	default:
		cfg, err = app.LoadConfig(f.Config, environ)
	}
	if err != nil {
		return cfg, err
	}
	if f.Places != "" {
		cfg.Places = f.Places
	}
	return cfg, f.set(&cfg)
}
