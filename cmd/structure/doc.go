// Package structure holds the repository to its own rules, by tests alone: which package may import which, what the pure
// packages may do, how files and folders are named, and that the documents name nothing that is not there.
package structure
