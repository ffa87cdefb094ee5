package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/ingest/receiver/token"
)

type tokenCommand struct {
	Create createTokenCommand `cmd:"" help:"Create a token, and print it. It is not stored, so it cannot be printed again."`
	List   listTokensCommand  `cmd:"" help:"List the tokens with what they permit."`
	Revoke revokeTokenCommand `cmd:"" help:"Revoke a token. A dwell that runs refuses it from its next request on."`
}

// tokenFlags say whose tokens they are.
type tokenFlags struct {
	Config string `type:"path" help:"Configuration file (YAML); receiver.tokens_file is the file of the tokens."`
	Data   string `type:"path" help:"Data folder of a dwell with embedded parts, in place of --config; it is created if it is missing."`
	Places string `help:"Places file, or the name of one that is part of the program, in place of the configuration's."`
}

// load returns the configuration and the file of the tokens.
func (f *tokenFlags) load(environ []string) (cfg app.Config, file string, err error) {
	of := folderFlags{Config: f.Config, Data: f.Data, Places: f.Places}
	if cfg, err = of.load(environ); err != nil {
		return cfg, "", err
	}
	if file = cfg.TokensFile(); file == "" {
		return cfg, "", errors.New("receiver.tokens_file: missing; set it to the path of the file of tokens, or use --data with a data folder")
	}
	return cfg, file, nil
}

type createTokenCommand struct {
	tokenFlags `embed:""`
	Name       string   `arg:"" help:"Name of the token, such as that of the post; it is in the origin of what is refused."`
	Source     []string `required:"" help:"Source that events may have, as they write it; several are separated by commas, or the flag is repeated."`
	BCP        []string `name:"bcp" required:"" help:"BCP that events may be about."`
	Agency     []string `help:"Agency that events may name; without any, none."`
}

func (c *createTokenCommand) Run(e *env) error {
	cfg, file, err := c.load(e.environ)
	if err != nil {
		return err
	}
	book, err := cfg.ReadPlaces()
	if err != nil {
		return err
	}
	voc, err := book.Vocabulary()
	if err != nil {
		return err
	}
	for _, id := range c.BCP {
		if _, known := voc.BCP([]byte(id)); !known {
			return fmt.Errorf("--bcp %q is not in the places %q, which have %s; name others with --places", id, cfg.Places, voc.KnownBCPs())
		}
	}
	for _, code := range c.Agency {
		if _, known := voc.Agency([]byte(code)); !known {
			return fmt.Errorf("--agency %q is not in the places %q, which have %s; name others with --places", code, cfg.Places, voc.KnownAgencies())
		}
	}
	if cfg.Receiver.TokensFile == "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	secret, err := token.Create(file, token.Token{Name: c.Name, Sources: c.Source, BCPs: c.BCP, Agencies: c.Agency}, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, secret)
	return err
}

type listTokensCommand struct {
	tokenFlags `embed:""`
}

func (c *listTokensCommand) Run(e *env) error {
	_, file, err := c.load(e.environ)
	if err != nil {
		return err
	}
	all, err := token.Read(file)
	if err != nil {
		return err
	}
	table := visible.NewTable(e.out)
	if len(all) > 0 {
		_ = table.Row("TOKEN", "CREATED", "SOURCES", "BCPS", "AGENCIES") // Flush says so
	}
	for _, t := range all {
		err = errors.Join(err, table.Row(t.Name, t.Created.UTC().Format(time.RFC3339), strings.Join(t.Sources, ","), strings.Join(t.BCPs, ","), orDash(strings.Join(t.Agencies, ","))))
	}
	return errors.Join(err, table.Row(fmt.Sprintf("tokens: %d", len(all))), table.Flush())
}

type revokeTokenCommand struct {
	tokenFlags `embed:""`
	Name       string `arg:"" help:"Its name, as token list prints it."`
}

func (c *revokeTokenCommand) Run(e *env) error {
	_, file, err := c.load(e.environ)
	if err != nil {
		return err
	}
	if err := token.Revoke(file, c.Name); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "token %s is revoked\n", visible.Text(c.Name))
	return err
}
