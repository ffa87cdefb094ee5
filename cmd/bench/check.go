package main

import (
	"context"
	"errors"
	"fmt"

	"dwell/cmd/bench/workload"
)

type checkCommand struct {
	size
	Brokers    string `help:"Bootstrap broker, host:port." xor:"where" required:""`
	Topic      string `default:"bench.result" help:"Topic of the result."`
	ClickHouse string `name:"clickhouse" help:"HTTP interface of ClickHouse, host:port." xor:"where" required:""`
	Database   string `default:"default" help:"Database of the result."`
	Of         string `default:"bench_result" enum:"bench_result,dwell" help:"What is read from ClickHouse: the table bench_result, or dwell's windows."`
}

func (c *checkCommand) Run(ctx context.Context) error {
	truth, err := workload.Truth(c.config())
	if err != nil {
		return err
	}
	var got result
	switch {
	case c.ClickHouse == "":
		got, err = resultFromTopic(ctx, c.Brokers, c.Topic)
	case c.Of == "dwell":
		got, err = resultFromVisits(ctx, c.ClickHouse, c.Database)
	default:
		got, err = resultFromTable(ctx, c.ClickHouse, c.Database)
	}
	if err != nil {
		return err
	}
	const most = 20
	differences := differences(truth, got, most)
	for _, d := range differences {
		fmt.Println(d)
	}
	if len(differences) > 0 {
		return errors.New("the result is wrong")
	}
	fmt.Printf("the result is correct: %d windows\n", len(truth))
	return nil
}
