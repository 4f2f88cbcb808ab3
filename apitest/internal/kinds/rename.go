package kinds

import "encoding/json"

// eventNames are the fields that an Event calls differently in the core group and in events.k8s.io; all others, of all resources
// that two groups serve, have the same names.
var eventNames = [][2]string{
	{"involvedObject", "regarding"},
	{"message", "note"},
	{"reportingComponent", "reportingController"},
	{"source", "deprecatedSource"},
	{"firstTimestamp", "deprecatedFirstTimestamp"},
	{"lastTimestamp", "deprecatedLastTimestamp"},
	{"count", "deprecatedCount"},
}

// rename gives the fields of another version's object, in JSON, the names that they have in this kind.
func (k *Kind) rename(data []byte) ([]byte, error) {
	if k.GVR().Resource != "events" {
		return data, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	for _, names := range eventNames {
		theirs, ours := names[0], names[1]
		if k.GVR().Group == "" {
			theirs, ours = ours, theirs
		}
		if value, ok := fields[theirs]; ok {
			delete(fields, theirs)
			fields[ours] = value
		}
	}
	return json.Marshal(fields)
}
