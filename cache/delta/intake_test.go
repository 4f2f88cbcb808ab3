package delta

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// harness is an intake whose transform counts.
type harness struct {
	t           *testing.T
	q           *Queue
	in          *Intake
	transformed map[string]int
	refuse      map[string]bool
}

func newHarness(t *testing.T) *harness {
	h := &harness{t: t, q: New(Options{}), transformed: map[string]int{}, refuse: map[string]bool{}}
	h.in = h.q.Intake(IntakeOptions{Transform: func(o resource.Object) (resource.Object, error) {
		name := o.GetName() + "@" + o.GetResourceVersion()
		h.transformed[name]++
		if h.refuse[name] {
			return nil, errors.New("refused")
		}
		return o, nil
	}})
	return h
}

func object(name, uid, version string) *v1.ConfigMap {
	return &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(uid), ResourceVersion: version}}
}

func item(name, uid, version string, hash uint64) decode.Item {
	return decode.Item{Object: object(name, uid, version), Hash: hash, Size: 10}
}

func event(kind watch.EventType, name, uid, version string, hash uint64) decode.Event {
	return decode.Event{Type: kind, Object: object(name, uid, version), ResourceVersion: version, Hash: hash, Size: 10}
}

func (h *harness) change(events ...decode.Event) {
	h.t.Helper()
	for _, e := range events {
		if err := h.in.Change(h.t.Context(), e); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *harness) replace(version string, items ...decode.Item) {
	h.t.Helper()
	r := h.in.Replace()
	for _, item := range items {
		r.Item(item)
	}
	if err := r.Commit(h.t.Context(), version); err != nil {
		h.t.Fatal(err)
	}
}

// deltas pops everything and describes it.
func (h *harness) deltas() string {
	h.t.Helper()
	var out []string
	for {
		if n, _ := h.q.Len(); n == 0 {
			return strings.Join(out, " ")
		}
		for _, d := range pop(h.t, h.q) {
			text := d.Type.String()
			switch {
			case d.Type == Replaced:
				for _, item := range d.Items {
					text += " " + describe(item.Key, item.Object, item.Err, "unchanged")
				}
			case d.Type != Bookmark:
				text += " " + describe(d.Key, d.Object, d.Err, fmt.Sprintf("known=%t", d.Known))
			}
			out = append(out, "["+text+" v"+d.ResourceVersion+"]")
		}
	}
}

func describe(key resource.Key, o resource.Object, err error, neither string) string {
	switch {
	case err != nil:
		return key.String() + ":error"
	case o != nil:
		return key.String() + ":" + o.GetResourceVersion()
	}
	return key.String() + ":" + neither
}

func (h *harness) want(want string) {
	h.t.Helper()
	if have := h.deltas(); have != want {
		h.t.Errorf("\nhave %s\nwant %s", have, want)
	}
}

// once fails the test if a version was transformed twice.
func (h *harness) once() {
	h.t.Helper()
	for name, n := range h.transformed {
		if n != 1 {
			h.t.Errorf("%s was transformed %d times", name, n)
		}
	}
}

func TestWhatIsListedAgainUnchangedKeepsItsPointerAndIsNotTransformed(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11), item("b", "u2", "2", 12))
	h.want("[replaced a:1 b:2 v5]")
	h.replace("6", item("a", "u1", "1", 11), item("b", "u2", "2", 12), item("c", "u3", "6", 13))
	h.want("[replaced a:unchanged b:unchanged c:6 v6]")
	h.once()
}

func TestTheSameVersionWithOtherBytesIsAnotherState(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.replace("5", item("a", "u1", "1", 99))
	h.want("[replaced a:1 v5] [replaced a:1 v5]")
}

func TestTheSameVersionAndBytesWithAnotherUIDIsAnotherObject(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.replace("5", item("a", "u2", "1", 11))
	h.want("[replaced a:1 v5] [replaced a:1 v5]")
}

func TestEventsAreTransformedOnceAndPassedOnInOrder(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.change(event(watch.Modified, "a", "u1", "6", 16), event(watch.Added, "b", "u2", "7", 17), decode.Event{Type: watch.Bookmark, ResourceVersion: "8"},
		event(watch.Deleted, "a", "u1", "9", 19))
	h.want("[replaced a:1 v5] [updated a:6 v6] [added b:7 v7] [bookmark v8] [deleted a:9 v9]")
	h.once()
}

func TestAnEventThatIsKnownMovesTheVersionOnly(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.change(event(watch.Added, "a", "u1", "1", 11))
	h.want("[replaced a:1 v5]")
	h.once()
}

func TestAVersionThatWasPassedDoesNotLeadBack(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.change(event(watch.Modified, "a", "u1", "9", 19), decode.Event{Type: watch.Bookmark, ResourceVersion: "7"})
	h.want("[replaced a:1 v5] [updated a:9 v9]")
	if version, err := h.in.Flush(t.Context()); version != "9" || err != nil {
		t.Errorf("the version is %s, %v", version, err)
	}
}

func TestADeletionOfAKnownStateNeedsNoObject(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.change(event(watch.Deleted, "a", "u1", "1", 11))
	h.want("[replaced a:1 v5] [deleted a:known=true v]")
	h.once()
}

func TestAnObjectThatIsRefusedIsAnErrorUntilAVersionIsAccepted(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"] = true
	h.replace("5", item("a", "u1", "1", 11))
	h.change(event(watch.Modified, "a", "u1", "6", 16), event(watch.Modified, "a", "u1", "7", 17))
	h.want("[replaced a:1 v5] [updated a:error v6] [updated a:7 v7]")
}

func TestADeletionWhoseLastStateIsRefusedIsStillADeletion(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"] = true
	h.replace("5", item("a", "u1", "1", 11))
	h.change(event(watch.Deleted, "a", "u1", "6", 16))
	h.want("[replaced a:1 v5] [deleted a:known=false v6]")
}

func TestADeletionThatDoesNotDecodeIsStillADeletion(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	h.change(decode.Event{Type: watch.Deleted, ResourceVersion: "6", Err: &decode.ObjectError{Key: resource.Key{Name: "a"}, ResourceVersion: "6", Err: errors.New("broken")}})
	h.want("[replaced a:1 v5] [deleted a:known=false v6]")
}

func TestATransformMayNotPanicRenameOrReturnNothing(t *testing.T) {
	transforms := map[string]Transform{
		"panicked": func(resource.Object) (resource.Object, error) { panic("oops") },
		"nothing":  func(resource.Object) (resource.Object, error) { return nil, nil },
		"named":    func(resource.Object) (resource.Object, error) { return object("z", "u", "1"), nil },
		"instead of": func(resource.Object) (resource.Object, error) {
			return &v1.Secret{ObjectMeta: object("a", "u", "1").ObjectMeta}, nil
		},
	}
	for want, transform := range transforms {
		q := New(Options{})
		in := q.Intake(IntakeOptions{Transform: transform})
		if err := in.Change(t.Context(), event(watch.Added, "a", "u", "1", 1)); err != nil {
			t.Fatal(err)
		}
		batch := pop(t, q)
		if err := batch[0].Err; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a") || batch[0].Object != nil {
			t.Errorf("want an error with %q, have %v", want, err)
		}
	}
}

func TestAnAttemptThatIsGivenUpIsNotTransformedAgain(t *testing.T) {
	h := newHarness(t)
	first := h.in.Replace()
	first.Item(item("a", "u1", "1", 11))
	first.Item(item("b", "u2", "2", 12))
	first.Abandon()
	h.replace("5", item("a", "u1", "1", 11), item("b", "u2", "4", 14), item("c", "u3", "3", 13))
	h.want("[replaced a:1 b:4 c:3 v5]")
	h.once()
}

func TestAnAttemptThatIsGivenUpChangesNothing(t *testing.T) {
	h := newHarness(t)
	h.replace("5", item("a", "u1", "1", 11))
	attempt := h.in.Replace()
	attempt.Item(item("a", "u1", "6", 16))
	attempt.Abandon()
	h.change(event(watch.Modified, "a", "u1", "6", 16))
	h.want("[replaced a:1 v5] [updated a:6 v6]")
}

func TestAPageThatIsReadAgainReplacesItself(t *testing.T) {
	h := newHarness(t)
	r := h.in.Replace()
	r.Item(item("a", "u1", "1", 11))
	n := r.Len()
	r.Item(item("b", "u2", "2", 12))
	r.Truncate(n)
	r.Item(item("b", "u2", "2", 12))
	r.Item(item("c", "u3", "3", 13))
	if err := r.Commit(t.Context(), "5"); err != nil {
		t.Fatal(err)
	}
	h.want("[replaced a:1 b:2 c:3 v5]")
}

func TestTheInitialEventsOfAStreamAreOneState(t *testing.T) {
	h := newHarness(t)
	r := h.in.Replace()
	if !r.Change(event(watch.Added, "a", "u1", "1", 11)) || !r.Change(event(watch.Added, "b", "u2", "2", 12)) {
		t.Error("an object that is new is not fresh")
	}
	if r.Change(event(watch.Modified, "a", "u1", "6", 16)) || r.Change(event(watch.Deleted, "b", "u2", "7", 17)) {
		t.Error("an object that is known is fresh")
	}
	r.Change(event(watch.Added, "c", "u3", "8", 18))
	if err := r.Commit(t.Context(), "8"); err != nil {
		t.Fatal(err)
	}
	h.want("[replaced a:6 c:8 v8]")
	h.once()
}

func TestAnObjectReadAloneIsNotTakenASecondTimeFromTheStream(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"] = true
	h.change(event(watch.Added, "a", "u1", "6", 16))
	if err := h.in.Heal(t.Context(), object("a", "u1", "8")); err != nil {
		t.Fatal(err)
	}
	h.change(event(watch.Modified, "a", "u1", "7", 17), event(watch.Modified, "a", "u1", "8", 18), event(watch.Modified, "a", "u1", "9", 19))
	h.want("[added a:error v6] [sync a:8 v] [bookmark v8] [updated a:9 v9]")
	h.once()
}

func TestAnObjectReadAloneThatIsRefusedAgainIsAnError(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"], h.refuse["a@8"] = true, true
	h.change(event(watch.Added, "a", "u1", "6", 16))
	if err := h.in.Heal(t.Context(), object("a", "u1", "8")); err == nil {
		t.Error("no error")
	}
	h.change(event(watch.Modified, "a", "u1", "7", 17))
	h.want("[added a:error v6] [updated a:7 v7]")
}

func TestAnObjectReadAloneIsDroppedWhenTheStreamHasBroughtSomethingBetter(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"], h.refuse["b@6"], h.refuse["c@9"] = true, true, true
	h.change(event(watch.Added, "a", "u1", "6", 16), event(watch.Added, "b", "u2", "6", 16),
		event(watch.Modified, "a", "u1", "7", 17), event(watch.Deleted, "b", "u2", "8", 18), event(watch.Added, "c", "u3", "9", 19))
	for _, o := range []resource.Object{object("a", "u1", "10"), object("b", "u2", "6"), object("c", "u3", "8")} {
		if err := h.in.Heal(t.Context(), o); err != nil {
			t.Error(err)
		}
	}
	if err := h.in.Lose(t.Context(), resource.Key{Name: "a"}); err != nil {
		t.Error(err)
	}
	h.change(event(watch.Modified, "a", "u1", "10", 20))
	h.want("[added a:error v6] [added b:error v6] [updated a:7 v7] [deleted b:8 v8] [added c:error v9] [updated a:10 v10]")
}

func TestAnObjectReadAloneOutlivesAnOlderFullState(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"], h.refuse["b@6"] = true, true
	h.change(event(watch.Added, "a", "u1", "6", 16), event(watch.Added, "b", "u2", "6", 16))
	for _, o := range []resource.Object{object("a", "u1", "9"), object("b", "u2", "9")} {
		if err := h.in.Heal(t.Context(), o); err != nil {
			t.Error(err)
		}
	}
	h.replace("8", item("a", "u1", "7", 17))
	h.change(event(watch.Modified, "a", "u1", "9", 19))
	h.want("[added a:error v6] [added b:error v6] [sync a:9 v] [sync b:9 v] [replaced a:unchanged b:unchanged v8] [bookmark v9]")
}

func TestAnObjectReadAloneDoesNotOutliveAServerThatWentBack(t *testing.T) {
	h := newHarness(t)
	h.refuse["a@6"] = true
	h.change(event(watch.Added, "a", "u1", "6", 16))
	if err := h.in.Heal(t.Context(), object("a", "u1", "9")); err != nil {
		t.Error(err)
	}
	h.replace("4", item("a", "u1", "3", 13))
	h.want("[added a:error v6] [sync a:9 v] [replaced a:3 v4]")
}

func BenchmarkIntakeChange(b *testing.B) {
	q := New(Options{})
	in := q.Intake(IntakeOptions{})
	events := make([]decode.Event, 1000)
	for i := range events {
		events[i] = event(watch.Modified, fmt.Sprint("name", i), fmt.Sprint("uid", i), fmt.Sprint(i), uint64(i))
	}
	var buffer []Delta
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		e := &events[n%1000]
		e.Hash = n + 1
		if err := in.Change(b.Context(), *e); err != nil {
			b.Fatal(err)
		}
		if n++; n%500 == 0 {
			batch, err := q.Pop(b.Context(), buffer)
			if err != nil {
				b.Fatal(err)
			}
			q.Done()
			buffer = batch
		}
	}
}

func TestTheEndOfAnObjectThatWasReadAloneIsNotMissed(t *testing.T) {
	for _, test := range []struct{ uid, version, want string }{
		{"u1", "7", "[deleted a:7 v7]"}, // it ceased to match a selector, and has changed since
		{"u1", "8", "[deleted a:8 v8]"}, // it ceased to match with the change that was read
		{"u1", "9", "[deleted a:9 v9]"},
		{"u0", "7", "[bookmark v7]"}, // another one had the name before
	} {
		h := newHarness(t)
		h.replace("5", item("a", "u0", "1", 11))
		h.change(decode.Event{Type: watch.Modified, ResourceVersion: "6", Err: &decode.ObjectError{Key: resource.Key{Name: "a"}, ResourceVersion: "6"}})
		if err := h.in.Heal(t.Context(), object("a", "u1", "8")); err != nil {
			t.Fatal(err)
		}
		h.change(event(watch.Deleted, "a", test.uid, test.version, 19))
		h.want("[replaced a:1 v5] [updated a:error v6] [sync a:8 v] " + test.want)
	}
}
