// Package imports brings files into the log, and takes them back.
//
// It promises that each line of a file adds an event, replaces one, is known from before, or is refused and a dead letter before the import
// ends; that an import can be undone, and what it said can come again; that a file which grew adds what is new of it; and that all of
// this holds if the process is killed at any moment. It refuses to work while another import does.
//
// What the log has of an event follows from what the standing imports say of it: of several the one that said something new last. So
// an import that repeats what another one said adds nothing, and does not bring back what was replaced since. A document that is read again and
// again is what it says now (Importer.Latest). An event that is taken back or
// replaced is retracted, and what comes instead has the next edition, as a retraction is final.
//
// The table is written before the log, with all that the log is to get. What an import was about to write when it was killed is written by
// the next one, again or for the first time; the log may have it twice then, and an event counts once.
package imports
