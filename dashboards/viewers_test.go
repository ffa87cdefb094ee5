package dashboards

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"dwell/dashboards/overview"
)

// viewersVariable makes this test binary a crowd of viewers of the address that it holds: they cost the process that
// serves them nothing but what they are served.
const viewersVariable = "DWELL_TEST_VIEWERS"

func TestMain(m *testing.M) {
	if address := os.Getenv(viewersVariable); address != "" {
		if err := crowd(address, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crowd reads how many viewers are wanted, says "watching" when each has a snapshot, and at the next line how many
// frames and bytes they have had since the one before.
func crowd(address string, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Scan()
	n, err := strconv.Atoi(lines.Text())
	if err != nil {
		return err
	}
	dialer := websocket.Dialer{EnableCompression: os.Getenv(viewersVariable+"_PLAIN") == "", ReadBufferSize: 512, WriteBufferSize: 512}
	var frames, octets, left atomic.Int64
	var watching sync.WaitGroup
	gate := make(chan struct{}, 64) // handshakes at a time
	for range n {
		watching.Add(1)
		go func() {
			gate <- struct{}{}
			conn, _, err := dialer.Dial(address, nil)
			<-gate
			if err != nil {
				left.Add(1)
				watching.Done()
				return
			}
			for first := true; ; first = false {
				_, r, err := conn.NextReader()
				if err != nil {
					left.Add(1)
					return
				}
				size, _ := io.Copy(io.Discard, r)
				if first {
					watching.Done()
				}
				frames.Add(1)
				octets.Add(size)
			}
		}()
	}
	watching.Wait()
	fmt.Fprintln(out, "watching")
	for lines.Scan() {
		fmt.Fprintln(out, frames.Swap(0), octets.Swap(0), left.Load())
	}
	return nil
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkViewers is the cost of 10,000 real viewers at one update a second, in which every BCP changes: one iteration
// is one second. "cores" is of the serving process alone; the viewers are another. Run it with -benchtime=20x.
func BenchmarkViewers(b *testing.B) {
	for name, plain := range map[string]bool{"compressed": false, "plain": true} {
		b.Run(name, func(b *testing.B) { benchmarkViewers(b, 10_000, plain) })
	}
}

func benchmarkViewers(b *testing.B, viewers int, plain bool) {
	s := newStage(b)
	address := strings.Replace(serveEvery(b, s, time.Second), "http", "ws", 1) + "/live"
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), viewersVariable+"="+address)
	if plain {
		child.Env = append(child.Env, viewersVariable+"_PLAIN=1")
	}
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = child.Wait()
	}()
	answers := bufio.NewScanner(out)
	ask := func(text string) string {
		if _, err := fmt.Fprintln(in, text); err != nil {
			b.Fatal(err)
		}
		answers.Scan()
		return answers.Text()
	}
	if got := ask(strconv.Itoa(viewers)); got != "watching" {
		b.Fatalf("the viewers say %q", got)
	}
	ask("")
	before, start := cpu(b), time.Now()
	i := int64(0)
	for b.Loop() {
		i++
		s.change(func(b *overview.Overview) { everyPlaceChanges(b, i) })
		time.Sleep(time.Second)
	}
	used, took := cpu(b)-before, time.Since(start)
	var frames, octets, left int64
	if _, err := fmt.Sscan(ask(""), &frames, &octets, &left); err != nil || left > 0 {
		b.Fatalf("%d viewers were lost: %v", left, err)
	}
	b.ReportMetric(used.Seconds()/took.Seconds(), "cores")
	b.ReportMetric(float64(frames)/float64(viewers)/took.Seconds(), "updates/viewer/s")
	b.ReportMetric(float64(used.Microseconds())/float64(frames), "us/update")
	b.ReportMetric(float64(octets)/float64(frames), "B/update")
	b.ReportMetric(0, "ns/op")
}

// everyPlaceChanges is a second in which at every place a truck comes and another is released.
func everyPlaceChanges(b *overview.Overview, i int64) {
	b.Time = b.Time.Add(time.Second)
	for k := range b.Places {
		bcp := &b.Places[k]
		at := b.Time
		bcp.LastEvent = &at
		bcp.Inside.Known.Trucks, bcp.Inside.LastKnown = ptr(500+i), ptr(500+i)
		bcp.ReleaseTime.N, bcp.ReleaseTime.P50Seconds = ptr(i), ptr(60_000+float64(i))
		bcp.Flow.Counts = maps.Clone(bcp.Flow.Counts)
		bcp.Flow.Counts["arrivals"], bcp.Flow.Counts["releases"] = ptr(i), ptr(i)
		bcp.Holders = append([]overview.Holding{}, bcp.Holders...)
		for h := range bcp.Holders {
			bcp.Holders[h].Seconds++
		}
		bcp.Trend = append([]overview.Hour{}, bcp.Trend...)
		bcp.Trend[len(bcp.Trend)-1].N = ptr(i)
	}
}
