package cluster_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

const events = "/api/v1/namespaces/default/events"

func createEvent(t *testing.T, name string) object {
	t.Helper()
	const body = `{"metadata": {"name": %q}, "involvedObject": {"namespace": "default"}}`
	return must(t, server, "POST", events, fmt.Sprintf(body, name))
}

func TestAWatchOfEventsFromBeforeACompactionIsExpired(t *testing.T) {
	old := createEvent(t, "first").Metadata.ResourceVersion
	createEvent(t, "second")
	watch := events + "?watch=1&resourceVersion=" + old
	if kind, o := firstEvent(t, server, watch); kind != "ADDED" || o.Metadata.Name != "second" {
		t.Fatalf("got %s %+v before the compaction", kind, o)
	}
	revision, err := server.Compact(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before, err := strconv.ParseInt(old, 10, 64); err != nil || revision <= before {
		t.Errorf("compacted at %d, not after %s (%v)", revision, old, err)
	}
	if kind, o := firstEvent(t, server, watch); kind != "ERROR" || o.Code != http.StatusGone || o.Reason != "Expired" {
		t.Errorf("got %s %+v after the compaction; want 410 Expired", kind, o)
	}
	// From the latest write on nothing is missed.
	newest := fmt.Sprint(revision)
	createEvent(t, "third")
	if kind, o := firstEvent(t, server, events+"?watch=1&resourceVersion="+newest); kind != "ADDED" || o.Metadata.Name != "third" {
		t.Errorf("got %s %+v from the revision of the compaction on", kind, o)
	}
}

func TestTheRevisionIsTheResourceVersionOfTheLatestWrite(t *testing.T) {
	before, err := server.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := createConfigMap(t, server, "revision").Metadata.ResourceVersion
	after, err := server.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The server itself writes now and then, so they need not be neighbours.
	version, err := strconv.ParseInt(made, 10, 64)
	if err != nil || version <= before || version > after {
		t.Errorf("wrote version %s (%v) between revisions %d and %d", made, err, before, after)
	}
}

func TestAWriteFailsWithoutEtcdAndSucceedsOnceItIsBack(t *testing.T) {
	if err := server.StopEtcd(cluster.Abruptly); err != nil {
		t.Fatal(err)
	}
	a, err := server.Do(t.Context(), "POST", configMaps+"?timeout=1s", `{"metadata": {"name": "without-etcd"}}`)
	if err != nil || a.Code < 500 {
		t.Errorf("got %d, %v without etcd; want an error of the server's", a.Code, err)
	}
	if err := server.StartEtcd(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	createConfigMap(t, server, "with-etcd")
}

func TestARestoredBackupGivesOutItsVersionsAgain(t *testing.T) {
	createConfigMap(t, server, "in-backup")
	backup, err := server.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost := createConfigMap(t, server, "lost")
	for i := range 100 {
		createConfigMap(t, server, fmt.Sprintf("lost-%d", i))
	}
	if err := server.Restore(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	must(t, server, "GET", configMaps+"/in-backup", "")
	a, err := server.Do(t.Context(), "GET", configMaps+"/lost", "")
	if err != nil || a.Code != http.StatusNotFound {
		t.Errorf("got %d, %v for what was written after the backup", a.Code, err)
	}
	// Back at the backup's revision, the server has made a few writes of its
	// own since, but not a hundred.
	version, err := strconv.ParseInt(lost.Metadata.ResourceVersion, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := server.Revision(t.Context())
	if err != nil || revision >= version+100 {
		t.Errorf("the revision is %d (%v), beyond %d", revision, err, version+100)
	}
}
