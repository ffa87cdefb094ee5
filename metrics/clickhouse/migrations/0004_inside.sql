ALTER TABLE {{db}}.visits {{cluster}} ADD INDEX IF NOT EXISTS over over TYPE minmax GRANULARITY 4;
ALTER TABLE {{db}}.visits {{cluster}} MATERIALIZE INDEX IF EXISTS over;
