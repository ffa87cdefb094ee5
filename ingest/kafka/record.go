package kafka

// Record is one record of the canonical topic. Key, Value and Headers, and everything they point to, are valid until the
// call of Handler.Handle that brought them returns; what is kept longer has to be copied.
type Record struct {
	Offset int64
	// Time is the record's own timestamp in Unix milliseconds.
	Time int64
	// Key and Value are nil where the record has none.
	Key, Value []byte
	Headers    []Header
}

// Header is one header of a record.
type Header struct {
	Key, Value []byte
}

// Batch is what a Handler is given at once: records in offset order, all of one partition.
type Batch struct {
	// Records may be empty: at a tick, and where only records that no Handler sees were passed (transaction markers,
	// aborted transactions, records that compaction or retention removed).
	Records []Record
	// Next is the offset from which the next Batch goes on. It never falls, and is past the last of Records.
	Next int64
	// HighWatermark is the end of the partition as of the last fetch: Next has caught up when it has reached it. It is
	// -1 until the first fetch.
	HighWatermark int64
}
