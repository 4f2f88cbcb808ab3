package decode

// gate decides for one place in the tree of types whether looking values up is worth its cost. It closes after a round with too few
// hits, for longer each time, and opens again for a round: what never repeats (uids, times) soon costs nothing, and what begins to
// repeat is noticed. The zero gate is open.
type gate struct {
	tries, hits uint16
	closed      uint32 // values to let pass unseen
	backoff     uint8
	last        uint32 // the entry of the last hit, which neighbours often hit again; any number will do
}

const (
	gateRound   = 128
	gateMinHits = gateRound / 16
	gateClosed  = 512 // values after the first bad round, doubling
	maxBackoff  = 8
)

// open says whether to look this value up.
func (g *gate) open() bool {
	if g.closed == 0 {
		return true
	}
	g.closed--
	return false
}

// record notes the result of a look-up.
func (g *gate) record(hit bool) {
	if hit {
		g.hits++
	}
	if g.tries++; g.tries < gateRound {
		return
	}
	if g.hits >= gateMinHits {
		g.backoff = 0
	} else {
		g.closed = gateClosed << g.backoff
		g.backoff = min(g.backoff+1, maxBackoff)
	}
	g.tries, g.hits = 0, 0
}
