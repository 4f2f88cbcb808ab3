package cluster

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// etcdCall posts to etcd's JSON gateway, which needs no client library, and
// decodes the answer into out. The gateway writes 64-bit numbers as strings.
func (c *Cluster) etcdCall(ctx context.Context, path, body string, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.EtcdURL+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	a, err := send(c.etcdClient, r)
	if err != nil {
		return err
	}
	if err := a.Into(out); err != nil {
		return fmt.Errorf("etcd %s: %w", path, err)
	}
	return nil
}

type etcdHeader struct {
	Header struct {
		Revision int64 `json:"revision,string"`
	} `json:"header"`
}

// Revision is etcd's current revision: the resourceVersion of the latest write
// to the cluster, whatever its resource.
func (c *Cluster) Revision(ctx context.Context) (int64, error) {
	var status etcdHeader
	err := c.etcdCall(ctx, "/v3/maintenance/status", "{}", &status)
	return status.Header.Revision, err
}

// Compact drops etcd's history up to now and returns the revision from which on
// it is kept. Reading history at an older version, and watching from one that
// has missed a write, then answers 410 Expired.
//
// The API server learns of it only when it asks etcd: what it serves from its
// memory still succeeds. Events are not kept in memory; with the flag
// --watch-cache=false no resource is; and after Restart the memory holds no
// history, so that a watch from an older version answers 410 as well.
func (c *Cluster) Compact(ctx context.Context) (int64, error) {
	// The latest revision is never dropped. A write that is none of the API
	// server's takes its place.
	var written, compacted etcdHeader
	put := fmt.Sprintf(`{"key": %q, "value": ""}`, base64.StdEncoding.EncodeToString([]byte("/e2e/compaction")))
	if err := c.etcdCall(ctx, "/v3/kv/put", put, &written); err != nil {
		return 0, err
	}
	revision := written.Header.Revision
	body := fmt.Sprintf(`{"revision": "%d", "physical": true}`, revision)
	if err := c.etcdCall(ctx, "/v3/kv/compaction", body, &compacted); err != nil {
		return 0, err
	}
	return revision, nil
}

func (c *Cluster) etcdHealthy(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.EtcdURL+"/health", nil)
	if err != nil {
		return err
	}
	a, err := send(c.etcdClient, r)
	if err != nil {
		return err
	}
	var health struct {
		Health string `json:"health"`
	}
	if err := a.Into(&health); err != nil {
		return err
	}
	if health.Health != "true" {
		return fmt.Errorf("etcd is not healthy: %s", a.Body)
	}
	return nil
}
