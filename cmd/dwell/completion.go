package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help says how to install the script in the shell.
func (*completionCommand) Help() string {
	return `Load it in the running shell, or add the line to the shell's own startup file:

    source <(dwell completion bash)
    source <(dwell completion zsh)
    dwell completion fish | source`
}

func (c *completionCommand) Run(e *env, k *kong.Kong) error {
	script := bashCompletion
	if c.Shell == "fish" {
		script = fishCompletion
	}
	_, err := io.WriteString(e.out, script(k.Model.Node))
	return err
}

// walk visits all commands that are not hidden, each with its path: "dwell", "dwell import", "dwell import events".
func walk(node *kong.Node, path string, visit func(path string, node *kong.Node)) {
	visit(path, node)
	for _, child := range node.Children {
		if !child.Hidden {
			walk(child, path+" "+child.Name, visit)
		}
	}
}

// flags are those of a command itself that are not hidden.
func flags(node *kong.Node) (all []*kong.Flag) {
	for _, f := range node.Flags {
		if !f.Hidden {
			all = append(all, f)
		}
	}
	return all
}

// bashCompletion completes commands and flags; zsh takes it through bashcompinit. Where nothing fits it leaves the word to
// the shell, which completes file names.
func bashCompletion(root *kong.Node) string {
	var paths []string
	var words strings.Builder
	walk(root, root.Name, func(path string, node *kong.Node) {
		paths = append(paths, fmt.Sprintf("%q", path))
		var all []string
		for _, child := range node.Children {
			if !child.Hidden {
				all = append(all, child.Name)
			}
		}
		for _, f := range append(flags(root), flags(node)...) {
			if flag := "--" + f.Name; !strings.Contains(strings.Join(all, " ")+" ", flag+" ") {
				all = append(all, flag)
			}
		}
		fmt.Fprintf(&words, "    %q) words=%q;;\n", path, strings.Join(all, " "))
	})
	return fmt.Sprintf(`if [ -n "$ZSH_VERSION" ]; then autoload -U +X compinit && compinit && autoload -U +X bashcompinit && bashcompinit; fi
_%[1]s() {
  local at=%[1]s word words
  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "$at $word" in %[2]s) at="$at $word";; esac
  done
  case "$at" in
%[3]s  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _%[1]s %[1]s
`, root.Name, strings.Join(paths, "|"), words.String())
}

// fishCompletion has a line for each command and each flag.
func fishCompletion(root *kong.Node) string {
	var out strings.Builder
	walk(root, root.Name, func(path string, node *kong.Node) {
		when := "__fish_use_subcommand"
		if steps := strings.Fields(path)[1:]; len(steps) > 0 {
			when = "__fish_seen_subcommand_from " + strings.Join(steps, "; and __fish_seen_subcommand_from ")
		}
		var names []string
		for _, child := range node.Children {
			if !child.Hidden {
				names = append(names, child.Name)
			}
		}
		for _, child := range node.Children {
			if !child.Hidden {
				here := when
				if path != root.Name {
					here += "; and not __fish_seen_subcommand_from " + strings.Join(names, " ")
				}
				fmt.Fprintf(&out, "complete -c %s -f -n %s -a %s -d %s\n", root.Name, fishQuote(here), child.Name, fishQuote(child.Help))
			}
		}
		for _, f := range flags(node) {
			if path == root.Name {
				when = "true"
			}
			fmt.Fprintf(&out, "complete -c %s -n %s -l %s -d %s\n", root.Name, fishQuote(when), f.Name, fishQuote(f.Help))
		}
	})
	return out.String()
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
