{{/* What DESCRIBE TABLE says of columns that have no comment where they are made. */ -}}
ALTER TABLE {{db}}.schema_versions {{cluster}}
    COMMENT COLUMN version 'of the schema; 0 is the views and comments',
    COMMENT COLUMN name 'of the migration',
    COMMENT COLUMN applied 'when it was';

ALTER TABLE {{db}}.events {{cluster}}
    COMMENT COLUMN id 'with source and edition, identifies the event',
    COMMENT COLUMN source 'who says so, a URI reference',
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound, outbound, or empty where it is not said',
    COMMENT COLUMN channel 'green, yellow, red or blue; empty where no event said it',
    COMMENT COLUMN regime 'import, export, transit or empty; nothing where no event said it',
    COMMENT COLUMN agency 'code of the agency that acts, or empty',
    COMMENT COLUMN lane 'lane where it happened, as the source calls it',
    COMMENT COLUMN retracted_id 'id of the event that is taken back; empty unless this one is a retraction',
    COMMENT COLUMN retracted_source 'source of the event that is taken back',
    COMMENT COLUMN retracted_edition 'edition of the event that is taken back',
    COMMENT COLUMN retracted_time 'time of the event that is taken back; NULL unless this one is a retraction';

ALTER TABLE {{db}}.visits {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN shard 'Kafka partition that has its events',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN channel 'green, yellow, red or blue; empty where no event said it',
    COMMENT COLUMN regime 'import, export, transit or empty; nothing where no event said it',
    COMMENT COLUMN first_fact 'time of the earliest fact',
    COMMENT COLUMN last_fact 'time of the latest fact',
    COMMENT COLUMN arrived 'NULL where no event said it',
    COMMENT COLUMN released 'NULL where no event said it',
    COMMENT COLUMN refused 'NULL where no event said it',
    COMMENT COLUMN departed 'NULL where no event said it',
    COMMENT COLUMN segment_phase 'phase of each segment that has ended: wait, service, hold or exit',
    COMMENT COLUMN segment_holder 'who had the truck: an agency, trader, carrier or unknown',
    COMMENT COLUMN segment_start 'when it began',
    COMMENT COLUMN segment_ms 'how long it took, in milliseconds',
    COMMENT COLUMN holder 'holder of the open segment; empty if there is no such segment',
    COMMENT COLUMN since 'when the open segment began';

ALTER TABLE {{db}}.windows {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN channel 'green, yellow, red or blue; empty where no event said it',
    COMMENT COLUMN regime 'import, export, transit or empty; nothing where no event said it',
    COMMENT COLUMN grain 'hour or day',
    COMMENT COLUMN start 'when the window begins; a day begins at local midnight',
    COMMENT COLUMN n 'trucks, or segments',
    COMMENT COLUMN sum_ms 'sum of milliseconds',
    COMMENT COLUMN phase 'phase of a time of segments; empty of other measures',
    COMMENT COLUMN holder 'holder of a time of segments; empty of other measures';

ALTER TABLE {{db}}.inside_now {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN as_of 'the row includes the events of the shard before this offset, and no others',
    COMMENT COLUMN trucks 'how many are inside',
    COMMENT COLUMN class_holder 'see class_phase',
    COMMENT COLUMN class_agency 'see class_type',
    COMMENT COLUMN class_kind 'see class_type',
    COMMENT COLUMN class_result 'see class_type';

ALTER TABLE {{db}}.readings {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN offset 'Kafka offset',
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound, outbound, or empty where it is not said',
    COMMENT COLUMN id 'with source and edition, identifies the event',
    COMMENT COLUMN source 'who says so, a URI reference',
    COMMENT COLUMN edition 'with id and source, identifies the reading',
    COMMENT COLUMN time 'when the queue was as the reading says',
    COMMENT COLUMN recorded 'when the source recorded it',
    COMMENT COLUMN vehicles 'that wait; NULL where the source does not say',
    COMMENT COLUMN wait_seconds 'how long the wait is; NULL where the source does not say',
    COMMENT COLUMN lanes_open 'NULL where the source does not say',
    COMMENT COLUMN retracted '1 if it was taken back';

ALTER TABLE {{db}}.progress {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN offset 'Kafka offset',
    COMMENT COLUMN as_of 'the same as offset: of several rows the one with the highest counts',
    COMMENT COLUMN watermark 'windows that end before it are final; NULL before the first event',
    COMMENT COLUMN written_at 'when the row was written';

ALTER TABLE {{db}}.dead_letters {{cluster}}
    COMMENT COLUMN logged 'time of the Kafka record, or when the message came',
    COMMENT COLUMN append_time '1 if that time is of the broker',
    COMMENT COLUMN reason 'why it cannot be used',
    COMMENT COLUMN detail 'what is wrong, in words',
    COMMENT COLUMN key 'of the Kafka record',
    COMMENT COLUMN value 'the message as it came',
    COMMENT COLUMN headers 'of the Kafka record';

ALTER TABLE {{db}}.restatements {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN grain 'hour or day',
    COMMENT COLUMN start 'when the window begins',
    COMMENT COLUMN measure 'as in table windows',
    COMMENT COLUMN written_at 'when it was written';

ALTER TABLE {{db}}.redrives {{cluster}}
    COMMENT COLUMN name 'see origin',
    COMMENT COLUMN part 'see origin',
    COMMENT COLUMN number 'see origin',
    COMMENT COLUMN redriven_at 'when it was sent again';

ALTER TABLE {{db}}.rules {{cluster}}
    COMMENT COLUMN value 'as the configuration or the places file had it',
    COMMENT COLUMN noted_at 'when it was noted; of several rows the first counts';

ALTER TABLE {{db}}.retentions {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN noted_at 'when it was noted';

ALTER TABLE {{db}}.retained {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN progress 'offset up to which the shard has counted',
    COMMENT COLUMN visits_since 'visits with an earlier last fact are absent',
    COMMENT COLUMN events_since 'events with an earlier time are absent';

ALTER TABLE {{db}}.topics {{cluster}}
    COMMENT COLUMN topic 'name',
    COMMENT COLUMN partitions 'how many it had',
    COMMENT COLUMN noted_at 'when it was noted; of several rows the first counts';

ALTER TABLE {{db}}.short_logs {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN noted_at 'when it was noted';

ALTER TABLE {{db}}.imports {{cluster}}
    COMMENT COLUMN mapping 'name of the mapping by which the file was read',
    COMMENT COLUMN begun 'when it began',
    COMMENT COLUMN added 'events that are new',
    COMMENT COLUMN duplicates 'lines that say what is known',
    COMMENT COLUMN written_at 'when the row was written';

ALTER TABLE {{db}}.import_entries {{cluster}}
    COMMENT COLUMN time 'of the event',
    COMMENT COLUMN source 'of the event',
    COMMENT COLUMN bcp 'id of the BCP';

ALTER TABLE {{db}}.owners {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN opened_at 'when the instance opened the shard';

ALTER TABLE {{db}}.openings {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN offset 'Kafka offset',
    COMMENT COLUMN id 'with source and edition, identifies the event',
    COMMENT COLUMN source 'who says so, a URI reference',
    COMMENT COLUMN edition 'with id and source, identifies the event',
    COMMENT COLUMN time 'when it happened',
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN retracted_id 'id of the event that is taken back; empty unless this one is a retraction',
    COMMENT COLUMN retracted_source 'source of the event that is taken back',
    COMMENT COLUMN retracted_edition 'edition of the event that is taken back';

ALTER TABLE {{db}}.openings_of_events {{cluster}}
    COMMENT COLUMN shard 'Kafka partition',
    COMMENT COLUMN offset 'Kafka offset',
    COMMENT COLUMN type 'bcp.opened, bcp.closed or event.retracted',
    COMMENT COLUMN id 'with source and edition, identifies the event',
    COMMENT COLUMN source 'who says so, a URI reference',
    COMMENT COLUMN edition 'with id and source, identifies the event',
    COMMENT COLUMN time 'when it happened',
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'empty if it is about both directions',
    COMMENT COLUMN retracted_id 'id of the event that is taken back; empty unless this one is a retraction',
    COMMENT COLUMN retracted_source 'source of the event that is taken back',
    COMMENT COLUMN retracted_edition 'edition of the event that is taken back',
    MODIFY COMMENT 'Fills the table openings from the table events.';

ALTER TABLE {{db}}.presumptions {{cluster}}
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN agency 'see type',
    COMMENT COLUMN kind 'see type',
    COMMENT COLUMN result 'see type';

ALTER TABLE {{db}}.presumption_records {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP';

ALTER TABLE {{db}}.waiting_now {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN phase 'wait, service, hold or exit',
    COMMENT COLUMN holder 'who has them: an agency, trader, carrier or unknown',
    COMMENT COLUMN trucks 'how many',
    COMMENT COLUMN as_of 'time of the latest event about the BCP and direction';

ALTER TABLE {{db}}.latest_visits {{cluster}}
    COMMENT COLUMN visit 'id of the visit, the subject of its events',
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN channel 'green, yellow, red or blue; empty where no event said it',
    COMMENT COLUMN regime 'import, export, transit or empty; nothing where no event said it',
    COMMENT COLUMN status 'inside, departed, lapsed, incomplete, inconsistent or void',
    COMMENT COLUMN fault 'why it is incomplete or inconsistent',
    COMMENT COLUMN arrived 'NULL where no event said it',
    COMMENT COLUMN released 'NULL where no event said it',
    COMMENT COLUMN refused 'NULL where no event said it',
    COMMENT COLUMN departed 'NULL where no event said it',
    COMMENT COLUMN release_time 'from arrival to release, in seconds',
    COMMENT COLUMN release_net_time 'the same net of closed hours',
    COMMENT COLUMN crossing_time 'from arrival to departure, in seconds',
    COMMENT COLUMN crossing_net_time 'the same net of closed hours',
    COMMENT COLUMN segments 'those that have ended, in order, with their seconds gross and net of closed hours',
    COMMENT COLUMN phase 'of the open segment; empty if there is no such segment',
    COMMENT COLUMN holder 'of the open segment',
    COMMENT COLUMN since 'when the open segment began',
    COMMENT COLUMN last_fact 'time of the latest fact';

ALTER TABLE {{db}}.queue_readings {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound, outbound, or empty where it is not said',
    COMMENT COLUMN source 'who says so',
    COMMENT COLUMN queue 'lane or class of vehicle; empty if the source does not say',
    COMMENT COLUMN id 'with source and edition, identifies the reading',
    COMMENT COLUMN edition 'with id and source, identifies the reading',
    COMMENT COLUMN time 'when the queue was so',
    COMMENT COLUMN recorded 'when the source recorded it',
    COMMENT COLUMN vehicles 'that wait; NULL where the source does not say',
    COMMENT COLUMN wait_seconds 'how long the wait is; NULL where the source does not say',
    COMMENT COLUMN age_seconds 'how old the reading was when it was published',
    COMMENT COLUMN lanes_open 'NULL where the source does not say',
    COMMENT COLUMN service_rate 'vehicles per hour',
    COMMENT COLUMN state 'open, paused, closed or unknown, of the queue and not of the BCP';

ALTER TABLE {{db}}.ineffective_retractions {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN subject 'of the retraction',
    COMMENT COLUMN source 'of the retraction',
    COMMENT COLUMN id 'of the retraction',
    COMMENT COLUMN edition 'of the retraction',
    COMMENT COLUMN time 'of the retraction',
    COMMENT COLUMN retracted_source 'source of the event that has not come',
    COMMENT COLUMN retracted_id 'its id',
    COMMENT COLUMN retracted_edition 'its edition',
    COMMENT COLUMN retracted_time 'its time, as the retraction says';

ALTER TABLE {{db}}.inside {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN grain 'hour or day',
    COMMENT COLUMN start 'when the window begins',
    COMMENT COLUMN date 'local date at the BCP on which it begins; NULL where its time zone is not in table rules',
    COMMENT COLUMN trucks 'inside at the end of the window';

ALTER TABLE {{db}}.crossing_times {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN grain 'hour or day',
    COMMENT COLUMN start 'when the window begins',
    COMMENT COLUMN date 'local date at the BCP on which it begins; NULL where its time zone is not in table rules',
    COMMENT COLUMN measure 'release_time, crossing_time, or phase/holder',
    COMMENT COLUMN n 'trucks, or segments',
    COMMENT COLUMN mean 'in seconds',
    COMMENT COLUMN sd 'standard deviation of the population, in seconds',
    COMMENT COLUMN p50 'half of them took no longer, in seconds',
    COMMENT COLUMN p90 '90 % of them took no longer, in seconds',
    COMMENT COLUMN p95 '95 % of them took no longer, in seconds',
    COMMENT COLUMN net_mean 'in seconds, net of closed hours',
    COMMENT COLUMN net_sd 'as sd, net of closed hours',
    COMMENT COLUMN net_p50 'as p50, net of closed hours',
    COMMENT COLUMN net_p90 'as p90, net of closed hours',
    COMMENT COLUMN net_p95 'as p95, net of closed hours';

ALTER TABLE {{db}}.crossing_times_by_channel {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN channel 'green, yellow, red or blue; empty where no event said it',
    COMMENT COLUMN regime 'import, export, transit or empty; nothing where no event said it',
    COMMENT COLUMN grain 'hour or day',
    COMMENT COLUMN start 'when the window begins',
    COMMENT COLUMN date 'local date at the BCP on which it begins; NULL where its time zone is not in table rules',
    COMMENT COLUMN measure 'release_time, crossing_time, or phase/holder',
    COMMENT COLUMN n 'trucks, or segments',
    COMMENT COLUMN mean 'in seconds',
    COMMENT COLUMN sd 'standard deviation of the population, in seconds',
    COMMENT COLUMN p50 'half of them took no longer, in seconds',
    COMMENT COLUMN p90 '90 % of them took no longer, in seconds',
    COMMENT COLUMN p95 '95 % of them took no longer, in seconds',
    COMMENT COLUMN net_mean 'in seconds, net of closed hours',
    COMMENT COLUMN net_sd 'as sd, net of closed hours',
    COMMENT COLUMN net_p50 'as p50, net of closed hours',
    COMMENT COLUMN net_p90 'as p90, net of closed hours',
    COMMENT COLUMN net_p95 'as p95, net of closed hours';

ALTER TABLE {{db}}.days {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN channel 'green, yellow, red or blue; empty where no event said it',
    COMMENT COLUMN regime 'import, export, transit or empty; nothing where no event said it',
    COMMENT COLUMN start 'when the day begins',
    COMMENT COLUMN date 'local date at the BCP on which it begins; NULL where its time zone is not in table rules',
    COMMENT COLUMN measure 'a count, release_time, crossing_time, or phase/holder',
    COMMENT COLUMN n 'trucks, or segments',
    COMMENT COLUMN sum_ms 'sum of milliseconds',
    COMMENT COLUMN sum_sq 'sum of squares of milliseconds',
    COMMENT COLUMN bins 'durations in (g^(i-1), g^i] seconds, g = 2^(1/32); -32768 is zero',
    COMMENT COLUMN net_ms 'as sum_ms, net of closed hours',
    COMMENT COLUMN net_sq 'as sum_sq, net of closed hours',
    COMMENT COLUMN net_bins 'as bins, net of closed hours';

ALTER TABLE {{db}}.calendar {{cluster}}
    COMMENT COLUMN date 'local date',
    COMMENT COLUMN month 'such as 2026-03',
    COMMENT COLUMN quarter 'such as 2026-Q1',
    COMMENT COLUMN year 'such as 2026',
    COMMENT COLUMN month_persian 'such as 1405-01',
    COMMENT COLUMN quarter_persian 'such as 1405-Q1',
    COMMENT COLUMN year_persian 'such as 1405';

ALTER TABLE {{db}}.movements {{cluster}}
    COMMENT COLUMN bcp 'id of the BCP',
    COMMENT COLUMN direction 'inbound or outbound',
    COMMENT COLUMN grain 'hour or day',
    COMMENT COLUMN start 'when the window begins',
    COMMENT COLUMN date 'local date at the BCP on which it begins; NULL where its time zone is not in table rules',
    COMMENT COLUMN incomplete 'visits without arrival, which enter no time',
    COMMENT COLUMN inconsistent 'visits whose facts contradict each other, which enter no time',
    {{range $i, $d := counted}}{{if $i}},
    {{end}}COMMENT COLUMN `{{$d.Name}}` '{{$d.Description}}'{{end}};
