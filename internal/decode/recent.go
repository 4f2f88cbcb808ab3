package decode

// recent holds the last texts of one object that were new. An object says the same time again and again: when it was created, who wrote which
// fields then, when its conditions came about.
type recent struct {
	texts [4]any
	next  uint8
}

// minRecent is the size from which a text is worth the comparisons.
const minRecent = 8

// of returns a text that the object has had before, or nil.
func (r *recent) of(text []byte) any {
	for _, v := range &r.texts {
		if had, ok := v.(string); ok && had == string(text) {
			return v
		}
	}
	return nil
}

func (r *recent) add(v any) {
	r.texts[r.next%uint8(len(r.texts))] = v
	r.next++
}
