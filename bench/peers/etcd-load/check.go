package main

import "context"

// contents is what the store holds.
type contents struct {
	// Keys counts those that have a value of the right size.
	Keys     int   `json:"keys"`
	Revision int64 `json:"revision"`
}

// runCheck reads all keys of the loads, linearizably.
func runCheck(ctx context.Context, s settings) (any, error) {
	c, err := connect(s.endpoints[0])
	if err != nil {
		return nil, err
	}
	defer c.Close()
	answer, err := c.Get(ctx, keyPrefix, withPrefix())
	if err != nil {
		return nil, err
	}
	found := contents{Revision: answer.Header.Revision}
	for _, pair := range answer.Kvs {
		if len(pair.Value) == s.valueSize {
			found.Keys++
		}
	}
	return found, nil
}
