package clickhouse

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// config changes defaults of the engine. It begins no insert and no merge that would leave less than this much space
// (NOT_ENOUGH_SPACE), and keeps the source parts of a merge for a minute, since the merged part may turn out to be incomplete. Programs
// that keep no list of the parts do not write the comment.
const config = `<clickhouse>
    ` + listComment + `
    <merge_tree><old_parts_lifetime>60</old_parts_lifetime></merge_tree>
    <storage_configuration><disks><default><keep_free_space_bytes>67108864</keep_free_space_bytes></default></disks></storage_configuration>
</clickhouse>
`

const listComment = "<!-- parts.json lists the parts in use -->"

// writeConfig puts config and the rights of clients into the data folder, unless they are there: a start needs no room. Listed
// reports that the program before this one kept a list of the parts, too.
func writeConfig(dir string, unguarded bool) (path string, listed bool, err error) {
	dir, err = filepath.Abs(dir) // the engine works in no folder
	if err != nil {
		return "", false, err
	}
	users := filepath.Join(dir, "dwell-users.xml")
	if err := writeUnlessThere(users, rights(unguarded)); err != nil {
		return "", false, err
	}
	var name bytes.Buffer
	if err := xml.EscapeText(&name, []byte(users)); err != nil {
		return "", false, err
	}
	path = filepath.Join(dir, "dwell.xml")
	keys := "    <users_config>" + name.String() + "</users_config>\n"
	if !unguarded {
		keys += "    <user_scripts_path>/dev/null/</user_scripts_path>\n"
	}
	text := strings.Replace(config, "</clickhouse>", keys+"</clickhouse>", 1)
	was, _ := os.ReadFile(path)
	return path, bytes.Contains(was, []byte(listComment)), writeUnlessThere(path, text)
}

func writeUnlessThere(path, text string) error {
	if have, err := os.ReadFile(path); err == nil && string(have) == text {
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// watchEvery is how often the writes of merges are looked after. It is much less than what their sources are kept for.
const watchEvery = time.Second

var errUnwritten = errors.New("the disk ran full in the middle of a write: what was acknowledged is kept, make room and start again")

// written is an error if a write has failed since the engine was started. libchdb 26.7 counts a failed write and continues as
// if it had succeeded, so that an insert succeeds and a merge replaces its sources though their files are empty. From then
// on nothing may be acknowledged, and the engine must end before it deletes what the merge has read: its next start sets
// aside the parts that are not whole, and takes their sources.
func (h *handler) written() error {
	failed := 0
	_, err := h.pool.keep.query("SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'",
		"TabSeparated", nil, func(piece []byte) (err error) {
			failed, err = strconv.Atoi(strings.TrimSpace(string(piece)))
			return err
		})
	if err != nil || failed == 0 {
		return err
	}
	h.failed.Do(func() { close(h.unwritten) })
	return &exception{code: 243, name: "NOT_ENOUGH_SPACE", text: fmt.Sprintf("Code: 243. DB::Exception: %v. (NOT_ENOUGH_SPACE)", errUnwritten)}
}

// watch looks after what the engine writes by itself, until stop is closed.
func (h *handler) watch(stop <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-h.unwritten:
			return
		case <-tick.C:
			if err := h.written(); err != nil {
				h.log.Error("write failed", "error", err)
			}
		}
	}
}
