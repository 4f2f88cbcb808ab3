// Package reflector keeps up with one collection on a server: it lists, watches, resumes, and lists again where it must.
//
//	Stage 3. In: lists and watches of a ListerWatcher. Out: full states and single events, handed to a Sink in stream order.
//	Owner: the one goroutine in Reflector.Run, which waits for the one that asks for the next page of a list. Next: cache/delta.
//
// Reading order: source.go (what a collection must offer, and who takes what is read), state.go (what to do next: a pure
// function of the state and of what just happened), reflector.go (the loop that does it), list.go and watch.go (the two requests),
// ahead.go (the next page, asked for early), failure.go (what an error means), watchdog.go (how silence is found), backoff.go, status.go.
//
// The state machine, in one picture:
//
//	            refused, or no progress
//	Streaming ───────────────────────────▶ Listing ◀─┐ next page
//	   │  ▲                                 │  ▲  └──┘
//	   │  └────────── expired ──────┐       │  │ expired, where streams are refused
//	   │ end of the initial events  │       │  │
//	   └────────────────────────▶ Watching ◀┘  │
//	                                └──────────┘
//
// Each failure waits out a back-off before the same thing is tried again. A connection that ends resumes at the last version that
// was applied to the store: nothing is lost and nothing is listed again.
package reflector
