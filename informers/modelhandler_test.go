package informers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/resource"
)

// modelHandler checks that what it is told is legal, and remembers it.
type modelHandler struct {
	name         string
	random       *rand.Rand // of its pauses; nil: none
	pause        time.Duration
	dropUnseen   bool
	registration *cache.Registration
	removed      bool

	mu     sync.Mutex // owns the rest
	known  map[resource.Key]*v1.ConfigMap
	events []string
	wrong  []string
}

func (h *modelHandler) begin(kind string, o *v1.ConfigMap, flag bool) {
	if h.random != nil && h.random.IntN(3) == 0 {
		time.Sleep(time.Duration(h.random.Int64N(int64(h.pause) + 1)))
	}
	h.mu.Lock()
	h.events = append(h.events, fmt.Sprintf("%s %s %s@%s %t", kind, resource.KeyOf(o), o.UID, o.ResourceVersion, flag))
}

func (h *modelHandler) fault(format string, args ...any) {
	h.wrong = append(h.wrong, fmt.Sprintf("event %d: ", len(h.events))+fmt.Sprintf(format, args...))
}

func (h *modelHandler) OnAdd(o *v1.ConfigMap, initial bool) {
	h.begin("add", o, initial)
	defer h.mu.Unlock()
	if h.known[resource.KeyOf(o)] != nil {
		h.fault("add of %s, which is there", resource.KeyOf(o))
	}
	h.known[resource.KeyOf(o)] = o
}

func (h *modelHandler) OnUpdate(old, new *v1.ConfigMap, resync bool) {
	if resync {
		h.mu.Lock()
	} else {
		h.begin("update", new, false)
	}
	defer h.mu.Unlock()
	switch known := h.known[resource.KeyOf(new)]; {
	case known != old && !(known != nil && old.Data == nil && version(known) == version(old)): // a skeleton is all that may be left
		h.fault("update of %s from %v, which was %v", resource.KeyOf(new), version(old), version(known))
	case old.UID != new.UID:
		h.fault("update of %s to another object", resource.KeyOf(new))
	case resync != (old == new):
		h.fault("update of %s from %s to %s, resync %t", resource.KeyOf(new), version(old), version(new), resync)
	}
	h.known[resource.KeyOf(new)] = new
}

func (h *modelHandler) OnDelete(last *v1.ConfigMap, finalStateUnknown bool) {
	h.begin("delete", last, finalStateUnknown)
	defer h.mu.Unlock()
	key := resource.KeyOf(last)
	if known := h.known[key]; known == nil || known.UID != last.UID {
		h.fault("delete of %s %s, which was %s", key, version(last), version(known))
	}
	delete(h.known, key)
}

func version(o *v1.ConfigMap) string {
	if o == nil {
		return "not there"
	}
	return string(o.UID) + "@" + o.ResourceVersion
}

// told returns the events without those of the initial state, which have no order.
func (h *modelHandler) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.events), func(event string) bool { return event[:3] == "add" && event[len(event)-4:] == "true" })
}

// check compares the end of a program with the server.
func (p *program) check() {
	want := map[resource.Key]*v1.ConfigMap{}
	for o := range p.objects.All() {
		if len(p.read) == 0 || slices.Contains(p.read, o.Namespace) {
			want[resource.KeyOf(o)] = o
		}
	}
	p.compare("the cache", want, func(yield func(*v1.ConfigMap) bool) { p.informer.Lister().All()(yield) })
	if n := p.informer.Status().QuarantinedCount; n > 0 {
		p.t.Errorf("seed %d: %d objects are quarantined: %v", p.seed, n, p.informer.Status().Quarantined)
	}
	if err := p.informer.Shared().Check(); err != nil {
		p.t.Errorf("seed %d: %v", p.seed, err)
	}
	if p.t.Failed() {
		return // the rest would only say the same of each handler
	}
	reference := p.handlers[0].told()
	for _, h := range p.handlers {
		for _, wrong := range h.wrong {
			p.t.Errorf("seed %d: handler %s: %s", p.seed, h.name, wrong)
		}
		if h.removed {
			continue
		}
		p.compare("handler "+h.name, want, func(yield func(*v1.ConfigMap) bool) {
			for _, o := range h.known {
				if !yield(o) {
					return
				}
			}
		})
		if !h.registration.HasSynced() {
			p.t.Errorf("seed %d: handler %s has not synced", p.seed, h.name)
		}
		status := h.registration.Status()
		complete := (h.name == "slow" || h.name == "resync") && status.FellBehind+p.handlers[0].registration.Status().FellBehind == 0
		if complete && !slices.Equal(h.told(), reference) {
			p.t.Errorf("seed %d: handler %s was told\n%q\nand not\n%q", p.seed, h.name, h.told(), reference)
		}
	}
	p.ascending()
}

func (p *program) compare(who string, want map[resource.Key]*v1.ConfigMap, have func(func(*v1.ConfigMap) bool)) {
	n := 0
	for o := range have {
		n++
		w := want[resource.KeyOf(o)]
		if w == nil || w.UID != o.UID || w.ResourceVersion != o.ResourceVersion || w.Data["value"] != o.Data["value"] {
			p.t.Errorf("seed %d: %s has %s of %s, the server %s", p.seed, who, version(o), resource.KeyOf(o), version(w))
		}
	}
	if n != len(want) {
		p.t.Errorf("seed %d: %s has %d objects, the server %d", p.seed, who, n, len(want))
	}
}

// ascending checks that no handler was led back in time, as long as the server was not.
func (p *program) ascending() {
	if p.restored {
		return
	}
	last := map[string]string{}
	for _, event := range p.handlers[0].told() {
		var kind, key, object string
		if _, err := fmt.Sscanf(event, "%s %s %s", &kind, &key, &object); err != nil {
			p.t.Fatal(err)
		}
		if kind == "delete" {
			continue
		}
		var now string
		for i := range object {
			if object[i] == '@' {
				now = object[i+1:]
			}
		}
		if before := last[key]; before != "" {
			if order, err := resourceversion.CompareResourceVersion(now, before); err != nil || order <= 0 {
				p.t.Errorf("seed %d: %s went from %s to %s", p.seed, key, before, now)
			}
		}
		last[key] = now
	}
}
