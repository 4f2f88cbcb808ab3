package reflector

import (
	"testing"
)

// TestStateAfterOutcome is the state machine as a table: a state, what happened, and what is done next.
func TestStateAfterOutcome(t *testing.T) {
	start := initial(false)
	list := initial(true)
	page2 := list.after(outcome{token: "t2"})
	watching := start.after(outcome{version: "10"})
	relist := watching.after(outcome{class: Expired})
	newest := relist.after(outcome{class: Expired})
	type want struct {
		phase   Phase
		version string
		newest  bool
		page    int
		token   string
		whole   bool
		listing bool // streaming is known not to work
		wait    bool
		missing bool
		why     string
	}
	for _, test := range []struct {
		name string
		from state
		o    outcome
		want want
	}{
		{"the first thing asked for is a stream of the initial state", state{phase: Streaming, page: 1, why: whyInitial}, outcome{class: Throttled},
			want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a complete stream becomes the watch", start, outcome{version: "10"}, want{phase: Watching, version: "10"}},
		{"a refused stream becomes a list at once", start, outcome{class: Refused}, want{phase: Listing, page: 1, listing: true, why: whyInitial}},
		{"a stream without progress becomes a list at once", start, outcome{class: Stalled}, want{phase: Listing, page: 1, listing: true, why: whyInitial}},
		{"a stream at the newest version that is expired waits", start, outcome{class: Expired}, want{phase: Streaming, newest: true, page: 1, wait: true, why: whyInitial}},
		{"a cut stream is tried again after a wait", start, outcome{class: Cut, accepted: true}, want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a stream that an error of the server breaks is tried again after a wait", start, outcome{class: ServerFault, accepted: true}, want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a stream that breaks once too often becomes a list after a wait", state{phase: Streaming, page: 1, cuts: maxCuts - 1, why: whyInitial}, outcome{class: Cut, accepted: true}, want{phase: Listing, page: 1, listing: true, wait: true, why: whyInitial}},
		{"a stream that an error breaks once too often becomes a list after a wait", state{phase: Streaming, version: "10", cuts: maxCuts - 1, why: whyExpired}, outcome{class: ServerFault, accepted: true}, want{phase: Listing, version: "10", page: 1, listing: true, wait: true, why: whyExpired}},
		{"a connection that is refused says nothing about streams", state{phase: Streaming, page: 1, cuts: maxCuts - 1, why: whyInitial}, outcome{class: Cut}, want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a server that is too busy says nothing about streams", state{phase: Streaming, page: 1, cuts: maxCuts - 1, why: whyInitial}, outcome{class: Throttled, accepted: true}, want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a stream that is forbidden is tried again after a wait", start, outcome{class: Forbidden}, want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a stream without credentials is tried again after a wait", start, outcome{class: Unauthorized}, want{phase: Streaming, page: 1, wait: true, why: whyInitial}},
		{"a resource that is missing is waited for", start, outcome{class: Absent}, want{phase: Streaming, page: 1, wait: true, missing: true, why: whyInitial}},

		{"a page with a token leads to the next page", list, outcome{version: "9", token: "t2"}, want{phase: Listing, page: 2, token: "t2", listing: true, why: whyInitial}},
		{"the last page leads to the watch", page2, outcome{version: "9"}, want{phase: Watching, version: "9", listing: true}},
		{"an expired token starts the list again, in one piece", page2, outcome{class: Expired}, want{phase: Listing, page: 1, whole: true, listing: true, why: whyInitial}},
		{"an expired first page asks for the newest at once", list, outcome{class: Expired}, want{phase: Listing, newest: true, page: 1, listing: true, why: whyInitial}},
		{"a failed page is read again after a wait, not the whole list", page2, outcome{class: ServerFault}, want{phase: Listing, page: 2, token: "t2", wait: true, listing: true, why: whyInitial}},
		{"a list without progress is tried again after a wait", list, outcome{class: Stalled}, want{phase: Listing, page: 1, wait: true, listing: true, why: whyInitial}},
		{"a refused page starts the list again", page2, outcome{class: Refused}, want{phase: Listing, newest: true, page: 1, whole: true, wait: true, listing: true, why: whyInitial}},
		{"a resource that vanishes between pages is listed from its first page", page2, outcome{class: Absent}, want{phase: Listing, page: 1, wait: true, missing: true, listing: true, why: whyInitial}},

		{"a watch that ends well resumes without a wait", watching, outcome{version: "15", accepted: true, advanced: true}, want{phase: Watching, version: "15"}},
		{"a watch that ends at once and without news waits", watching, outcome{class: Short, version: "10", accepted: true, early: true}, want{phase: Watching, version: "10", wait: true}},
		{"a cut watch resumes where the store is", watching, outcome{class: Cut, version: "12", accepted: true, advanced: true}, want{phase: Watching, version: "12"}},
		{"a quiet watch that is cut after a while resumes at once", watching, outcome{class: Cut, accepted: true}, want{phase: Watching, version: "10"}},
		{"a refused connection waits and does not list", watching, outcome{class: Cut, early: true}, want{phase: Watching, version: "10", wait: true}},
		{"a throttled watch waits and does not list", watching, outcome{class: Throttled}, want{phase: Watching, version: "10", wait: true}},
		{"an error in the stream waits and does not list", watching, outcome{class: ServerFault, accepted: true}, want{phase: Watching, version: "10", wait: true}},
		{"a watch that falls silent resumes at once", watching, outcome{class: Silent, accepted: true, beaten: true}, want{phase: Watching, version: "10"}},
		{"a watch that was silent from the start reads the state again", watching, outcome{class: Silent, accepted: true}, want{phase: Streaming, version: "10", why: whySilent}},
		{"a watch that is not answered waits", watching, outcome{class: Stalled}, want{phase: Watching, version: "10", wait: true}},
		{"an expired watch reads the state again", watching, outcome{class: Expired, version: "11"}, want{phase: Streaming, version: "11", why: whyExpired}},
		{"an event without a name reads the state again at once", watching, outcome{class: Nameless, version: "11", accepted: true}, want{phase: Streaming, version: "11", page: 0, why: whyDoubt}},
		{"a version from the future reads the state again", watching, outcome{class: TooLarge}, want{phase: Streaming, version: "10", why: whyAhead}},
		{"a version that the server does not understand asks for the newest", watching, outcome{class: Refused}, want{phase: Streaming, version: "10", newest: true, wait: true, why: whyRefused}},
		{"a resource that vanishes is waited for and then read again", watching, outcome{class: Absent}, want{phase: Streaming, version: "10", wait: true, missing: true, why: whyMissing}},
		{"an expired watch lists where streams do not work", page2.after(outcome{version: "9"}), outcome{class: Expired}, want{phase: Listing, version: "9", page: 1, listing: true, why: whyExpired}},

		{"reading again at a version that is expired asks for the newest at once", relist, outcome{class: Expired}, want{phase: Streaming, version: "10", newest: true, why: whyExpired}},
		{"reading again at a version from the future asks for the newest at once", relist, outcome{class: TooLarge}, want{phase: Streaming, version: "10", newest: true, why: whyExpired}},
		{"the newest cannot be expired twice without a wait", newest, outcome{class: TooLarge}, want{phase: Streaming, version: "10", newest: true, wait: true, why: whyExpired}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.from.after(test.o)
			have := want{got.phase, got.version, got.newest, got.page, got.token, got.whole, got.noStream, got.wait, got.missing, got.why}
			if have != test.want {
				t.Errorf("after %+v:\n have %+v\n want %+v", test.o, have, test.want)
			}
		})
	}
}

func TestWatchesThatKeepBreakingAtOnceLeadToListing(t *testing.T) {
	s := initial(false).after(outcome{version: "10"})
	broken := outcome{class: Cut, accepted: true, early: true, version: "10"}
	for range maxBarren - 1 {
		s = s.after(broken)
		if s.phase != Watching || !s.wait {
			t.Fatalf("after a watch that broke at once: %+v", s)
		}
	}
	if s = s.after(broken); s.phase != Streaming || s.why != whyBroken {
		t.Fatalf("after %d watches that broke at once: %+v", maxBarren, s)
	}
}

func TestStreamsThatKeepBreakingBeforeTheirEndLeadToAListForGood(t *testing.T) {
	s := initial(false)
	broken := outcome{class: Cut, accepted: true}
	for range maxCuts - 1 {
		if s = s.after(broken); s.phase != Streaming || !s.wait {
			t.Fatalf("after a stream that broke: %+v", s)
		}
	}
	if s = s.after(broken); s.phase != Listing || !s.noStream || !s.wait {
		t.Fatalf("after %d streams that broke: %+v", maxCuts, s)
	}
	if s = s.after(outcome{version: "10"}).after(outcome{class: Expired}); s.phase != Listing {
		t.Fatalf("when the state is read again: %+v", s)
	}
}

func TestAStreamThatGetsToItsEndForgetsThoseThatBroke(t *testing.T) {
	s := initial(false)
	for range 3 {
		for range maxCuts - 1 {
			s = s.after(outcome{class: Cut, accepted: true})
		}
		s = s.after(outcome{version: "10"}).after(outcome{class: Expired})
		if s.phase != Streaming || s.cuts != 0 {
			t.Fatalf("after a stream that got to its end: %+v", s)
		}
	}
}

func TestNewsForgetsWatchesThatBroke(t *testing.T) {
	s := initial(false).after(outcome{version: "10"})
	broken := outcome{class: Cut, accepted: true, early: true}
	for range 3 * maxBarren {
		s = s.after(broken)
		s = s.after(outcome{class: Cut, accepted: true, early: true, advanced: true, version: "11"})
		if s.phase != Watching {
			t.Fatalf("listed again although there was news: %+v", s)
		}
	}
}

// FuzzState feeds the machine any sequence of outcomes and checks what must hold in every state.
func FuzzState(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14})
	f.Add([]byte{3, 0, 0x40, 1, 0x80, 1, 1, 1})
	f.Fuzz(func(t *testing.T, program []byte) {
		s := initial(len(program) > 0 && program[0]&1 != 0)
		expired := 0
		for _, b := range program {
			o := outcome{class: Class(b % byte(Nameless+1)), version: "7", accepted: b&0x10 != 0, advanced: b&0x20 != 0, early: b&0x80 != 0}
			if b&0x40 != 0 {
				o.token = "t"
			}
			before := s
			s = s.after(o)
			if err := s.check(before, o); err != nil {
				t.Fatalf("%v\nbefore %+v\noutcome %+v\nafter %+v", err, before, o, s)
			}
			if !s.wait && o.class != None && o.class != Cut && o.class != Silent {
				expired++
			} else {
				expired = 0
			}
			if expired > 4 {
				t.Fatalf("%d failures in a row without a wait: %+v", expired, s)
			}
		}
	})
}
