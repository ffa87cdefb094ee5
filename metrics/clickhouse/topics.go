package clickhouse

import (
	"context"
	"fmt"
)

// TopicPartitions returns the number of partitions that a topic had when it was first read. On the first read it stores
// now, the present number. If the number changes, keys move between partitions, and the stored state of shards is wrong.
func (s *Store) TopicPartitions(ctx context.Context, topic string, now int) (int, error) {
	const query = "SELECT count(), argMin(partitions, noted_at) FROM topics WHERE topic = ?"
	var rows uint64
	var partitions uint32
	if err := s.conn.QueryRow(ctx, query, topic).Scan(&rows, &partitions); err != nil {
		return 0, fmt.Errorf("read table topics: %w", damaged(err))
	}
	if rows > 0 {
		return int(partitions), nil
	}
	if err := s.exec(ctx, "INSERT INTO topics (topic, partitions) VALUES (?, ?)", topic, now); err != nil {
		return 0, fmt.Errorf("write table topics: %w", err)
	}
	return now, nil
}
