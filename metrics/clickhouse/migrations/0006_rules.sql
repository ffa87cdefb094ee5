CREATE TABLE IF NOT EXISTS {{db}}.rules {{cluster}} (
    rule     String               COMMENT 'such as lapse_after of AF-NAN-TORKHAM',
    value    String,
    noted_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing ""}} ORDER BY (rule, noted_at)
COMMENT 'The rules under which the tables were counted: under other rules the same events give other numbers.';
