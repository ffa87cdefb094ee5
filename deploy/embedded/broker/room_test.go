package broker_test

import (
	"errors"
	"testing"

	"github.com/segmentio/kafka-go"

	"dwell/deploy/embedded/fulldisk/fulldisktest"
)

func TestFullDiskRefusesWritesAndLosesNothing(t *testing.T) {
	disk := fulldisktest.Mount(t)
	if disk == nil {
		return
	}
	dir := disk.Dir
	addr, kill := child(t, dir)
	write(t, addr, 0, 0, 5000)
	commit(t, addr, 0, 42)

	fulldisktest.Fill(t, disk)
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

	fulldisktest.Free(t, disk)
	write(t, addr, 0, 5000, 10)
	commit(t, addr, 1, 1000)
	if err := create(t, addr, "late"); err != nil {
		t.Error(err)
	}
	fulldisktest.Fill(t, disk)
	kill()
	addr, _ = child(t, dir) // a start needs no room
	read(t, addr, 0, 5010)
	for partition, want := range []int64{42, 1000} {
		if got := committed(t, addr, partition); got != want {
			t.Errorf("committed offset %d of partition %d, want %d", got, partition, want)
		}
	}
	fulldisktest.Free(t, disk)
	if err := create(t, addr, "late"); !errors.Is(err, kafka.TopicAlreadyExists) {
		t.Errorf("the topic was answered with %v, want %v", err, kafka.TopicAlreadyExists)
	}
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
