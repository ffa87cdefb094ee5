package apachetest

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Login is TLS, and one user by several ways.
type Login struct {
	// Keystore is a PEM file of the brokers' certificate and its private key (PKCS #8).
	Keystore string
	User     string
	// Plain is the password for PLAIN, Scram the one for SCRAM-SHA-256 and SCRAM-SHA-512.
	Plain, Scram string
}

// scram are the arguments by which the user is known from the beginning.
func (l *Login) scram() (args []string) {
	if l == nil {
		return nil
	}
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, l.User, l.Scram))
	}
	return args
}

// properties is a broker's server.properties. Clients, the other brokers and the controllers have a listener each.
func (c *Cluster) properties(b *broker) []byte {
	var voters []string
	for _, v := range c.brokers {
		voters = append(voters, fmt.Sprintf("%d@%s", v.id, v.controllers))
	}
	n := c.cfg.Brokers
	all := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  fmt.Sprint(b.id),
		"controller.quorum.voters":                 strings.Join(voters, ","),
		"listeners":                                fmt.Sprintf("CLIENT://%s,BROKER://%s,CONTROLLER://%s", b.clients, b.brokers, b.controllers),
		"advertised.listeners":                     fmt.Sprintf("CLIENT://%s,BROKER://%s", b.clients, b.brokers),
		"controller.listener.names":                "CONTROLLER",
		"inter.broker.listener.name":               "BROKER",
		"listener.security.protocol.map":           "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                                 filepath.Join(b.dir, "log"),
		"auto.create.topics.enable":                "false",
		"default.replication.factor":               fmt.Sprint(n),
		"min.insync.replicas":                      fmt.Sprint(min(n, 2)),
		"offsets.topic.replication.factor":         fmt.Sprint(n),
		"offsets.topic.num.partitions":             "1",
		"transaction.state.log.num.partitions":     "1",
		"transaction.state.log.min.isr":            fmt.Sprint(min(n, 2)),
		"transaction.state.log.replication.factor": fmt.Sprint(n),
		"group.initial.rebalance.delay.ms":         "0",
		"group.min.session.timeout.ms":             "1000",
		// A broker that was killed is not missed, and cannot come back, before its session has ended.
		"broker.heartbeat.interval.ms": "500",
		"broker.session.timeout.ms":    "3000",
		// Nobody is far away.
		"controller.quorum.election.timeout.ms": "300",
		"controller.quorum.fetch.timeout.ms":    "1000",
	}
	if l := c.cfg.Login; l != nil {
		const plain, scram = "org.apache.kafka.common.security.plain.PlainLoginModule", "org.apache.kafka.common.security.scram.ScramLoginModule"
		maps.Copy(all, map[string]string{
			"listener.security.protocol.map":                      "CLIENT:SASL_SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
			"ssl.keystore.type":                                   "PEM",
			"ssl.keystore.location":                               l.Keystore,
			"sasl.enabled.mechanisms":                             "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
			"listener.name.client.plain.sasl.jaas.config":         fmt.Sprintf("%s required user_%s=%q;", plain, l.User, l.Plain),
			"listener.name.client.scram-sha-256.sasl.jaas.config": scram + " required;",
			"listener.name.client.scram-sha-512.sasl.jaas.config": scram + " required;",
		})
	}
	maps.Copy(all, c.cfg.Properties)
	var text bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s=%s\n", key, all[key])
	}
	return text.Bytes()
}

// freePorts returns addresses with free ports.
func freePorts(t testing.TB, n int) (addrs []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // all at the end, so that no two are the same
		addrs = append(addrs, l.Addr().String())
	}
	return addrs
}
