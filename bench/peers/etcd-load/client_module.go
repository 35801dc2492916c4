//go:build !debian

package main

import clientv3 "go.etcd.io/etcd/client/v3"

// The client under the name that it has as a Go module.
type (
	client       = clientv3.Client
	clientConfig = clientv3.Config
)

var (
	newClient  = clientv3.New
	withPrefix = clientv3.WithPrefix
)
