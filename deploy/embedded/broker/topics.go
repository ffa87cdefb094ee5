package broker

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// topics knows which topics have message.timestamp.type=LogAppendTime.
type topics struct {
	cluster *kfake.Cluster  // set before the first request
	closed  <-chan struct{} // the cluster is being closed, and answers nothing more

	mu      sync.Mutex
	changes int
	known   map[string]bool
}

// appendTime reports whether batches of the topic get the broker's time.
func (t *topics) appendTime(topic string) bool {
	t.mu.Lock()
	yes, ok := t.known[topic]
	changes := t.changes
	t.mu.Unlock()
	if ok {
		return yes
	}
	asked := make(chan *kfake.TopicInfo, 1)
	go func() { asked <- t.cluster.TopicInfo(topic) }()
	var info *kfake.TopicInfo
	select {
	case info = <-asked:
	case <-t.closed:
	}
	if info == nil {
		return false
	}
	if v := info.Configs["message.timestamp.type"]; v != nil {
		yes = *v == "LogAppendTime"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if changes == t.changes {
		t.known[topic] = yes
	}
	return yes
}

// forget reads the configurations anew.
func (t *topics) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	clear(t.known)
}
