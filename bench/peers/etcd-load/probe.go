package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// A write that a server has not answered after so long is given up; a new one goes out every interval anyway.
const probeTimeout = 5 * time.Second

// runProbe writes to every server at a steady pace, whether or not the last writes were answered, until it is
// ended. For each write that is acknowledged it prints a line:
//
//	<endpoint> <when it was sent> <when it was acknowledged>
//
// Times are in milliseconds since 1970, so that another process on the machine can place them.
func runProbe(ctx context.Context, s settings) (any, error) {
	var output printer
	for _, endpoint := range s.endpoints {
		c, err := connect(endpoint)
		if err != nil {
			return nil, err
		}
		go probe(ctx, c, endpoint, s, &output)
	}
	select {}
}

func probe(ctx context.Context, c *client, endpoint string, s settings, output *printer) {
	value := newValue(s.valueSize)
	for range time.Tick(time.Duration(s.intervalMs) * time.Millisecond) {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			sent := time.Now()
			if _, err := c.Put(ctx, "probe", value); err == nil {
				output.acknowledged(endpoint, sent, time.Now())
			}
		}()
	}
}

// printer keeps the lines of many goroutines apart.
type printer struct {
	mutex sync.Mutex
}

func (p *printer) acknowledged(endpoint string, sent, acknowledged time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	fmt.Fprintln(os.Stdout, endpoint, milliseconds(sent), milliseconds(acknowledged))
}

func milliseconds(t time.Time) string {
	return fmt.Sprintf("%.3f", float64(t.UnixNano())/1e6)
}
