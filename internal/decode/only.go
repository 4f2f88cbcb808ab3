package decode

// Only leaves the objects out of lists and watches whose identity, without its hash, the function does not want. They are not decoded: an
// item or event says that one was skipped. The function is called by the goroutine that reads the stream. An object that cannot be decoded is left
// out like others, but its UID and version may be unknown (""). One whose name cannot be read is never left out.
func Only(wanted func(Identity) bool) Option { return func(d *Decoder) { d.only = wanted } }

// skips asks the option Only.
func (d *Decoder) skips(e *encoded) bool {
	if d.only == nil {
		return false
	}
	return d.unwanted(e.identify())
}

// skipsBroken asks the option Only of an object that cannot be decoded.
func (d *Decoder) skipsBroken(err *ObjectError) bool {
	return d.only != nil && err != nil && d.unwanted(Identity{Key: err.Key, UID: err.UID, ResourceVersion: err.ResourceVersion})
}

func (d *Decoder) unwanted(id Identity) bool { return id.Key.Name != "" && !d.only(id) }
