package decode

// Only leaves the objects out of lists and watches whose identity, without its hash, the function does not want. They are not decoded: an
// item or event says that one was skipped. The function is called by the goroutine that reads the stream. An object whose name cannot be read is
// never left out.
func Only(wanted func(Identity) bool) Option { return func(d *Decoder) { d.only = wanted } }

// skips asks the option Only.
func (d *Decoder) skips(e *encoded) bool {
	if d.only == nil {
		return false
	}
	id := e.identify()
	return id.Key.Name != "" && !d.only(id)
}
