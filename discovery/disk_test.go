package discovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"

	"github.com/sheaf-dev/sheaf/apitest"
)

// onlyFile returns the one file in a folder.
func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	return files[0]
}

func TestTheNextProgramFindsTheCatalogOnDisk(t *testing.T) {
	server, client := real(t, apitest.Options{})
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first, err := NewCache(client, CacheOptions{Dir: dir}).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(onlyFile(t, dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	cache := NewCache(client, CacheOptions{Dir: dir})
	second, err := cache.Catalog(t.Context())
	if err != nil || !reflect.DeepEqual(second.Groups(), first.Groups()) || !second.Fetched().Equal(first.Fetched()) {
		t.Errorf("what was read differs, %v", err)
	}
	if n := len(codes(server)); n != 1 || cache.Fresh() {
		t.Errorf("%d requests; fresh %v, though from disk", n, cache.Fresh())
	}
	// Who looks for something that is not there asks the server, which says in few bytes that nothing changed.
	third, err := cache.Refresh(t.Context(), second)
	if have := codes(server); err != nil || !slices.Equal(have, []int{200, 304}) || !cache.Fresh() || !reflect.DeepEqual(third.Groups(), first.Groups()) {
		t.Errorf("the server answered %v; %v", have, err)
	}
}

func TestAnInvalidatedCacheDoesNotTakeTheCatalogOnDisk(t *testing.T) {
	server, client := real(t, apitest.Options{})
	dir := t.TempDir()
	if _, err := NewCache(client, CacheOptions{Dir: dir}).Catalog(t.Context()); err != nil {
		t.Fatal(err)
	}
	cache := NewCache(client, CacheOptions{Dir: dir})
	cache.Invalidate()
	if _, err := cache.Catalog(t.Context()); err != nil || !cache.Fresh() {
		t.Error(err, cache.Fresh())
	}
	if have := codes(server); !slices.Equal(have, []int{200, 304}) {
		t.Errorf("the server answered %v", have)
	}
}

// age changes when the catalog in a file was fetched.
func age(t *testing.T, path string, by time.Duration) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	c.Fetched = c.Fetched.Add(-by)
	if err := (&file{path}).replace(c); err != nil {
		t.Fatal(err)
	}
}

func TestAnOldCatalogOnDiskIsNotUsed(t *testing.T) {
	for name, test := range map[string]struct {
		age  time.Duration
		ttl  time.Duration
		want []int
	}{
		"young":               {5 * time.Hour, 0, []int{200}},
		"old":                 {7 * time.Hour, 0, []int{200, 304}},
		"old for its options": {2 * time.Minute, time.Minute, []int{200, 304}},
		"of the future":       {-time.Hour, 0, []int{200, 304}},
	} {
		server, client := real(t, apitest.Options{})
		dir := t.TempDir()
		if _, err := NewCache(client, CacheOptions{Dir: dir}).Catalog(t.Context()); err != nil {
			t.Fatal(err)
		}
		age(t, onlyFile(t, dir), test.age)
		if _, err := NewCache(client, CacheOptions{Dir: dir, TTL: test.ttl}).Catalog(t.Context()); err != nil {
			t.Fatal(err)
		}
		if have := codes(server); !slices.Equal(have, test.want) {
			t.Errorf("%s: the server answered %v", name, have)
		}
	}
}

func TestADamagedFileIsReplaced(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"cut":          func(data []byte) []byte { return data[:len(data)/2] },
		"empty":        func([]byte) []byte { return nil },
		"a bit":        func(data []byte) []byte { data[len(data)-10] ^= 1; return data },
		"another form": func(data []byte) []byte { return bytes.Replace(data, []byte(form), []byte("sheaf-discovery/9"), 1) },
		"no JSON": func([]byte) []byte {
			return fmt.Appendf(nil, "%s %s\n%s", form, checksum([]byte("{")), "{")
		},
	} {
		server, client := real(t, apitest.Options{})
		dir := t.TempDir()
		if _, err := NewCache(client, CacheOptions{Dir: dir}).Catalog(t.Context()); err != nil {
			t.Fatal(err)
		}
		path := onlyFile(t, dir)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damage(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewCache(client, CacheOptions{Dir: dir}).Catalog(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(codes(server)); n != 2 {
			t.Errorf("%s: %d requests", name, n)
		}
		if data, err := os.ReadFile(onlyFile(t, dir)); err != nil || len(data) < len(whole)-100 {
			t.Errorf("%s: the file was not replaced: %d bytes, %v", name, len(data), err)
		}
	}
}

func TestServersShareAFolder(t *testing.T) {
	dir := t.TempDir()
	names := map[string]bool{}
	for _, host := range []string{"https://a:6443", "https://a_6443", "http://a:6443", "https://a:6443/base", "https://" + strings.Repeat("x", 300)} {
		path := newFile(dir, host).path
		names[path] = true
		if filepath.Dir(path) != dir || len(filepath.Base(path)) > 130 {
			t.Errorf("%s is kept in %s", host, path)
		}
	}
	if len(names) != 5 {
		t.Errorf("have %v", names)
	}
}

// Readers never see half a file, however many programs write it.
func TestWritersAtTheSameTimeLeaveAWholeFile(t *testing.T) {
	f := newFile(t.TempDir(), "https://a")
	big := content{Fetched: time.Now()}
	for i := range 2000 {
		big.Documents[1].Groups = append(big.Documents[1].Groups, Group{Name: fmt.Sprint("group", i)})
	}
	if err := f.replace(big); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if err := f.replace(big); err != nil {
					t.Error(err)
				}
				if c := f.read(t.Context()); c == nil || len(c.Groups()) != 2000 {
					t.Error("the file was not whole")
				}
			}
		})
	}
	wg.Wait()
	onlyFile(t, filepath.Dir(f.path))
}

func TestADiskThatCannotBeWrittenIsLoggedAndNoError(t *testing.T) {
	_, client := real(t, apitest.Options{})
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true)))
	ctx := klog.NewContext(t.Context(), logger)
	catalog, err := NewCache(client, CacheOptions{Dir: blocked}).Catalog(ctx)
	if err != nil || catalog == nil {
		t.Error(err)
	}
	log := logger.GetSink().(ktesting.Underlier).GetBuffer().String()
	if !strings.Contains(log, "The discovery catalog was not written to disk") || !strings.Contains(log, blocked) {
		t.Errorf("the log says %q", log)
	}
}

func TestFailuresSurviveTheDisk(t *testing.T) {
	for _, e := range []*FailedError{{widgets.Definition().GroupVersionKind().GroupVersion(), ErrStale}, {Err: fmt.Errorf("gone")}} {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back FailedError
		if err := json.Unmarshal(data, &back); err != nil || back.Error() != e.Error() || (e.Err == ErrStale) != (back.Err == ErrStale) {
			t.Errorf("have %v, %v", back, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"groupVersion":7}`), new(FailedError)); err == nil {
		t.Error("nonsense is read")
	}
}
