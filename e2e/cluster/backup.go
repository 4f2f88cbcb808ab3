package cluster

import (
	"context"
	"os"
)

// A Backup is a copy of etcd's data. It is gone when its cluster stops.
type Backup struct{ dir string }

// Save makes a backup. It restarts etcd, during which the API server fails some
// requests, and returns when the API server is ready again.
func (c *Cluster) Save(ctx context.Context) (Backup, error) {
	dir, err := os.MkdirTemp(c.Dir, "backup-")
	if err != nil {
		return Backup{}, err
	}
	// Asked politely it waits seconds for its clients. Killed it loses nothing: the
	// system has every write.
	if err := c.StopEtcd(Abruptly); err != nil {
		return Backup{}, err
	}
	if err := os.CopyFS(dir, os.DirFS(c.files.etcdData())); err != nil {
		return Backup{}, err
	}
	if err := c.StartEtcd(ctx); err != nil {
		return Backup{}, err
	}
	return Backup{dir}, c.WaitReady(ctx)
}

// Restore brings a backup's state back, with both servers down meanwhile. As in
// a restored cluster, what was written since never happened, and its
// resourceVersions are given out again, to other writes.
func (c *Cluster) Restore(ctx context.Context, b Backup) error {
	if err := c.StopAPIServer(Abruptly); err != nil {
		return err
	}
	if err := c.StopEtcd(Abruptly); err != nil {
		return err
	}
	if err := os.RemoveAll(c.files.etcdData()); err != nil {
		return err
	}
	if err := os.CopyFS(c.files.etcdData(), os.DirFS(b.dir)); err != nil {
		return err
	}
	return c.start(ctx)
}
