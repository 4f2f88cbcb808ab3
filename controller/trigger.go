package controller

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

// Trigger is one reason for a reconcile.
type Trigger struct {
	Time time.Time
	// Event is what happened: "initial", "add", "update", "delete", "resync" or "replay" to an object; "channel", "retry",
	// "requeue" or "interrupted" to the key.
	Event string
	// Resource (nil: none), Object and ResourceVersion say to what object.
	Resource        *resource.Definition
	Object          resource.Key
	ResourceVersion string
	Err             error // before a retry
	More            int   // came after this one and were not kept
}

// mostTriggers are kept a key.
const mostTriggers = 4

// triggers keeps the first few reasons of each key until its reconcile begins. An event that comes just then may be
// counted among the reasons of the run before the one that it leads to.
type triggers[K comparable] struct {
	mu    sync.Mutex // owns byKey
	byKey map[K][]Trigger
}

func (t *triggers[K]) note(key K, why Trigger) {
	why.Time = time.Now().Round(0) // without the monotonic clock, which only lengthens logs
	t.mu.Lock()
	defer t.mu.Unlock()
	if kept := t.byKey[key]; len(kept) < mostTriggers {
		t.byKey[key] = append(kept, why)
	} else {
		kept[len(kept)-1].More++
	}
}

func (t *triggers[K]) take(key K) []Trigger {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer delete(t.byKey, key)
	return t.byKey[key]
}

// String says it in one line: "12:04:05.000 update of pods/v1 default/web at 42". Of an error it has the first line.
func (t Trigger) String() string {
	text := t.Time.Format("15:04:05.000 ") + t.Event
	if t.Resource != nil {
		text += fmt.Sprintf(" of %s %s at %s", t.Resource, t.Object, t.ResourceVersion)
	}
	if t.Err != nil {
		first, _, _ := strings.Cut(t.Err.Error(), "\n")
		text += " after " + first
	}
	if t.More > 0 {
		text += fmt.Sprintf(" and %d more", t.More)
	}
	return text
}

// reasons are triggers as logs show them.
type reasons []Trigger

func (r reasons) String() string { return fmt.Sprint([]Trigger(r)) }

type triggersKey struct{}

// Triggers says why the reconcile runs that the context belongs to. Each error that a reconcile returns is logged with
// them, and each reconcile at verbosity 4.
func Triggers(ctx context.Context) []Trigger {
	why, _ := ctx.Value(triggersKey{}).([]Trigger)
	return why
}
