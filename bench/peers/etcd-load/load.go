package main

import (
	"context"
	"fmt"
	"math/rand"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// summary is the outcome of a load.
type summary struct {
	Ops          int     `json:"ops"`
	Seconds      float64 `json:"seconds"`
	OpsPerSecond float64 `json:"opsPerSecond"`
	P50Ms        float64 `json:"p50Ms"`
	P99Ms        float64 `json:"p99Ms"`
	MaxMs        float64 `json:"maxMs"`
}

// operation is what the clients of a load do.
type operation struct {
	// key picks the key of a call, given its number: 0, 1, 2, …
	key  func(number, keySpace int, random *rand.Rand) int
	call func(ctx context.Context, c *client, key string) error
}

func inTurn(number, keySpace int, _ *rand.Rand) int {
	return number % keySpace
}

func atRandom(_, keySpace int, random *rand.Rand) int {
	return random.Intn(keySpace)
}

// All keys that a load writes begin so.
const keyPrefix = "bench/"

func keyName(number int) string {
	return fmt.Sprintf("%s%08d", keyPrefix, number)
}

// newValue is the same for all keys of a run; what etcd does with a value does not depend on what is in it.
func newValue(size int) string {
	value := make([]byte, size)
	rand.Read(value)
	return string(value)
}

func runPuts(ctx context.Context, s settings) (any, error) {
	value := newValue(s.valueSize)
	return runLoad(ctx, s, operation{inTurn, func(ctx context.Context, c *client, key string) error {
		_, err := c.Put(ctx, key, value)
		return err
	}})
}

func runGets(ctx context.Context, s settings) (any, error) {
	return runLoad(ctx, s, operation{atRandom, func(ctx context.Context, c *client, key string) error {
		answer, err := c.Get(ctx, key)
		if err == nil && (len(answer.Kvs) != 1 || len(answer.Kvs[0].Value) != s.valueSize) {
			return fmt.Errorf("%s: not found, or not of %d bytes", key, s.valueSize)
		}
		return err
	}})
}

// connectAll makes the connections, to the leader or to the servers in turn, and waits until they are up.
func connectAll(ctx context.Context, s settings) ([]*client, error) {
	endpoints := s.endpoints
	if s.targetLeader {
		found, err := findLeader(ctx, endpoints)
		if err != nil {
			return nil, err
		}
		endpoints = []string{found.Endpoint}
	}
	connections := make([]*client, s.conns)
	for i := range connections {
		c, err := connect(endpoints[i%len(endpoints)])
		if err != nil {
			return nil, err
		}
		connections[i] = c
		if _, err := c.Get(ctx, "warm-up"); err != nil {
			return nil, err
		}
	}
	return connections, nil
}

// runLoad lets the clients share the calls; the first error ends all of it.
func runLoad(ctx context.Context, s settings, do operation) (*summary, error) {
	connections, err := connectAll(ctx, s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var (
		next    atomic.Int64
		all     sync.WaitGroup
		once    sync.Once
		failure error
	)
	latencies := make([][]time.Duration, s.clients)
	began := time.Now()
	for i := range latencies {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			var err error
			latencies[i], err = runClient(ctx, connections[i%len(connections)], i, &next, s, do)
			if err != nil {
				once.Do(func() { failure = err; cancel() })
			}
		}(i)
	}
	all.Wait()
	elapsed := time.Since(began)
	for _, c := range connections {
		c.Close()
	}
	if failure != nil {
		return nil, failure
	}
	return summarize(latencies, elapsed), nil
}

// runClient makes calls one at a time until all calls of the load are taken, and returns how long each took.
func runClient(ctx context.Context, c *client, id int, next *atomic.Int64, s settings, do operation) ([]time.Duration, error) {
	random := rand.New(rand.NewSource(int64(id)))
	var latencies []time.Duration
	for {
		number := int(next.Add(1)) - 1
		if number >= s.total {
			return latencies, nil
		}
		key := keyName(do.key(number, s.keySpace, random))
		began := time.Now()
		if err := do.call(ctx, c, key); err != nil {
			return latencies, err
		}
		latencies = append(latencies, time.Since(began))
	}
}

func summarize(byClient [][]time.Duration, elapsed time.Duration) *summary {
	var latencies []time.Duration
	for _, some := range byClient {
		latencies = append(latencies, some...)
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	quantile := func(q float64) float64 {
		at := int(q * float64(len(latencies)-1))
		return latencies[at].Seconds() * 1000
	}
	return &summary{
		Ops:          len(latencies),
		Seconds:      elapsed.Seconds(),
		OpsPerSecond: float64(len(latencies)) / elapsed.Seconds(),
		P50Ms:        quantile(0.5),
		P99Ms:        quantile(0.99),
		MaxMs:        quantile(1),
	}
}
