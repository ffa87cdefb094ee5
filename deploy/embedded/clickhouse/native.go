package clickhouse

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// reencoder turns Native blocks of revision 0, which the engine writes, into those of the revision that the client speaks.
// Each Write takes whole blocks, as each piece of a result does.
type reencoder struct {
	w        io.Writer
	revision uint64
	buffer   chproto.Buffer
}

func (e *reencoder) Write(p []byte) (int, error) {
	r := chproto.NewReader(bytes.NewReader(p))
	for {
		block := proto.NewBlock()
		err := block.Decode(r, 0)
		if errors.Is(err, io.EOF) {
			return len(p), nil
		}
		if err != nil {
			return 0, fmt.Errorf("Native result for revision %d: %w", e.revision, err)
		}
		if block.Rows() == 0 {
			continue
		}
		e.buffer.Reset()
		if err := block.Encode(&e.buffer, e.revision); err != nil {
			return 0, fmt.Errorf("Native result for revision %d: %w", e.revision, err)
		}
		if _, err := e.w.Write(e.buffer.Buf); err != nil {
			return 0, err
		}
	}
}
