// Command etcd-load drives a cluster of etcd servers through etcd's own Go client.
//
//	etcd-load put    --endpoints=… [--clients=64] [--conns=8] [--total=N] [--target-leader]
//	etcd-load get    --endpoints=… (likewise; linearizable)
//	etcd-load check  --endpoints=…
//	etcd-load leader --endpoints=…
//	etcd-load probe  --endpoints=… [--interval-ms=5]
//
// It is built like etcd's own "benchmark" tool: connections with one endpoint each, shared by clients with one call
// at a time each. Puts go through the keys in turn, gets take them at random, as "kv_client bench" does it. All but
// probe print one JSON value.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// settings are the flags; each command looks at those that concern it.
type settings struct {
	endpoints    []string
	clients      int
	conns        int
	total        int
	valueSize    int
	keySpace     int
	targetLeader bool
	intervalMs   int
}

// command does its work and returns what to print as JSON; nil: nothing.
type command func(ctx context.Context, s settings) (any, error)

var commands = map[string]command{
	"put":    runPuts,
	"get":    runGets,
	"check":  runCheck,
	"leader": runLeader,
	"probe":  runProbe,
}

func parse(name string, args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	endpoints := flags.String("endpoints", "127.0.0.1:2379", "host:port of the servers, separated by commas")
	flags.IntVar(&s.clients, "clients", 64, "clients, each with one call at a time")
	flags.IntVar(&s.conns, "conns", 8, "connections that the clients share")
	flags.IntVar(&s.total, "total", 10_000, "calls in all")
	flags.IntVar(&s.valueSize, "value-size", 256, "bytes in a value")
	flags.IntVar(&s.keySpace, "key-space", 10_000, "different keys")
	flags.BoolVar(&s.targetLeader, "target-leader", false, "connect to the leader only, not to all servers in turn")
	flags.IntVar(&s.intervalMs, "interval-ms", 5, "time between two writes of probe to the same server")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.endpoints = strings.Split(*endpoints, ",")
	return s, nil
}

func run(args []string) error {
	if len(args) == 0 || commands[args[0]] == nil {
		return fmt.Errorf("the first argument must be put, get, check, leader or probe")
	}
	s, err := parse(args[0], args[1:])
	if err != nil {
		return err
	}
	result, err := commands[args[0]](context.Background(), s)
	if err != nil || result == nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "etcd-load:", err)
		os.Exit(1)
	}
}
