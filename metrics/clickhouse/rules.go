package clickhouse

import (
	"context"
	"fmt"
)

// Rules returns the rules by which the tables were first counted, by name.
func (s *Store) Rules(ctx context.Context) (map[string]string, error) {
	const query = "SELECT mapFromArrays(groupArray(rule), groupArray(value)) FROM (SELECT rule, argMin(value, noted_at) AS value FROM rules GROUP BY rule)"
	rules := map[string]string{}
	if err := s.conn.QueryRow(ctx, query).Scan(&rules); err != nil {
		return nil, fmt.Errorf("read table rules: %w", damaged(err))
	}
	return rules, nil
}

// WriteRules stores rules that are not stored yet.
func (s *Store) WriteRules(ctx context.Context, rules map[string]string) error {
	if len(rules) == 0 {
		return nil
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO rules (rule, value)")
	for rule, value := range rules {
		if err == nil {
			err = batch.Append(rule, value)
		}
	}
	if err == nil {
		err = batch.Send()
	}
	if err != nil {
		return fmt.Errorf("write table rules: %w", err)
	}
	return nil
}
