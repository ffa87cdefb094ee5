package variation

// Expected is the table of false signals.
var Expected = expected
