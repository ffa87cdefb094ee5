package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strings"
)

// kfake keeps an index beside each segment: an entry for each batch, with a byte that checks it, the leader's epoch, and whether the batch is
// of a transaction. It takes an entry that is damaged or missing for one of no transaction, and then gives consumers records that were
// aborted. So entries are looked at before kfake opens the log, and made anew of the batches, which say the same.

// indexEntry is the length of an entry: version, a byte of the CRC of the rest, leader epoch, latest timestamp, in a transaction. kfake
// derives the timestamp from the log.
const indexEntry = 15

func newIndexEntry(leaderEpoch uint32, inTransaction bool) []byte {
	e := binary.LittleEndian.AppendUint32([]byte{1, 0}, leaderEpoch)
	e = append(binary.LittleEndian.AppendUint64(e, 0), 0)
	if inTransaction {
		e[indexEntry-1] = 1
	}
	e[1] = checkOf(e)
	return e
}

func checkOf(entry []byte) byte { return byte(crc32.Checksum(entry[2:indexEntry], castagnoli)) }

func rightEntry(index []byte, at int) bool {
	return at+indexEntry <= len(index) && index[at+1] == checkOf(index[at:])
}

// mendIndex puts right the entries of a segment's file that has so many batches, or fewer: it ends at one that does not fit to its CRC, since
// kfake cuts the segment there. The batches are read only if an entry is not right.
func (b *Broker) mendIndex(segment string, batches int) error {
	file := strings.TrimSuffix(segment, ".dat") + ".idx"
	index, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	right := 0
	for right < batches && rightEntry(index, right*indexEntry) {
		right++
	}
	if right == batches {
		return nil
	}
	s, err := openSegment(segment)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	mended := 0
	for i, from := 0, int64(0); i < batches; i++ {
		head, err := s.head(from)
		if err != nil {
			return err
		}
		whole, err := s.whole(from, head)
		if err != nil {
			return err
		}
		if !whole {
			break
		}
		if at := i * indexEntry; !rightEntry(index, at) {
			mended++
			a := head.attributes()
			entry := newIndexEntry(binary.BigEndian.Uint32(head[batchLeaderEpochAt:]), a&attributeTransactional != 0 && a&attributeControl == 0)
			index = append(index[:at], append(entry, index[min(at+indexEntry, len(index)):]...)...)
		}
		from += head.size()
	}
	if mended == 0 {
		return nil
	}
	if err := os.WriteFile(file, index, 0o600); err != nil {
		return err
	}
	b.log.Warn("the index of a file of the log was damaged or not complete, and is put right: no record is lost", "file", file, "entries", mended)
	return nil
}

// hasTransactions reports whether an index has batches of transactions.
func hasTransactions(file string) (bool, error) {
	index, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("index of the log: %w", err)
	}
	for at := indexEntry - 1; at < len(index); at += indexEntry {
		if index[at] != 0 {
			return true, nil
		}
	}
	return false, nil
}
