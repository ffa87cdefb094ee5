package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	embedded "dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/fulldisk"
)

// border is the system under test: a broker, a ClickHouse, and instances of `dwell serve`, which reach both through proxies
// that can inject network faults.
type border struct {
	dwell, dir string
	broker     *process
	clickhouse *process
	instances  []*process
	pages      []string // of the instances, host:port
	// toKafka and toClickHouse are the proxies in front of them.
	toKafka, toClickHouse *proxy
	kafkaAddr, chAddr     string // of the proxies
	// brokerAddr and clickhouseAddr are those behind the proxies.
	brokerAddr, clickhouseAddr string
	database, password         string
	// The disks of the broker and of ClickHouse are nil where the machine does not allow mounts.
	brokerDisk, clickhouseDisk *fulldisk.Disk
	// load sends it events while faults are injected.
	load *load
}

func startBorder(ctx context.Context, dwell, dir string, instances int, disks bool) (b *border, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ports, err := freeAddresses(4 + instances)
	if err != nil {
		return nil, err
	}
	b = &border{dwell: dwell, dir: dir, kafkaAddr: ports[0], chAddr: ports[1], database: "dwell"}
	if disks {
		if b.brokerDisk, err = fulldisk.New(filepath.Join(dir, "kafka")); err != nil {
			return nil, err
		}
		if b.clickhouseDisk, err = fulldisk.New(filepath.Join(dir, "clickhouse")); err != nil {
			return nil, err
		}
	}
	b.broker = &process{
		name: "broker", log: filepath.Join(dir, "broker.log"), startLine: "embedded broker is ready",
		args: []string{self, "broker", "--data", filepath.Join(dir, "kafka"), "--port", ports[2][len("127.0.0.1:"):], "--advertised", b.kafkaAddr},
	}
	passwordFile := filepath.Join(dir, "clickhouse.password")
	if b.password, err = embedded.CreatePassword(passwordFile); err != nil {
		return nil, err
	}
	b.clickhouse = &process{
		name: "clickhouse", log: filepath.Join(dir, "clickhouse.log"), exitMessage: "the disk ran full in the middle of a write",
		args: []string{dwell, "embedded-clickhouse", "--data", filepath.Join(dir, "clickhouse"), "--listen", ports[3], "--password-file", passwordFile},
	}
	agencies, err := writeAgencies(dir)
	if err != nil {
		return nil, err
	}
	for i := range instances {
		b.pages = append(b.pages, ports[4+i])
		b.instances = append(b.instances, &process{
			name: fmt.Sprintf("dwell serve %d", i+1), log: filepath.Join(dir, fmt.Sprintf("serve-%d.log", i+1)),
			startLine: "\npage ", dependent: true,
			args: []string{dwell, "serve", "--config", agencies}, env: append(b.config(), "DWELL_LISTEN="+ports[4+i]),
		})
	}
	if b.toKafka, err = newProxy("kafka", b.kafkaAddr, ports[2]); err != nil {
		return nil, err
	}
	if b.toClickHouse, err = newProxy("clickhouse", b.chAddr, ports[3]); err != nil {
		return nil, err
	}
	b.brokerAddr, b.clickhouseAddr = ports[2], ports[3]
	return b, b.start(ctx)
}

// start starts all processes, and waits until all instances are ready.
func (b *border) start(ctx context.Context) error {
	for _, p := range []*process{b.broker, b.clickhouse} {
		if err := p.start(); err != nil {
			return err
		}
	}
	err := b.until(ctx, "broker and clickhouse answer", func() bool { return answers(b.brokerAddr) && answers(b.clickhouseAddr) })
	if err != nil {
		return err
	}
	return b.startInstances(ctx)
}

// startInstances starts the instances, and waits until they are ready.
func (b *border) startInstances(ctx context.Context) error {
	for _, p := range b.instances {
		if err := p.start(); err != nil {
			return err
		}
	}
	return b.ready(ctx)
}

// ready waits until all instances are ready.
func (b *border) ready(ctx context.Context) error {
	for i, p := range b.instances {
		if err := b.until(ctx, p.name+" is ready", func() bool { return b.status(i, "/readyz") == http.StatusOK }); err != nil {
			return err
		}
	}
	return nil
}

// partitions is how many the topic of events has.
const partitions = 6

// config is the configuration of the instances and of the audit, as environment variables.
func (b *border) config() []string {
	return []string{
		"DWELL_KAFKA_BROKERS=" + b.kafkaAddr, fmt.Sprint("DWELL_KAFKA_NEW_PARTITIONS=", partitions), "DWELL_KAFKA_NEW_REPLICATION=1",
		"DWELL_KAFKA_SESSION_TIMEOUT=6s", "DWELL_KAFKA_DRAIN_TIMEOUT=4s", "DWELL_KAFKA_COMMIT_INTERVAL=1s",
		"DWELL_CLICKHOUSE_ADDRESSES=" + b.chAddr, "DWELL_CLICKHOUSE_COMPRESSION=none",
		"DWELL_CLICKHOUSE_DATABASE=" + b.database, "DWELL_CLICKHOUSE_PASSWORD=" + b.password,
		// With small flushes and a short retention, more kills hit between two writes, and more visits are loaded again.
		"DWELL_ENGINE_FLUSH_EVERY=200ms", "DWELL_ENGINE_FLUSH_BYTES=400000", "DWELL_ENGINE_MEMORY_RETENTION=3h",
		"DWELL_DASHBOARDS_WINDOW=1h", "DWELL_DASHBOARDS_TREND_HOURS=1",
	}
}

// status returns the HTTP status of an instance for a path, 0 without a response.
func (b *border) status(instance int, path string) int {
	code, _ := b.get(instance, path)
	return code
}

// A probe must be answered at once. A question may take as long as the API gives it, which is 30 s.
const probeTimeout, questionTimeout = 2 * time.Second, 35 * time.Second

// get returns the response of an instance for a path; the status is 0 without one.
func (b *border) get(instance int, path string) (status int, body string) {
	client := http.Client{Timeout: probeTimeout}
	if strings.HasPrefix(path, "/api/") {
		client.Timeout = questionTimeout
	}
	res, err := client.Get("http://" + b.pages[instance] + path)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(text)
}

// metrics returns the values of a metric of an instance, by its labels as they are printed.
func (b *border) metrics(instance int, name string) map[string]float64 {
	values := map[string]float64{}
	_, text := b.get(instance, "/metrics")
	for line := range strings.Lines(text) {
		if labels, ok := strings.CutPrefix(line, name); ok && (labels[0] == '{' || labels[0] == ' ') {
			i := strings.LastIndexByte(labels, ' ')
			if v, err := strconv.ParseFloat(strings.TrimSpace(labels[i:]), 64); err == nil {
				values[labels[:i]] = v
			}
		}
	}
	return values
}

// healthy fails unless all instances are healthy.
func (b *border) healthy(while string) error {
	for i, p := range b.instances {
		if code := b.status(i, "/healthz"); code != http.StatusOK {
			return fmt.Errorf("%s: /healthz returned %d while %s", p.name, code, while)
		}
	}
	return nil
}

// clickHouseAnswers reports whether ClickHouse answers a ping.
func (b *border) clickHouseAnswers() bool {
	client := http.Client{Timeout: 2 * time.Second}
	res, err := client.Get("http://" + b.chAddr + "/ping")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// waitTimeout is the timeout of every wait. No measurement depends on it.
const waitTimeout = 3 * time.Minute

// until waits for a condition, and fails if a process has exited by itself.
func (b *border) until(ctx context.Context, what string, is func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, waitTimeout, fmt.Errorf("timed out waiting until %s", what))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if err := b.failure(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// failure returns the error of a process that has exited by itself.
func (b *border) failure() error {
	for _, p := range append([]*process{b.broker, b.clickhouse}, b.instances...) {
		if err := p.failure(); err != nil {
			return err
		}
	}
	return nil
}

// stopInstances stops the instances in order.
func (b *border) stopInstances() error {
	var errs []error
	for _, p := range b.instances {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// end kills all processes, and keeps the folder with the contents of the disks or removes it.
func (b *border) end(keep bool) error {
	for _, p := range append([]*process{b.broker, b.clickhouse}, b.instances...) {
		if p.cmd != nil {
			_ = p.kill()
		}
	}
	var errs []error
	for _, d := range []*fulldisk.Disk{b.brokerDisk, b.clickhouseDisk} {
		if d != nil {
			errs = append(errs, closeDisk(d, keep))
		}
	}
	if !keep {
		errs = append(errs, os.RemoveAll(b.dir))
	}
	return errors.Join(errs...)
}

func answers(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// freeAddresses returns n free loopback addresses.
func freeAddresses(n int) ([]string, error) {
	var addrs []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = ln.Close() }() // all at the end, so that no two are the same
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs, nil
}
