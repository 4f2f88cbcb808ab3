package cluster

import (
	"net"
	"strings"
	"testing"
)

// It is the servers' own words that tell a taken port from other failures.
func TestAServerWhosePortIsTakenIsRecognized(t *testing.T) {
	programs, err := buildPrograms(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		c, err := newCluster(programs, Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		taken := strings.TrimPrefix(c.etcdPeerURL, "http://")
		if name == "kube-apiserver" {
			taken = strings.TrimPrefix(c.URL, "https://")
		}
		l, err := net.Listen("tcp", taken)
		if err != nil {
			t.Fatal(err)
		}
		err = c.start(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), name) || !portTaken(err) {
			t.Errorf("%s on a taken port: %v", name, err)
		}
		l.Close()
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}
}
