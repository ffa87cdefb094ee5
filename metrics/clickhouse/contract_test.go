package clickhouse

import "dwell/metrics/pipeline"

var _ pipeline.Store = (*Store)(nil)
