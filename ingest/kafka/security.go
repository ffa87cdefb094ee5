package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// SASL says how this process logs in.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty does not log in.
	Mechanism string `yaml:"mechanism" example:"SCRAM-SHA-512"`
	// User is the name to log in with.
	User string `yaml:"user" example:"dwell"`
	// Password is the user's password; PasswordFile keeps it out of this file.
	Password Secret `yaml:"password" example:"secret"`
	// PasswordFile is a file with the password.
	PasswordFile string `yaml:"password_file" example:"/run/secrets/kafka"`
}

func (s SASL) validate() error {
	switch s.Mechanism {
	case "":
		if s != (SASL{}) {
			return errors.New("sasl.mechanism: missing, but other sasl keys are set")
		}
		return nil
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
	default:
		return fmt.Errorf("sasl.mechanism: %q is not supported; use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
	}
	if s.User == "" {
		return errors.New("sasl.user: missing")
	}
	if (s.Password == "") == (s.PasswordFile == "") {
		return errors.New("sasl.password, sasl.password_file: give one of them")
	}
	return nil
}

// mechanism reads the password file. It returns nil without SASL.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	if s.Mechanism == "" {
		return nil, nil
	}
	password := string(s.Password)
	if s.PasswordFile != "" {
		b, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("sasl.password_file: %w", err)
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	switch s.Mechanism {
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.User, password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.User, password)
	default:
		return plain.Mechanism{Username: s.User, Password: password}, nil
	}
}

// Secret is a text that no log and no error shows.
type Secret string

const hidden = "<hidden>"

func (Secret) String() string               { return hidden }
func (Secret) GoString() string             { return hidden }
func (Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
