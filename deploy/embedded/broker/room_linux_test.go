package broker_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/segmentio/kafka-go"
)

// mounts says that this test runs where it may mount.
const mounts = "DWELL_TEST_BROKER_MOUNTS"

func TestAFullDiskRefusesWhatItCannotKeepAndLosesNothing(t *testing.T) {
	if os.Getenv(mounts) == "" {
		inOwnMounts(t)
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("dwell", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	addr, kill := child(t, dir)
	write(t, addr, 0, 0, 5000)
	commit(t, addr, 0, 42)

	resize(t, dir, held(t, dir))
	if err := produce(t, addr, 2, "x"); !errors.Is(err, kafka.KafkaStorageError) {
		t.Errorf("a record was answered with %v, want %v", err, kafka.KafkaStorageError)
	}
	if err := create(t, addr, "late"); !errors.Is(err, kafka.KafkaStorageError) {
		t.Errorf("a topic was answered with %v, want %v", err, kafka.KafkaStorageError)
	}
	for offset := range 200 { // one of which would be cut at the end of a page, and take those after it along
		if err := tryCommit(t, addr, 1, int64(offset)); !errors.Is(err, kafka.NotCoordinatorForGroup) {
			t.Fatalf("an offset was answered with %v, want %v", err, kafka.NotCoordinatorForGroup)
		}
	}
	read(t, addr, 0, 5000)

	resize(t, dir, 64<<20)
	write(t, addr, 0, 5000, 10)
	commit(t, addr, 1, 1000)
	if err := create(t, addr, "late"); err != nil {
		t.Error(err)
	}
	resize(t, dir, held(t, dir))
	kill()
	addr, _ = child(t, dir) // a start needs no room
	read(t, addr, 0, 5010)
	for partition, want := range []int64{42, 1000} {
		if got := committed(t, addr, partition); got != want {
			t.Errorf("committed offset %d of partition %d, want %d", got, partition, want)
		}
	}
	resize(t, dir, 64<<20)
	if err := create(t, addr, "late"); !errors.Is(err, kafka.TopicAlreadyExists) {
		t.Errorf("the topic was answered with %v, want %v", err, kafka.TopicAlreadyExists)
	}
}

// inOwnMounts runs a test once more in a mount namespace of its own.
func inOwnMounts(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), mounts+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOSPC) { // as many namespaces as the machine allows
		t.Skipf("this machine lets nobody mount: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func resize(t *testing.T, dir string, bytes int64) {
	t.Helper()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Fatal(err)
	}
}

// held is how many bytes the disk holds.
func held(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Blocks-s.Bfree) * s.Bsize
}

func produce(t *testing.T, addr string, partition int, value string) error {
	t.Helper()
	r, err := (&kafka.Client{Addr: kafka.TCP(addr)}).Produce(t.Context(), &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte(value))}),
	})
	if err != nil {
		return err
	}
	return r.Error
}

func create(t *testing.T, addr, name string) error {
	t.Helper()
	r, err := (&kafka.Client{Addr: kafka.TCP(addr)}).CreateTopics(t.Context(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: name, NumPartitions: 1, ReplicationFactor: 1}},
	})
	if err != nil {
		return err
	}
	return r.Errors[name]
}
