package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var roomy = Options{Changes: 1 << 20, Bytes: 1 << 40}

// put commits the next state of a key, or its deletion, over whatever is there.
func put(t *testing.T, table *Table, namespace, name, data string, deleted bool) *Version {
	t.Helper()
	key := KeyOf(namespace, name)
	v, err := table.history.Commit(table, key, table.Get(key), func(revision uint64) (*Version, error) {
		return &Version{Key: key, Namespace: namespace, Name: name, Revision: revision, Data: []byte(data), Deleted: deleted}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func keys(page Page) []string {
	var out []string
	for _, v := range page.Versions {
		out = append(out, v.Key+"="+string(v.Data))
	}
	return out
}

func TestEveryRevisionInTheWindowReadsAsItWas(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	h := New(Options{Changes: 400, Bytes: 1 << 40})
	tables := []*Table{h.NewTable("a"), h.NewTable("b")}
	past := map[uint64][2]map[string]string{1: {}}
	now := [2]map[string]string{{}, {}}
	for range 2500 {
		which := random.IntN(2)
		namespace, name := fmt.Sprintf("n%d", random.IntN(3)), fmt.Sprintf("o-%d", random.IntN(200))
		key, data := KeyOf(namespace, name), fmt.Sprint(random.IntN(1000))
		_, exists := now[which][key]
		if exists && random.IntN(3) == 0 {
			put(t, tables[which], namespace, name, data, true)
			delete(now[which], key)
		} else {
			put(t, tables[which], namespace, name, data, false)
			now[which][key] = data
		}
		past[h.Revision()] = [2]map[string]string{maps.Clone(now[0]), maps.Clone(now[1])}
		if random.IntN(100) == 0 {
			if err := h.check(); err != nil {
				t.Fatal(err)
			}
		}
		revision := h.Revision() - uint64(random.IntN(500))
		if revision == 0 || revision > h.Revision() {
			continue
		}
		page, err := tables[which].Page(Query{Revision: revision})
		if h.Revision()-revision > 400 {
			if !errors.Is(err, ErrCompacted) {
				t.Fatalf("revision %d of %d: %v", revision, h.Revision(), err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, key := range slices.Sorted(maps.Keys(past[revision][which])) {
			want = append(want, key+"="+past[revision][which][key])
		}
		if !slices.Equal(keys(page), want) {
			t.Fatalf("at %d: %v, want %v", revision, keys(page), want)
		}
	}
	h.Compact(0)
	if err := h.check(); err != nil {
		t.Fatal(err)
	}
	if h.held != 0 || tables[0].Len() != len(now[0]) {
		t.Fatalf("after compaction %d bytes are held, %d objects live, want %d", h.held, tables[0].Len(), len(now[0]))
	}
}

func TestPagesOfOneRevisionAddUpWhileTheTableChanges(t *testing.T) {
	h := New(roomy)
	table := h.NewTable("t")
	for i := range 700 {
		put(t, table, fmt.Sprintf("n%d", i%2), fmt.Sprintf("o%03d", i), "x", false)
	}
	whole, err := table.Page(Query{Namespace: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	from, revision := "", uint64(0)
	for {
		page, err := table.Page(Query{Namespace: "n1", From: from, Revision: revision, Limit: 60, Count: true})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, keys(page)...)
		if page.Remaining != 350-len(got) {
			t.Fatalf("%d remain after %d", page.Remaining, len(got))
		}
		if page.Next == "" {
			break
		}
		from, revision = page.Next, page.Revision
		put(t, table, "n1", fmt.Sprintf("new%d", len(got)), "y", false)
		put(t, table, "n1", page.Versions[0].Name, "z", true)
	}
	if !slices.Equal(got, keys(whole)) {
		t.Fatalf("%d objects, want %d", len(got), len(whole.Versions))
	}
}

func TestACommitOverAnUnseenStateIsRefused(t *testing.T) {
	h := New(roomy)
	table := h.NewTable("t")
	first := put(t, table, "", "a", "1", false)
	put(t, table, "", "a", "2", false)
	for _, expected := range []*Version{first, nil} {
		if _, err := h.Commit(table, "a", expected, nil); !errors.Is(err, ErrChanged) {
			t.Fatal(err)
		}
	}
	failed := errors.New("no")
	if _, err := h.Commit(table, "b", nil, func(uint64) (*Version, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if h.Revision() != 3 {
		t.Fatalf("a refused commit used revision %d", h.Revision())
	}
}

func TestAWatcherSeesEachChangeOnceInOrder(t *testing.T) {
	h := New(roomy)
	table, other := h.NewTable("t"), h.NewTable("other")
	put(t, table, "", "a", "1", false)
	w, err := table.Watch(h.Revision())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	put(t, table, "", "a", "2", false)
	put(t, other, "", "a", "x", false)
	put(t, table, "", "a", "3", true)
	<-w.More()
	first, _, err := w.Take(nil, 1)
	if err != nil || len(first) != 1 || string(first[0].New.Data) != "2" || string(first[0].Old.Data) != "1" {
		t.Fatal(first, err)
	}
	rest, revision, err := w.Take(nil, 10)
	if err != nil || len(rest) != 1 || !rest[0].New.Deleted || revision != h.Revision() {
		t.Fatal(rest, revision, err)
	}
	if none, _, _ := w.Take(nil, 10); len(none) != 0 {
		t.Fatal(none)
	}
}

func TestOnlyAWatcherThatMissedAChangeIsExpired(t *testing.T) {
	h := New(roomy)
	table, other := h.NewTable("t"), h.NewTable("other")
	idle, _ := table.Watch(h.Revision())
	behind, _ := other.Watch(h.Revision())
	defer idle.Close()
	defer behind.Close()
	put(t, other, "", "a", "1", false)
	h.Compact(0)
	if _, _, err := idle.Take(nil, 1); err != nil {
		t.Fatal(err)
	}
	if _, _, err := behind.Take(nil, 1); !errors.Is(err, ErrCompacted) {
		t.Fatal(err)
	}
	if _, err := table.Watch(1); !errors.Is(err, ErrCompacted) {
		t.Fatal(err)
	}
}

func TestARollbackRestoresAnEarlierRevisionAndReusesTheNumbers(t *testing.T) {
	h := New(roomy)
	table := h.NewTable("t")
	put(t, table, "", "a", "1", false)
	kept := h.Revision()
	put(t, table, "", "a", "2", true)
	put(t, table, "", "b", "3", false)
	if err := h.Rollback(kept); err != nil {
		t.Fatal(err)
	}
	if err := h.check(); err != nil {
		t.Fatal(err)
	}
	page, _ := table.Page(Query{})
	if !slices.Equal(keys(page), []string{"a=1"}) || table.Len() != 1 {
		t.Fatal(keys(page))
	}
	if v := put(t, table, "", "c", "4", false); v.Revision != kept+1 {
		t.Fatal(v.Revision)
	}
	h.Compact(0)
	if err := h.Rollback(kept); !errors.Is(err, ErrCompacted) {
		t.Fatal(err)
	}
	if err := h.Rollback(99); !errors.Is(err, ErrFuture) {
		t.Fatal(err)
	}
}

func TestWaitingEndsWithDeliveryToAllWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(roomy)
		table, other := h.NewTable("t"), h.NewTable("other")
		w, _ := table.Watch(h.Revision())
		idle, _ := other.Watch(h.Revision())
		defer idle.Close()
		put(t, table, "", "a", "1", false)
		go func() {
			time.Sleep(time.Hour)
			_, _, _ = w.Take(nil, 10)
			w.MarkDelivered()
			time.Sleep(time.Hour)
			w.Close()
		}()
		start := time.Now()
		if err := h.WaitDelivered(context.Background(), h.Revision()); err != nil || time.Since(start) != time.Hour {
			t.Fatal(err, time.Since(start))
		}
		if err := table.WaitWatchers(context.Background(), 0, false); err != nil || time.Since(start) != 2*time.Hour {
			t.Fatal(err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := h.WaitRevision(ctx, h.Revision()+1); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

func TestARenditionIsMadeOnce(t *testing.T) {
	v, made := &Version{}, 0
	for range 3 {
		for media := range uint8(2) {
			data, err := v.Rendition(Form{Media: media}, func() ([]byte, error) { made++; return []byte{media}, nil })
			if err != nil || data[0] != media {
				t.Fatal(data, err)
			}
		}
	}
	if made != 2 {
		t.Fatalf("made %d times", made)
	}
}

func BenchmarkCommit(b *testing.B) {
	h := New(Options{Changes: 100000, Bytes: 1 << 30})
	table := h.NewTable("t")
	names := make([]string, 100000)
	for i := range names {
		names[i] = fmt.Sprintf("ns/pod-%05d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		key := names[i%len(names)]
		if _, err := h.Commit(table, key, table.Get(key), func(revision uint64) (*Version, error) {
			return &Version{Key: key, Revision: revision}, nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}
