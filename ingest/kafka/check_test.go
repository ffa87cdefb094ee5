package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestACheckAsksWhetherARecordFromTheFutureWouldBeTaken(t *testing.T) {
	for _, c := range []struct {
		config map[string]string
		wrong  string
	}{
		{map[string]string{}, ""},
		{map[string]string{"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "3600000"}, ""},
		{map[string]string{"message.timestamp.type": "LogAppendTime", "message.timestamp.after.max.ms": "9223372036854775807"}, ""},
		{
			map[string]string{"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "9223372036854775807"},
			`topic "` + topic + `": message.timestamp.after.max.ms is 9223372036854775807`,
		},
	} {
		kf, cfg := cluster(t, 1, 1)
		kf.ControlKey(int16(kmsg.DescribeConfigs), func(r kmsg.Request) (kmsg.Response, error, bool) {
			res := r.ResponseKind().(*kmsg.DescribeConfigsResponse)
			told := kmsg.NewDescribeConfigsResponseResource()
			told.ResourceType, told.ResourceName = kmsg.ConfigResourceTypeTopic, topic
			for name, value := range c.config {
				told.Configs = append(told.Configs, kmsg.DescribeConfigsResponseResourceConfig{Name: name, Value: &value})
			}
			res.Resources = append(res.Resources, told)
			return res, nil, true
		})
		errs := Check(t.Context(), cfg)
		if c.wrong == "" && len(errs) > 0 || c.wrong != "" && (len(errs) != 1 || !strings.HasPrefix(fmt.Sprint(errs[0]), c.wrong)) {
			t.Errorf("%v: got %v, want %q", c.config, errs, c.wrong)
		}
	}
}
