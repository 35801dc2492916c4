package main

import (
	"context"
	"fmt"
	"time"
)

const dialTimeout = 5 * time.Second

// connect makes a client with one connection, to one server.
func connect(endpoint string) (*client, error) {
	return newClient(clientConfig{Endpoints: []string{endpoint}, DialTimeout: dialTimeout})
}

// leader is who leads the cluster.
type leader struct {
	Endpoint string `json:"endpoint"`
	// Healthy is true when every server answers and they agree on the leader.
	Healthy bool `json:"healthy"`
}

// findLeader asks every server whether it leads.
func findLeader(ctx context.Context, endpoints []string) (leader, error) {
	found := leader{Healthy: true}
	leaders := map[uint64]bool{}
	for _, endpoint := range endpoints {
		id, leads, err := askForLeader(ctx, endpoint)
		if err != nil {
			found.Healthy = false
			continue
		}
		leaders[id] = true
		if leads {
			found.Endpoint = endpoint
		}
	}
	if found.Endpoint == "" {
		return found, fmt.Errorf("none of %v leads", endpoints)
	}
	found.Healthy = found.Healthy && len(leaders) == 1
	return found, nil
}

// askForLeader returns the id of the leader as a server knows it, and whether it is this server.
func askForLeader(ctx context.Context, endpoint string) (id uint64, leads bool, err error) {
	c, err := connect(endpoint)
	if err != nil {
		return 0, false, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	status, err := c.Status(ctx, endpoint)
	if err != nil {
		return 0, false, err
	}
	return status.Leader, status.Leader == status.Header.MemberId, nil
}

func runLeader(ctx context.Context, s settings) (any, error) {
	return findLeader(ctx, s.endpoints)
}
