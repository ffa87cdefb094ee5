package broker_test

import (
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/deploy/embedded/broker/brokertest"
)

// requests that kfake answers, by number. Those that the broker does not serve are sent, too.
var requestKeys = func() (keys []int16) {
	for key := range int16(100) {
		if kmsg.RequestForKey(key) != nil {
			keys = append(keys, key)
		}
	}
	return keys
}()

// TestHostileRequestsLeaveTheBrokerServing sends requests of every kind and version with fields that are valid, extreme or cut, and
// bytes that are none.
func TestHostileRequestsLeaveTheBrokerServing(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 2), brokertest.Topic("other", 2))
	var senders sync.WaitGroup
	seeds := make(chan uint64)
	for range 16 {
		senders.Go(func() {
			for seed := range seeds {
				random := rand.New(rand.NewPCG(seed, 0))
				key := requestKeys[random.IntN(len(requestKeys))]
				r := kmsg.RequestForKey(key)
				r.SetVersion(int16(random.IntN(int(r.MaxVersion()) + 1)))
				send(addr, mutated(random, hostile(random, r)))
			}
		})
	}
	for seed := range uint64(hostileRequests) {
		seeds <- seed
	}
	close(seeds)
	senders.Wait()
	if !answers(addr) {
		t.Fatal("the broker does not answer any more")
	}
	write(t, addr, 1, 0, 10)
	read(t, addr, 1, 10)
}

// hostileRequests take about three seconds, for which the senders wait for answers, most of the time.
const hostileRequests = 6000

// FuzzBytes sends whatever it is given as one connection's bytes.
func FuzzBytes(f *testing.F) {
	addr := brokertest.Start(f, brokertest.Topic(topic, 2))
	for _, key := range requestKeys {
		r := kmsg.RequestForKey(key)
		for v := range r.MaxVersion() + 1 {
			r.SetVersion(v)
			f.Add(hostile(rand.New(rand.NewPCG(uint64(key), uint64(v))), r))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		send(addr, data)
		if !answers(addr) {
			t.Fatal("the broker does not answer any more")
		}
	})
}

// send sends bytes on a connection of its own, and waits a moment for an answer.
func send(addr string, data []byte) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(data); err != nil {
		return
	}
	_ = c.(*net.TCPConn).CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	_, _ = io.Copy(io.Discard, c)
}

// answers asks a broker for its versions.
func answers(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(kmsg.NewRequestFormatter().AppendRequest(nil, &kmsg.ApiVersionsRequest{}, 7)); err != nil {
		return false
	}
	var head struct{ Size, ID int32 }
	return binary.Read(c, binary.BigEndian, &head) == nil && head.ID == 7
}

// hostile fills a request with values at random, and returns it with its size.
func hostile(random *rand.Rand, r kmsg.Request) []byte {
	fill(random, reflect.ValueOf(r).Elem(), 0)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("x")).AppendRequest(nil, r, random.Int32())
}

func fill(random *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Version" && name != "UnknownTags" && v.Field(i).CanSet() {
				fill(random, v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(text(random)))
			return
		}
		n := random.IntN(4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(random, v.Index(i), depth+1)
		}
	case reflect.Pointer:
		if random.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(random, v.Elem(), depth+1)
		}
	case reflect.String:
		v.SetString(text(random))
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := v.Type().Bits()
		values := []int64{0, 1, 2, -1, -2, 6000, 30000, 1<<(bits-1) - 1, math.MinInt64 >> (64 - bits), random.Int64()}
		v.SetInt(values[random.IntN(len(values))] << (64 - bits) >> (64 - bits))
	}
}

func text(random *rand.Rand) string {
	texts := []string{
		"", "other", "other", "dwell", "dwell", "group", "consumer", "range", "..", "../x", "\x00", "\xff\xfe", strings.Repeat("n", 300),
		"0", "1", "-1", "segment.bytes", "cleanup.policy", "compact", "log.cleaner.backoff.ms", "offsets.retention.check.interval.ms",
		"message.timestamp.type", "LogAppendTime", "max.message.bytes", "retention.ms",
	}
	return texts[random.IntN(len(texts))]
}

// mutated cuts a request, changes some of its bytes, or leaves it as it is.
func mutated(random *rand.Rand, data []byte) []byte {
	switch random.IntN(4) {
	case 0:
		for range 1 + random.IntN(4) {
			data[4+random.IntN(len(data)-4)] = byte(random.IntN(256))
		}
	case 1:
		data = data[:4+random.IntN(len(data)-4)]
		binary.BigEndian.PutUint32(data, uint32(len(data)-4))
	}
	return data
}

// TestMemberWithoutAProtocolOfItsOwnIsRefused joins a group with a protocol named twice, and with none.
func TestMemberWithoutAProtocolOfItsOwnIsRefused(t *testing.T) {
	addr := brokertest.Start(t)
	join := func(version int16, group string, protocols ...string) (errorCode int16) {
		t.Helper()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		req := kmsg.NewPtrJoinGroupRequest()
		req.Version, req.Group, req.ProtocolType = version, group, "consumer"
		req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 6000, 6000
		for _, name := range protocols {
			req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: name})
		}
		if _, err := c.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, 1)); err != nil {
			t.Fatal(err)
		}
		var head struct{ Size, ID int32 }
		if err := binary.Read(c, binary.BigEndian, &head); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, head.Size-4)
		if _, err := io.ReadFull(c, body); err != nil {
			t.Fatal(err)
		}
		resp := req.ResponseKind()
		resp.SetVersion(version)
		if err := resp.ReadFrom(body); err != nil {
			t.Fatal(err)
		}
		return resp.(*kmsg.JoinGroupResponse).ErrorCode
	}
	inconsistent, memberIDRequired := kerr.InconsistentGroupProtocol.Code, kerr.MemberIDRequired.Code
	if code := join(2, "twice", "range", "range"); code != inconsistent {
		t.Errorf("a protocol that is named twice: error %d", code)
	}
	// The first member gives the group its kind of protocols. kfake accepts later members that name no kind.
	if code := join(5, "none", "range"); code != memberIDRequired {
		t.Errorf("a protocol: error %d", code)
	}
	if code := join(2, "none"); code != inconsistent {
		t.Errorf("no protocol: error %d", code)
	}
	if code := join(2, "twice", "range", "roundrobin"); code != 0 {
		t.Errorf("two protocols: error %d", code)
	}
}
