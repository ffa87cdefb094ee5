package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/ingest/kafka/apachetest"
)

func TestCheckFindsATopicThatAcceptsFutureTimestamps(t *testing.T) {
	cfg, configure := configurable(t)
	for _, c := range []struct {
		config map[string]string
		wrong  string
	}{
		{map[string]string{}, ""},
		{map[string]string{"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "3600000"}, ""},
		{
			map[string]string{"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "9223372036854775807"},
			`topic "` + topic + `": message.timestamp.after.max.ms is 9223372036854775807`,
		},
		{map[string]string{"message.timestamp.type": "LogAppendTime", "message.timestamp.after.max.ms": "9223372036854775807"}, ""},
	} {
		configure(c.config)
		until(t, fmt.Sprintf("a check of %v says %q", c.config, c.wrong), func() bool {
			_, errs := Check(t.Context(), cfg)
			return c.wrong == "" && len(errs) == 0 || len(errs) == 1 && c.wrong != "" && strings.HasPrefix(errs[0].Error(), c.wrong)
		})
	}
}

func TestLogRetentionIsThatOfTheTopic(t *testing.T) {
	cfg, configure := configurable(t)
	for _, c := range []struct {
		value   string
		kept    time.Duration
		limited bool
	}{
		{"86400000", 24 * time.Hour, true},
		{"-1", 0, false},
		{"9223372036854775807", 0, false}, // longer than a time.Duration
	} {
		configure(map[string]string{"retention.ms": c.value})
		until(t, fmt.Sprintf("retention.ms %s is %v, limited %v", c.value, c.kept, c.limited), func() bool {
			kept, limited, err := LogRetention(t.Context(), cfg)
			return err == nil && kept == c.kept && limited == c.limited
		})
	}
}

// configurable starts a broker whose topic has the configuration given by configure. The embedded broker has no settings of
// timestamps, so its answers are replaced.
func configurable(t *testing.T) (cfg Config, configure func(map[string]string)) {
	t.Helper()
	if apachetest.Wanted() {
		cfg = config(start(t, 1))
		return cfg, func(config map[string]string) {
			r := kafkago.IncrementalAlterConfigsRequestResource{ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic}
			for name, value := range config {
				r.Configs = append(r.Configs, kafkago.IncrementalAlterConfigsRequestConfig{Name: name, Value: value})
			}
			res, err := newTestClient(t, cfg).IncrementalAlterConfigs(t.Context(), &kafkago.IncrementalAlterConfigsRequest{
				Resources: []kafkago.IncrementalAlterConfigsRequestResource{r},
			})
			if err != nil || res.Resources[0].Error != nil {
				t.Fatal(err, res)
			}
		}
	}
	kf, cfg := embedded(t, 1, 1)
	var configs map[string]string
	kf.ControlKey(int16(kmsg.DescribeConfigs), func(r kmsg.Request) (kmsg.Response, error, bool) {
		kf.KeepControl()
		res := r.ResponseKind().(*kmsg.DescribeConfigsResponse)
		of := kmsg.NewDescribeConfigsResponseResource()
		of.ResourceType, of.ResourceName = kmsg.ConfigResourceTypeTopic, topic
		for name, value := range configs {
			of.Configs = append(of.Configs, kmsg.DescribeConfigsResponseResourceConfig{Name: name, Value: &value})
		}
		res.Resources = append(res.Resources, of)
		return res, nil, true
	})
	return cfg, func(config map[string]string) { configs = config }
}
