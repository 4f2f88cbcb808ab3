package cluster

import (
	"os"
	"path/filepath"
)

// files names what lies in a cluster's folder.
type files struct{ dir string }

func (f files) etcdData() string          { return filepath.Join(f.dir, "etcd") }
func (f files) certs() string             { return filepath.Join(f.dir, "certs") }
func (f files) serverCert() string        { return filepath.Join(f.certs(), "apiserver.crt") }
func (f files) clientCA() string          { return filepath.Join(f.dir, "client-ca.crt") }
func (f files) serviceAccountKey() string { return filepath.Join(f.dir, "service-account.key") }
func (f files) tokens() string            { return filepath.Join(f.dir, "tokens.csv") }
func (f files) etcdLog() string           { return filepath.Join(f.dir, "etcd.log") }
func (f files) apiServerLog() string      { return filepath.Join(f.dir, "kube-apiserver.log") }

// makeFiles makes the folder; remove is nil when it is the caller's to keep.
func makeFiles(dir string) (f files, remove func() error, err error) {
	if dir != "" {
		return files{dir}, nil, os.MkdirAll(dir, 0o755)
	}
	dir, err = os.MkdirTemp("", "cluster-")
	if err != nil {
		return files{}, nil, err
	}
	return files{dir}, func() error { return os.RemoveAll(dir) }, nil
}
