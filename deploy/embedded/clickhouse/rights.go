package clickhouse

import (
	"errors"
	"os"
	"regexp"
	"strings"
)

// What clients may not reach: files, networks and programs of this machine.
//
// The engine's own grants refuse the table functions and table and database engines that do (no READ or WRITE of a source,
// no TABLE ENGINE beyond those below), dictionaries, named collections, backups, users and SYSTEM. Its constraints hold the
// settings that name a file, a disk or a server. Three things it lets pass, since libchdb takes itself for a command of the
// person who runs it: the scalar function file(), which asks for no grant, and FROM INFILE both begin by asking for the
// working folder, so the process works in none (leaveFolder); INTO OUTFILE is looked for in the text (outfile). A disk that
// a table's settings describe is refused, but the engine has made its folder by then, which stays, empty.

// engines are those of tables that are kept in the data folder or in memory.
var engines = []string{
	"MergeTree", "ReplacingMergeTree", "AggregatingMergeTree", "SummingMergeTree", "CollapsingMergeTree",
	"VersionedCollapsingMergeTree", "CoalescingMergeTree", "Memory", "Null", "Log", "TinyLog", "StripeLog", "Set", "Join",
	"Buffer", "Merge", "Atomic", "View", "MaterializedView", "GenerateRandom",
}

// held are the settings that clients may not set.
var held = []string{
	"merge_tree_disk", "merge_tree_storage_policy", "format_schema", "format_schema_source", "output_format_schema",
	"format_template_row", "format_template_resultset", "input_format_record_errors_file_path",
	"format_avro_schema_registry_url", "allow_experimental_ai_functions",
}

// rights is the engine's users file.
func rights() string {
	var b strings.Builder
	b.WriteString("<clickhouse>\n<profiles><default><constraints>\n")
	for _, name := range held {
		b.WriteString("<" + name + "><const/></" + name + ">\n")
	}
	b.WriteString("</constraints></default></profiles>\n<quotas><default/></quotas>\n<users><default><password/>" +
		"<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota><grants>\n" +
		"<query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, " +
		"CREATE TEMPORARY VIEW, CREATE FUNCTION, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, CHECK, KILL QUERY, " +
		"SYSTEM MERGES, SYSTEM FLUSH, SYSTEM DROP CACHE ON *.*</query>\n")
	for _, engine := range engines {
		b.WriteString("<query>GRANT TABLE ENGINE ON " + engine + "</query>\n")
	}
	b.WriteString("</grants></default></users>\n</clickhouse>\n")
	return b.String()
}

// outfile finds INTO OUTFILE wherever it stands. A text in quotes that has the word is refused too, since what is inside
// quotes is for the engine's parser to say.
var outfile = regexp.MustCompile(`(?i)\bOUTFILE\b`)

// leaveFolder makes the process work in a folder that is gone, once the engine has been started.
func leaveFolder() error {
	dir, err := os.MkdirTemp("", "dwell-clickhouse-")
	if err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return errors.Join(err, os.Remove(dir))
	}
	return os.Remove(dir)
}
