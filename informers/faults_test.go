package informers_test

import (
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
)

// tooLarge is what a server says to a version from the future.
func tooLarge() error {
	err := apierrors.NewTimeoutError("Too large resource version: 1000000, current: 1", 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge}}
	return err
}

// fault is something that a server may do to a request.
type fault struct {
	name string
	do   apitest.Action
}

// continued are the requests of further pages.
func continued(r *apitest.Request) bool { return r.Query.Get("continue") != "" }

// anyFaults returns all faults, with random numbers.
func (p *program) anyFaults() []fault {
	n := p.IntN(6)
	bytes, wait := int64(p.IntN(3000)), p.between(0, 90*time.Second)
	first, second := resource.Key{Namespace: "a", Name: fmt.Sprint("object", n)}, resource.Key{Namespace: "b", Name: fmt.Sprint("object", n)}
	chosen := func(o resource.Object) bool { return resource.KeyOf(o) == first || resource.KeyOf(o) == second }
	return []fault{
		{"cut", apitest.Cut()},
		{"cut after bytes", apitest.CutAfterBytes(bytes)},
		{"cut after events", apitest.CutAfterEvents(n)},
		{"half-close after bytes", apitest.HalfCloseAfterBytes(bytes)},
		{"half-close after events", apitest.HalfCloseAfterEvents(n)},
		{"close after events", apitest.CloseAfterEvents(n)},
		{"delay", apitest.Delay(wait)},
		{"delay events", apitest.DelayEvents(wait)},
		{"stall after bytes", apitest.StallAfterBytes(bytes)},
		{"stall after events", apitest.StallAfterEvents(n)},
		{"expired", apitest.Expired()},
		{expiredToken, apitest.Expired()},
		{"expired in the stream", apitest.FailAfterEvents(n, apierrors.NewResourceExpired("too old"))},
		{"an error in the stream", apitest.FailAfterEvents(n, errors.New("sick"))},
		{"a version from the future", apitest.Fail(tooLarge())},
		{"an error", apitest.Fail(errors.New("sick"))},
		{"bad request", apitest.Fail(apierrors.NewBadRequest("no"))},
		{"unauthorized", apitest.Fail(apierrors.NewUnauthorized("who?"))},
		{"forbidden", apitest.Fail(apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "", errors.New("not you")))},
		{"not found", apitest.Fail(apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, ""))},
		{"too many requests", apitest.TooManyRequests(p.between(0, time.Minute))},
		{"unavailable", apitest.Unavailable(p.between(0, time.Minute))},
		{"no bookmarks", apitest.NoBookmarks()},
		{"no end of the initial events", apitest.NoInitialEventsEnd()},
		{"repeated bookmarks", apitest.RepeatBookmarks(1 + n)},
		{"stale bookmarks", apitest.StaleBookmarks()},
		{"undecodable", apitest.Undecodable(first, second)},
		{"nameless", apitest.NamelessIf(chosen)},
	}
}

// expiredToken hits only requests with a continue token.
const expiredToken = "expired continue token"

// inject puts a random fault to work.
func (p *program) inject() {
	faults := p.anyFaults()
	fault := faults[p.IntN(len(faults))]
	f := apitest.Fault{On: apitest.Match{Resource: "configmaps"}, Skip: p.IntN(3), Times: 1 + p.IntN(8), Do: fault.do}
	switch p.IntN(3) {
	case 0:
		f.On.Verb = "list"
	case 1:
		f.On.Verb = "watch"
	}
	if fault.name == expiredToken {
		f.On.Verb, f.On.Func, f.Skip = "list", continued, p.IntN(2)
	}
	p.trace("fault: %s, %+v", fault.name, f)
	p.faults = append(p.faults, injected{fault.name, p.server.Inject(f)})
}

// injected is a fault at work.
type injected struct {
	name string
	*apitest.Injected
}

// disturb does something to the whole server.
func (p *program) disturb() {
	switch p.IntN(6) {
	case 0:
		p.trace("compact")
		p.met.count("compact", true)
		p.server.Compact()
	case 1:
		p.trace("cut connections")
		p.met.count("cut connections", true)
		p.server.CutConnections()
	case 2:
		p.trace("restart")
		p.met.count("restart", true)
		p.server.Restart()
	case 3:
		d := p.between(0, 2*time.Minute)
		p.trace("refuse connections for %v", d)
		p.met.count("refuse connections", true)
		p.server.RefuseConnections(true)
		p.server.CutConnections()
		time.Sleep(d)
		p.server.RefuseConnections(false)
	case 4, 5:
		if len(p.versions) == 0 {
			return
		}
		version := p.versions[p.IntN(len(p.versions))]
		if now := p.server.ResourceVersion(); p.newest == "" || later(now, p.newest) {
			p.newest = now
		}
		err := p.server.RestoreTo(version)
		p.trace("restore to %s: %v", version, err)
		p.restored = p.restored || err == nil
		p.met.count("restored", err == nil)
	}
}

// later compares two versions of the server.
func later(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	if err != nil {
		panic(err)
	}
	return order > 0
}

// finish takes all faults away, and gives everybody the time to come to rest.
func (p *program) finish() {
	p.trace("finish")
	for _, f := range p.faults {
		f.Remove()
	}
	// A stream that died in silence on a server whose bookmarks have not been seen is nobody's to find but the transport's.
	p.server.RefuseConnections(true)
	p.server.CutConnections()
	for range 4 {
		p.change()
	}
	if p.restored {
		// A client that comes back when the restored server has given out its version a second time cannot know that: the
		// protocol has nothing to tell the two apart. What can be tested is that the next full state puts everything right.
		for n := len(p.versions); n > 0 && !later(p.server.ResourceVersion(), p.newest); n++ {
			p.change()
		}
		p.server.Compact()
	}
	p.server.RefuseConnections(false)
	for o := range p.objects.All() { // nothing that the transform refuses
		if unlucky(o) {
			p.put(resource.KeyOf(o), "fine")
		}
	}
	time.Sleep(30 * time.Minute)
}
