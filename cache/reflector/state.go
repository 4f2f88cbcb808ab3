package reflector

// Phase is what a reflector is doing.
type Phase uint8

// The phases.
const (
	// Stopped: not started yet, or over.
	Stopped Phase = iota
	// Streaming: the initial state comes as the first events of a watch (a "watch-list").
	Streaming
	// Listing: the initial state comes as a list, page by page.
	Listing
	// Watching: the state is known, and changes come as they happen.
	Watching
	// BackingOff: waiting after a failure.
	BackingOff
	// Missing: waiting for a resource that the server says it does not have.
	Missing
)

var phaseNames = [...]string{"stopped", "watch-list", "listing", "watching", "backing off", "resource missing"}

// String returns the phase's name in lower case.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

// state is what to do next. It is a value; after returns the next one. There is nothing else that decides.
type state struct {
	phase    Phase  // Streaming, Listing or Watching
	version  string // the version that has been applied; "": none yet
	newest   bool   // ask for the newest state: the version was refused
	token    string // of the next page
	page     int    // 1 is the first
	whole    bool   // ask for the list in one piece: a continue token expired
	noStream bool   // the server was found unable to stream the initial state
	wait     bool   // back off first
	missing  bool   // the server has no such resource
	stalls   int    // lists and streams in a row that made no progress: each gets more time than the one before
	cuts     int    // streams of the initial state in a row that began and broke before its end
	barren   int    // watches in a row that broke at once
	why      string // the reason for not watching
}

// maxBarren is how many watches may break at once, one after the other, before the state is listed again: an event that
// nobody can read would otherwise be asked for again for ever.
const maxBarren = 5

// maxCuts is how many streams of the initial state may break before they end, one after the other, until the state is listed instead: a
// proxy that ends connections too soon, or a server that cannot get to the end, would otherwise be asked for ever.
const maxCuts = 5

// Reasons for reading the full state.
const (
	whyInitial = "initial"
	whyExpired = "expired"
	whyAhead   = "version too large"
	whyRefused = "watch refused"
	whyMissing = "resource was missing"
	whyBroken  = "watch breaks at once"
	whySilent  = "watch was silent from the start"
	whyDoubt   = "event without a name"
)

func initial(noStream bool) state {
	s := state{phase: Streaming, page: 1, noStream: noStream, why: whyInitial}
	if noStream {
		s.phase = Listing
	}
	return s
}

// outcome is what came of doing what a state says.
type outcome struct {
	class    Class  // None: it went well
	version  string // the version of the full state, or the one that a watch has reached
	token    string // of the next page, if there is one
	accepted bool   // the server began to answer
	advanced bool   // a watch brought something new
	early    bool   // it was over within a second
	beaten   bool   // it had bookmarks
}

// after decides what to do next.
func (s state) after(o outcome) state {
	s.wait, s.missing = false, false
	if o.class == Absent {
		s.wait, s.missing = true, true
		switch s.phase {
		case Watching:
			return s.relist(whyMissing)
		case Listing:
			return s.list()
		}
		return s
	}
	switch s.phase {
	case Streaming:
		return s.afterStreaming(o)
	case Listing:
		return s.afterListing(o)
	default:
		return s.afterWatching(o)
	}
}

func (s state) afterStreaming(o outcome) state {
	switch o.class {
	case None:
		return s.watch(o.version)
	case Refused, Stalled:
		return s.withoutStreams()
	case Expired, TooLarge:
		return s.retryNewest()
	default:
		s.wait = true
		if !o.accepted || o.class != Cut && o.class != ServerFault {
			return s
		}
		if s.cuts++; s.cuts >= maxCuts {
			return s.withoutStreams()
		}
		return s
	}
}

func (s state) afterListing(o outcome) state {
	switch o.class {
	case None:
		s.stalls = 0
		if o.token == "" {
			return s.watch(o.version)
		}
		s.token = o.token
		s.page++
		return s
	case Expired, TooLarge:
		if s.page > 1 {
			s = s.list()
			s.whole = true
			return s
		}
		return s.retryNewest()
	case Stalled:
		s.stalls++
		s.wait = true
		return s
	case Refused:
		// A server that does not like its own token, or our version: begin again with as few parameters as possible.
		s = s.list()
		s.newest, s.whole, s.wait = true, true, true
		return s
	default:
		s.wait = true // and then the same page again
		return s
	}
}

func (s state) afterWatching(o outcome) state {
	if o.version != "" {
		s.version = o.version
	}
	if o.advanced || !o.early {
		s.barren = 0
	}
	switch o.class {
	case None:
		return s
	case Silent:
		if !o.beaten {
			// Other watches had bookmarks and this one had nothing, ever: its version may be from the future of a server that was
			// restored to the past, which says nothing until it gets there.
			return s.relist(whySilent)
		}
		return s
	case Expired:
		return s.relist(whyExpired)
	case TooLarge:
		return s.relist(whyAhead)
	case Nameless:
		return s.relist(whyDoubt)
	case Refused:
		s = s.relist(whyRefused)
		s.newest, s.wait = true, true
		return s
	case Cut, ServerFault:
		// A connection that worked and broke is made again at once.
		barren := o.early && !o.advanced
		s.wait = o.class == ServerFault || !o.accepted || barren
		if o.accepted && barren {
			s.barren++
		}
		if s.barren >= maxBarren {
			s = s.relist(whyBroken)
			s.wait = true
		}
		return s
	default:
		s.wait = true
		return s
	}
}

// watch goes on from a full state.
func (s state) watch(version string) state {
	return state{phase: Watching, version: version, noStream: s.noStream}
}

// list begins a list at its first page.
func (s state) list() state {
	s.phase, s.page, s.token, s.whole = Listing, 1, "", false
	return s
}

// relist reads the full state again.
func (s state) relist(why string) state {
	s.why, s.barren, s.newest = why, 0, false
	if s.noStream {
		return s.list()
	}
	s.phase = Streaming
	return s
}

// withoutStreams is the same where the server is known to be unable to stream the initial state.
func (s state) withoutStreams() state {
	s.noStream = true
	if s.phase == Streaming {
		return s.list()
	}
	return s
}

// retryNewest asks for the newest state at once, or, where that is what was refused, later.
func (s state) retryNewest() state {
	s.wait = s.newest || s.version == "" && s.phase == Streaming
	s.newest = true
	return s
}
