package clickhouse

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// What clients may not reach: files, networks and programs of this machine. libchdb takes itself for a command of the person
// who runs it, and so does less than a server to stop them. There are four barriers:
//
//   - Grants of the engine refuse sources (table functions and engines of files and networks), dictionaries, named
//     collections, backups, users and SYSTEM, and its constraints the settings that name a file, a disk or a server (rights).
//     They also keep its own databases from being changed, without which it runs no statement.
//   - Table engines that ask for no grant (Executable, EmbeddedRocksDB, FileLog, ...) and disks described in a statement are
//     found in what the engine's own parser makes of the text (checkTable), as are views that run without a client, and INTO OUTFILE
//     in the text itself (outfile).
//   - The scalar function file() and FROM INFILE ask for no grant either, but both begin with the working folder, so the
//     process works in a folder that has been removed (leaveFolder). Programs are looked for in a folder that cannot exist
//     (writeConfig).
//   - Linux keeps the whole process from other files and from servers (confine).

// engines are those of tables and databases that are kept in the data folder or in memory.
var engines = []string{
	"MergeTree", "ReplacingMergeTree", "AggregatingMergeTree", "SummingMergeTree", "CollapsingMergeTree",
	"VersionedCollapsingMergeTree", "CoalescingMergeTree", "Memory", "Null", "Log", "TinyLog", "StripeLog", "Set", "Join",
	"Buffer", "Merge", "Atomic", "GenerateRandom",
}

// held are the settings that clients may not set.
var held = []string{
	"merge_tree_disk", "merge_tree_storage_policy", "format_schema", "format_schema_source", "output_format_schema",
	"format_template_row", "format_template_resultset", "input_format_record_errors_file_path",
	"format_avro_schema_registry_url", "allow_experimental_ai_functions", "dialect",
}

// bounded are the settings that make threads. Clients may set them to at most maxThreads.
var bounded = []string{
	"max_threads", "max_insert_threads", "max_final_threads", "max_parsing_threads", "max_download_threads", "max_threads_for_indexes",
	"max_alter_threads", "cache_warmer_threads", "async_insert_threads",
}

const maxThreads = 64

// granted is what clients may do, by the engine's names of rights. No other right is: no users, roles and policies, named
// collections, dictionaries, functions, backups and copies of parts (FREEZE), nothing of SYSTEM, and no sources besides tables.
const granted = "SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, SELECT, INSERT, CHECK, OPTIMIZE, TRUNCATE, KILL QUERY, " +
	"CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, CREATE TEMPORARY VIEW, DROP DATABASE, DROP TABLE, DROP VIEW, " +
	"ALTER UPDATE, ALTER DELETE, ALTER COLUMN, ALTER INDEX, ALTER PROJECTION, ALTER STATISTICS, ALTER CONSTRAINT, ALTER TTL, " +
	"ALTER SETTINGS, ALTER MODIFY COMMENT, ALTER VIEW"

// own are the engine's own databases. It reads system.one for a statement without FROM, so without it every statement fails.
var own = []string{"system", "INFORMATION_SCHEMA", "information_schema"}

// firstDatabase is the one in which a connection begins: without it the engine opens no other one, until it starts again.
const firstDatabase = "default"

// rights is the engine's users file.
func rights(unguarded bool) string {
	grants, constraints, revoked := granted, "", ""
	for _, database := range own {
		revoked += "<query>REVOKE INSERT, ALTER, CREATE, DROP, TRUNCATE ON " + database + ".*</query>"
	}
	revoked += "<query>REVOKE DROP DATABASE ON " + firstDatabase + ".*</query>"
	for _, name := range held {
		constraints += "<" + name + "><const/></" + name + ">\n"
	}
	for _, name := range bounded {
		constraints += fmt.Sprintf("<%s><max>%d</max></%s>\n", name, maxThreads, name)
	}
	if unguarded {
		grants, constraints, revoked = "ALL", "", ""
	}
	return "<clickhouse>\n<profiles><default><constraints>\n" + constraints + "</constraints></default></profiles>\n" +
		"<quotas><default/></quotas>\n<users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile>" +
		"<quota>default</quota><grants><query>GRANT " + grants + " ON *.*</query>" + revoked + "</grants></default></users>\n</clickhouse>\n"
}

// outfile finds INTO OUTFILE wherever it stands. A text in quotes that has the word is refused too, since what is inside
// quotes is for the engine's parser to say.
var outfile = regexp.MustCompile(`(?i)\bOUTFILE\b`)

var (
	// defines finds every statement that could define a table: the engine knows no other spelling of a keyword.
	defines = regexp.MustCompile(`(?i)\b(CREATE|ATTACH|REPLACE|ALTER)\b`)
	// These are as the engine's formatter writes them.
	engineClause = regexp.MustCompile("\\bENGINE = `?([^\\s(`]*)")
	diskSetting  = regexp.MustCompile("\\bdisk`? = `?disk`?\\(")
	worksOn      = regexp.MustCompile(`\bREFRESH (EVERY|AFTER)\b|\bCREATE WINDOW VIEW\b`)
)

// forbidden is why a statement may not be run, nil if nothing in its text is against it. Without its data an INSERT lacks the
// clause that begins them.
func (h *handler) forbidden(text []byte, withoutData bool) error {
	if h.unguarded {
		return nil
	}
	if outfile.Match(text) {
		return denied("INTO OUTFILE would write a file on the server; read the result from the response instead")
	}
	if !defines.Match(text) {
		return nil
	}
	sql, formatted := string(text), ""
	if withoutData {
		sql += " VALUES"
	}
	format := "SELECT formatQuerySingleLine(" + quoteText(sql) + ")"
	_, err := h.pool.keep.query(format, "TabSeparatedRaw", nil, func(piece []byte) error {
		formatted = string(piece)
		return nil
	})
	if e, ok := errors.AsType[*exception](err); ok { // of the client's statement, in which it sent no such function
		e.text = strings.Replace(e.text, ": In scope "+format, "", 1)
	}
	if err != nil {
		return err
	}
	return checkTable(formatted)
}

// checkTable refuses a formatted statement with an engine that is not allowed, a disk, or a view that would work on when its client has left.
func checkTable(formatted string) error {
	for _, clause := range engineClause.FindAllStringSubmatch(formatted, -1) {
		if !slices.Contains(engines, clause[1]) {
			return denied(fmt.Sprintf("engine %s is not supported here; use one of %s", clause[1], strings.Join(engines, ", ")))
		}
	}
	if diskSetting.MatchString(formatted) {
		return denied("a disk of its own is not supported for a table here; leave out the setting \"disk\"")
	}
	if worksOn.MatchString(formatted) {
		return denied("a view that runs its query again and again is not supported here; use a view, or a materialized view without REFRESH")
	}
	return nil
}

// sharedMemory is a file system of Linux that has room where a disk is full.
const sharedMemory = "/dev/shm"

// leaveFolder makes the process work in a folder that has been removed, once the engine has been started.
func leaveFolder(data string) error {
	dir, err := os.MkdirTemp(data, "removed-")
	if err != nil {
		var otherErr error
		if dir, otherErr = os.MkdirTemp(sharedMemory, "dwell-removed-"); otherErr != nil {
			return errors.Join(err, otherErr)
		}
	}
	if err := os.Chdir(dir); err != nil {
		return errors.Join(err, os.Remove(dir))
	}
	return os.Remove(dir)
}
