package clickhouse

import (
	"net/http"
	"regexp"
	"strconv"
)

// exception is an error of the engine.
type exception struct {
	code int    // ClickHouse's number, such as 60
	name string // and name, such as UNKNOWN_TABLE
	text string // the whole message, "Code: 60. DB::Exception: ... (UNKNOWN_TABLE)"
}

func (e *exception) Error() string { return e.text }

var (
	exceptionCode = regexp.MustCompile(`^Code: (\d+)\.`)
	exceptionName = regexp.MustCompile(`\(([A-Z][A-Z0-9_]+)\)`)
)

const codeUnknownException = 1002

func newException(message string) *exception {
	e := &exception{code: codeUnknownException, text: message}
	if m := exceptionCode.FindStringSubmatch(message); m != nil {
		if code, err := strconv.Atoi(m[1]); err == nil {
			e.code = code
		}
	}
	if names := exceptionName.FindAllStringSubmatch(message, -1); names != nil {
		e.name = names[len(names)-1][1]
	}
	return e
}

// status is the HTTP status that a ClickHouse server answers with (exceptionCodeToHTTPStatus in its source).
func (e *exception) status() int {
	switch e.name {
	case "CANNOT_PARSE_TEXT", "CANNOT_PARSE_ESCAPE_SEQUENCE", "CANNOT_PARSE_QUOTED_STRING", "CANNOT_PARSE_DATE",
		"CANNOT_PARSE_DATETIME", "CANNOT_PARSE_NUMBER", "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING", "CANNOT_PARSE_IPV4",
		"CANNOT_PARSE_IPV6", "CANNOT_PARSE_UUID", "CANNOT_PARSE_INPUT_ASSERTION_FAILED", "DUPLICATE_COLUMN", "ILLEGAL_COLUMN",
		"UNKNOWN_ELEMENT_IN_AST", "UNKNOWN_TYPE_OF_AST_NODE", "TOO_DEEP_AST", "TOO_BIG_AST", "UNEXPECTED_AST_STRUCTURE",
		"VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", "SYNTAX_ERROR", "INCORRECT_DATA", "TYPE_MISMATCH":
		return http.StatusBadRequest
	case "UNKNOWN_TABLE", "UNKNOWN_FUNCTION", "UNKNOWN_IDENTIFIER", "UNKNOWN_TYPE", "UNKNOWN_STORAGE", "UNKNOWN_DATABASE",
		"UNKNOWN_SETTING", "UNKNOWN_DIRECTION_OF_SORTING", "UNKNOWN_AGGREGATE_FUNCTION", "UNKNOWN_FORMAT",
		"UNKNOWN_DATABASE_ENGINE", "UNKNOWN_TYPE_OF_QUERY", "UNKNOWN_ROLE", "NO_ELEMENTS_IN_CONFIG":
		return http.StatusNotFound
	case "QUERY_IS_TOO_LARGE":
		return http.StatusRequestEntityTooLarge
	case "NOT_IMPLEMENTED":
		return http.StatusNotImplemented
	case "SOCKET_TIMEOUT", "CANNOT_OPEN_FILE", "TOO_MANY_SIMULTANEOUS_QUERIES": // the last one is of this server alone
		return http.StatusServiceUnavailable
	case "TIMEOUT_EXCEEDED":
		return http.StatusRequestTimeout
	}
	return http.StatusInternalServerError
}
