package workload

import (
	"bytes"
	"fmt"
)

// agencies work at every BCP.
var agencies = []string{"customs", "border_police", "transport", "plant_quarantine", "veterinary", "health"}

// ids are the ids of the BCPs, the busiest first.
func (c Config) ids() []string {
	all := make([]string, c.BCPs)
	for i := range all {
		all[i] = fmt.Sprintf("BCP-%03d", i+1)
	}
	return all
}

// Places is a places file with these BCPs, all of them always open.
func Places(c Config) []byte {
	var b bytes.Buffer
	b.WriteString("# The border crossing points of the comparison. They are made up.\nagencies:\n")
	for _, a := range agencies {
		fmt.Fprintf(&b, "  - {code: %s, names: {en: %s}}\n", a, a)
	}
	b.WriteString("places:\n")
	for i, id := range c.ids() {
		fmt.Fprintf(&b, "  - id: %s\n    names: {en: Border crossing point %d}\n    time_zone: Asia/Kabul\n", id, i+1)
		fmt.Fprintf(&b, "    neighbour: {id: FAR-%03d, names: {en: The far side of %d}}\n", i+1, i+1)
		fmt.Fprintf(&b, "    position: {latitude: 34, longitude: %.3f}\n    assumed: [neighbour, position]\n", 60+float64(i)/1000)
	}
	return b.Bytes()
}
