// Package imports brings files into the log.
//
// It promises that a line that is refused is a dead letter before the import ends.
package imports
