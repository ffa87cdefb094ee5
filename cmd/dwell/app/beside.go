package app

// reachedAt are the addresses of what is embedded.
func (s *System) reachedAt() (a Addresses) {
	if s.Producer != nil && s.Config.Kafka.Embedded {
		a.Kafka = s.Config.Kafka.Brokers[0]
	}
	if s.Config.ClickHouse.Embedded {
		a.ClickHouse = s.Config.ClickHouse.Addresses[0]
	}
	return a
}

// beside makes the configuration of a program that works with the parts of another one, which owns the data folder.
func (c *Config) beside(a Addresses) error {
	if c.Kafka.Embedded && a.Kafka != "" {
		c.Kafka.Embedded, c.Kafka.Brokers, c.Kafka.NewReplication = false, []string{a.Kafka}, 1
	}
	if c.ClickHouse.Embedded && a.ClickHouse != "" {
		c.ClickHouse.Embedded, c.ClickHouse.Addresses = false, []string{a.ClickHouse}
		c.ClickHouse.Compression = "none"
		return c.ClickHouse.Login(c.Data)
	}
	return nil
}
