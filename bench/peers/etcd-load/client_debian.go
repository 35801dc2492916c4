//go:build debian

package main

import "go.etcd.io/etcd/clientv3"

// The client under the name that it has in Debian's golang-etcd-server-dev.
type (
	client       = clientv3.Client
	clientConfig = clientv3.Config
)

var (
	newClient  = clientv3.New
	withPrefix = clientv3.WithPrefix
)
