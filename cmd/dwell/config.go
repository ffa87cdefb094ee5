package main

import (
	"io"

	"dwell/cmd/dwell/app"
)

type configCommand struct {
	Config string `type:"path" help:"Configuration file (YAML); without it, the defaults."`
}

// Help says what the file is good for.
func (*configCommand) Help() string {
	return "It prints all keys with the values in effect, from the defaults, the file and the environment, and a comment that says\n" +
		"what each is: a file to start from. Passwords are not printed."
}

func (c *configCommand) Run(e *env) error {
	cfg, err := app.ReadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	text, err := cfg.YAML()
	if err != nil {
		return err
	}
	_, err = io.WriteString(e.out, text)
	return err
}
