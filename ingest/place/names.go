package place

import (
	"fmt"
	"strings"
)

// Names are what something is called, by language (BCP 47: "en", "fa", "ps"). English is always there.
type Names map[string]string

// In returns the name in a language, or the English one.
func (n Names) In(language string) string {
	if s, ok := n[language]; ok {
		return s
	}
	return n["en"]
}

func checkNames(key string, names Names) error {
	if names["en"] == "" {
		return fmt.Errorf("%s.en: missing", key)
	}
	for language, name := range names {
		if !languageForm.MatchString(language) {
			return fmt.Errorf("%s: %q is not a language such as \"fa\"", key, language)
		}
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("%s.%s: %q is empty", key, language, name)
		}
	}
	return nil
}
