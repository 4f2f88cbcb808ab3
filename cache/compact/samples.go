package compact

import "slices"

// samples collects some of the first objects of a store, of which the dictionary is made. An object is kept or not by its number alone, so
// that they come from everywhere in what has been seen: a list begins with the objects of one namespace.
type samples struct {
	kept  [][]byte // each with a part of the budget
	seen  int
	bytes int // of all that was seen
	state uint64
}

const (
	// enough is how many objects are seen before there is a dictionary, or enoughBytes, whichever comes first.
	enough      = 256
	enoughBytes = 4 << 20
	// dictionaryBytes is the size of a dictionary; the window in which the compressor looks for repetitions has no use for more.
	dictionaryBytes = 48 << 10
	// maxKept is how many samples share it.
	maxKept = 24
	// minDictionary is what can be a dictionary at all.
	minDictionary = 64
)

// add takes an object into account, and says whether there are enough.
func (s *samples) add(raw []byte) (complete bool) {
	s.seen++
	s.bytes += len(raw)
	sample := raw[:min(len(raw), dictionaryBytes/4)]
	switch at := int(s.next() % uint64(s.seen)); {
	case len(s.kept) < maxKept:
		s.kept = append(s.kept, slices.Clone(sample))
	case at < maxKept: // each of those seen has the same chance
		s.kept[at] = slices.Clone(sample)
	}
	if s.seen < enough && s.bytes < enoughBytes {
		return false
	}
	return s.size() >= minDictionary
}

// next returns a number that looks random, and is the same in every run.
func (s *samples) next() uint64 {
	s.state = s.state*6364136223846793005 + 1442695040888963407
	return s.state >> 33
}

func (s *samples) size() (bytes int) {
	for _, sample := range s.kept {
		bytes += len(sample)
	}
	return bytes
}

// dictionary returns the samples one after the other, as far as there is room.
func (s *samples) dictionary() []byte {
	dict := make([]byte, 0, dictionaryBytes)
	for _, sample := range s.kept {
		dict = append(dict, sample[:min(len(sample), dictionaryBytes-len(dict))]...)
	}
	return dict
}
