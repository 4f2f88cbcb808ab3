package events

import (
	"slices"
	"time"
)

// combinedPrefix begins the text of an Event that stands for many, as people know it.
const combinedPrefix = "(combined from similar events): "

// standIn is the story of the Event that counts all that are like this one: about the same object, of the same type, reason and action,
// whatever their texts say and whoever else had a part in them.
func (s story) standIn() story {
	return story{regarding: s.regarding, kind: s.kind, reason: s.reason, action: s.action, stands: true}
}

// crowd is when events with texts of their own came lately that are like each other.
type crowd struct{ came []time.Time }

// join adds one, and says whether there were so many others within the time before it.
func (c *crowd) join(at time.Time, most int, within time.Duration) bool {
	c.came = slices.DeleteFunc(c.came, func(t time.Time) bool { return at.Sub(t) >= within })
	crowded := len(c.came) >= most
	if crowded {
		c.came = slices.Delete(c.came, 0, len(c.came)-most+1)
	}
	c.came = append(c.came, at)
	return crowded
}

// crowded says whether an event with a text of its own is one too many.
func (w *writer) crowded(n note) bool {
	alike := n.standIn()
	c, ok := w.crowds.use(alike)
	if !ok {
		c = &crowd{}
		w.crowds.put(alike, c)
	}
	return c.join(n.at, w.options.Similar, w.options.SimilarWithin)
}

// quiet says whether none has come for so long that the next would be the first.
func (c *crowd) quiet(now time.Time, within time.Duration) bool {
	return now.Sub(c.came[len(c.came)-1]) >= within
}
