package kafka

import (
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/tlsdial"
)

const (
	dialTimeout = 10 * time.Second
	// brokerTimeout bounds the connection to one broker, and its TLS handshake, so that another one is tried within
	// dialTimeout. kafka-go has the same bound without TLS.
	brokerTimeout  = 3 * time.Second
	requestTimeout = 10 * time.Second
)

// client is the configured connection to the cluster, shared within this package.
type client struct {
	*kafkago.Client
	transport *kafkago.Transport
	// dialer makes the group's own connections, which kafka-go keeps apart from the transport's.
	dialer *kafkago.Dialer
}

func newClient(cfg Config) (*client, error) {
	tlsConfig, err := cfg.TLS.Load()
	if err != nil {
		return nil, err
	}
	mechanism, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	transport := &kafkago.Transport{
		DialTimeout: dialTimeout,
		ClientID:    cfg.ClientID,
		SASL:        mechanism,
		MetadataTTL: 5 * time.Second,
	}
	dialer := &kafkago.Dialer{
		ClientID:      cfg.ClientID,
		Timeout:       dialTimeout,
		DualStack:     true,
		SASLMechanism: mechanism,
	}
	if tlsConfig != nil {
		transport.Dial = tlsdial.Dialer(tlsConfig, "kafka", brokerTimeout)
		dialer.DialFunc = transport.Dial
	}
	return &client{
		Client:    &kafkago.Client{Addr: kafkago.TCP(cfg.Brokers...), Timeout: requestTimeout, Transport: transport},
		transport: transport,
		dialer:    dialer,
	}, nil
}

func (c *client) close() { c.transport.CloseIdleConnections() }
