package informers_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/e2e/proxy"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// behind makes a client that reaches the cluster through a proxy.
func behind(t *testing.T, c *cluster.Cluster, change ...func(*rest.Config)) (*rest.Client, *wiretap, *proxy.Proxy) {
	t.Helper()
	target, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, err := proxy.Start(target.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	client, tap := connect(t, c, append(change, func(config *rest.Config) { config.Host = "https://" + p.Address() })...)
	return client, tap, p
}

func TestACutConnectionResumesTheWatchWithoutAList(t *testing.T) {
	direct, _ := connect(t, server)
	ns := namespace(t, direct)
	configMaps := typed.For(direct, corev1resources.ConfigMaps).Namespace(ns)
	through, tap, p := behind(t, server)
	w := watch(t, through, ns, reflector.Options{})
	first := write(t, configMaps, "cut", 3)
	w.waitFor(t, "add cut-2 first")
	tap.clear()

	p.Cut()
	update(t, configMaps, first[0], "second")
	remove(t, configMaps, "cut-1")
	write(t, configMaps, "new", 1)

	lines := w.waitFor(t, "add new-0 first")
	mustSee(t, lines, "cut-0", "add cut-0 first", "update cut-0 second")
	mustSee(t, lines, "cut-1", "add cut-1 first", "delete cut-1 first")
	if lists := tap.lists(configMapsPath(ns)); len(lists) != 0 {
		t.Errorf("the state was read again: %v", lists)
	}
	watches := tap.watches(configMapsPath(ns))
	if len(watches) == 0 || watches[0].query.Get("resourceVersion") != first[2].ResourceVersion {
		t.Errorf("the watch was resumed with %v, want resourceVersion %s", watches, first[2].ResourceVersion)
	}
}

func TestNothingIsLostWhileTheServerCannotBeReached(t *testing.T) {
	direct, _ := connect(t, server)
	ns := namespace(t, direct)
	configMaps := typed.For(direct, corev1resources.ConfigMaps).Namespace(ns)
	through, tap, p := behind(t, server)
	w := watch(t, through, ns, reflector.Options{})
	first := write(t, configMaps, "kept", 2)
	w.waitFor(t, "add kept-1 first")
	tap.clear()

	p.Refuse()
	p.Cut()
	update(t, configMaps, first[0], "second")
	remove(t, configMaps, "kept-1")
	if err := p.Admit(); err != nil {
		t.Fatal(err)
	}
	lines := w.waitFor(t, "delete kept-1 first")
	mustSee(t, lines, "kept-0", "add kept-0 first", "update kept-0 second")
	if lists := tap.lists(configMapsPath(ns)); len(lists) != 0 {
		t.Errorf("the state was read again: %v", lists)
	}
}

// outage is what the tests of a cluster of their own have in common: writes before, during and after something happens to the server.
func outage(t *testing.T, c *cluster.Cluster, happen func(t *testing.T, change func())) *watched {
	t.Helper()
	client, _ := connect(t, c)
	ns := namespace(t, client)
	configMaps := typed.For(client, corev1resources.ConfigMaps).Namespace(ns)
	through, _, p := behind(t, c)
	w := watch(t, through, ns, reflector.Options{})
	first := write(t, configMaps, "old", 4)
	w.waitFor(t, "add old-3 first")

	p.Refuse() // so that what changes now is not seen as it happens
	p.Cut()
	happen(t, func() {
		update(t, configMaps, first[0], "second")
		remove(t, configMaps, "old-1", "old-2")
		if _, err := configMaps.Create(t.Context(), configMap("old-2", "recreated"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	if err := p.Admit(); err != nil {
		t.Fatal(err)
	}
	last := write(t, configMaps, "new", 1)[0]
	lines := w.waitFor(t, "add new-0 first")
	mustSee(t, lines, "old-0", "add old-0 first", "update old-0 second")
	mustSee(t, unmarked(lines), "old-1", "add old-1 first", "delete old-1 first")
	mustSee(t, unmarked(lines), "old-2", "add old-2 first", "delete old-2 first", "add old-2 recreated")
	mustSee(t, lines, "old-3", "add old-3 first")
	w.mustEqual(t, configMaps, last.ResourceVersion)
	return w
}

// unmarked are lines without the mark of an unknown final state: whether a deletion was seen or found out is up to the server.
func unmarked(lines []string) (plain []string) {
	for _, line := range lines {
		plain = append(plain, strings.TrimSuffix(line, "?"))
	}
	return plain
}

func TestARestartOfTheServerLosesNoEvent(t *testing.T) {
	for name, manner := range map[string]cluster.Manner{"crash": cluster.Abruptly, "upgrade": cluster.Gracefully} {
		t.Run(name, func(t *testing.T) {
			c := cluster.ForTest(t, cluster.Options{})
			outage(t, c, func(t *testing.T, change func()) {
				change()
				if err := c.Restart(t.Context(), manner); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestACompactionLosesNoEventAndGivesCorrectDeletes(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{APIServerFlags: []string{"--watch-cache=false"}})
	w := outage(t, c, func(t *testing.T, change func()) {
		change()
		if _, err := c.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if reads := w.Status().Scopes[0].Reads; reads["expired"] == 0 {
		t.Errorf("the compaction was not met: full states were read for %v", reads)
	}
}

// What was written after a backup never happened once the backup is restored, and the versions of those writes are given out again.
func TestABackupThatIsRestoredIsReadAsItIs(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{APIServerFlags: []string{"--watch-cache=false"}})
	client, _ := connect(t, c)
	ns := namespace(t, client)
	configMaps := typed.For(client, corev1resources.ConfigMaps).Namespace(ns)
	kept := write(t, configMaps, "kept", 2)
	backup, err := c.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	through, _, p := behind(t, c)
	w := watch(t, through, ns, reflector.Options{})
	update(t, configMaps, kept[0], "lost")
	remove(t, configMaps, "kept-1")
	reached := write(t, configMaps, "lost", 2)[1]
	w.waitFor(t, "add lost-1 first")

	p.Refuse()
	p.Cut()
	if err := c.Restore(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	last := write(t, configMaps, "new", 1)[0]
	for n := 0; !later(t, last.ResourceVersion, reached.ResourceVersion); n++ {
		last = update(t, configMaps, last, fmt.Sprint(n))
	}
	if _, err := c.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Admit(); err != nil {
		t.Fatal(err)
	}
	w.mustEqual(t, configMaps, update(t, configMaps, last, "last").ResourceVersion)
	lines := w.waitFor(t, "delete lost-1 first?")
	mustSee(t, lines, "kept-0", "add kept-0 first", "update kept-0 lost", "update kept-0 first")
	mustSee(t, unmarked(lines), "kept-1", "add kept-1 first", "delete kept-1 first", "add kept-1 first")
	mustSee(t, lines, "lost-0", "add lost-0 first", "delete lost-0 first?")
	mustSee(t, lines, "lost-1", "add lost-1 first", "delete lost-1 first?")
}

// later compares two versions.
func later(t *testing.T, a, b string) bool {
	t.Helper()
	order, err := resourceversion.CompareResourceVersion(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return order > 0
}
