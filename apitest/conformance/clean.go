package conformance

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// names replaces what differs from run to run by names, the same ones for the same values.
type names struct {
	known  map[string]string
	count  map[string]int
	newest uint64 // the highest resourceVersion seen
}

func newNames() *names { return &names{known: map[string]string{}, count: map[string]int{}} }

// name returns the name of a value of a kind, such as "rv3".
func (n *names) name(kind, value string) string {
	if value == "" || value == "0" && kind == "rv" {
		return value
	}
	id := kind + "=" + value
	if _, ok := n.known[id]; !ok {
		n.count[kind]++
		n.known[id] = fmt.Sprintf("%s%d", kind, n.count[kind])
	}
	if version, err := strconv.ParseUint(value, 10, 64); err == nil && kind == "rv" {
		n.newest = max(n.newest, version)
	}
	return n.known[id]
}

// moment returns the name of a resourceVersion that is a moment of the server and not an object's. The counter moves on for reasons that
// are not the scenario's: all that can be said is whether something newer has been seen.
func (n *names) moment(value string) string {
	version, err := strconv.ParseUint(value, 10, 64)
	if err != nil || version == 0 {
		return value
	}
	if version >= n.newest {
		n.newest = version
		return "newest"
	}
	return "older"
}

// bookmark is the kind under which bookmarks are cleaned.
const bookmark = "Bookmark"

// clean returns a copy of a body for the transcript.
func (n *names) clean(body map[string]any, full, managed bool) map[string]any {
	kind, _ := body["kind"].(string)
	var moment string
	metadata, _ := body["metadata"].(map[string]any)
	_, isList := body["items"]
	if version, _ := metadata["resourceVersion"].(string); version != "" && (isList || kind == "Table" || kind == bookmark) {
		moment = version
		body = maps.Clone(body) // it is the caller's
		metadata = maps.Clone(metadata)
		delete(metadata, "resourceVersion")
		body["metadata"] = metadata
	}
	out := n.object(body, managed)
	if moment != "" { // after the items, which are older
		out["metadata"].(map[string]any)["resourceVersion"] = n.moment(moment)
	}
	if full || kind == "Status" || strings.HasPrefix(kind, "API") || kind == "Table" {
		return out
	}
	return brief(out)
}

// brief keeps of an object, or of the items of a list, what every server must have the same.
func brief(body map[string]any) map[string]any {
	out := map[string]any{}
	for _, field := range []string{"kind", "apiVersion", "metadata"} {
		if value, ok := body[field]; ok {
			out[field] = value
		}
	}
	if items, ok := body["items"].([]any); ok {
		var short []any
		for _, item := range items {
			if m, ok := item.(map[string]any); ok {
				short = append(short, brief(m))
			}
		}
		out["items"] = short
	}
	return out
}

// object replaces values within an object, by the names of the fields that hold them.
func (n *names) object(m map[string]any, managed bool) map[string]any {
	out := map[string]any{}
	for _, field := range slices.Sorted(maps.Keys(m)) {
		value := m[field]
		text, isText := value.(string)
		switch {
		case field == "managedFields" && !managed, field == "selfLink", value == nil:
			continue
		case field == "resourceVersion" && isText:
			out[field] = n.name("rv", text)
		case field == "uid" && isText:
			out[field] = n.name("uid", text)
		case field == "continue" && text != "":
			out[field] = "token"
		case strings.HasSuffix(field, "Timestamp") || field == "time" || field == "renewTime" || field == "acquireTime":
			out[field] = "time"
		case field == "storageVersionHash":
			continue
		case field == "cells":
			out[field] = agesIn(value)
		case field == "causes":
			out[field] = n.sorted(value, managed)
		case field == "message" && isText:
			out[field] = n.message(text)
		default:
			out[field] = n.value(value, managed)
		}
	}
	return out
}

func (n *names) value(value any, managed bool) any {
	switch v := value.(type) {
	case map[string]any:
		return n.object(v, managed)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = n.value(item, managed)
		}
		return out
	}
	return value
}

var age = regexp.MustCompile(`^(([0-9]+[smhdy])+|[0-9-]+T[0-9:]+Z)$`)

// agesIn replaces the ages and times in a row of a table.
func agesIn(value any) any {
	cells, _ := value.([]any)
	out := make([]any, len(cells))
	for i, cell := range cells {
		out[i] = cell
		if text, ok := cell.(string); ok && age.MatchString(text) {
			out[i] = "age"
		}
	}
	return out
}

// sorted returns the causes of a status in a fixed order: some of them come from maps.
func (n *names) sorted(value any, managed bool) any {
	list, ok := n.value(value, managed).([]any)
	if ok {
		slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return list
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// message replaces uids and numbers within a text.
func (n *names) message(text string) string {
	text = uuid.ReplaceAllString(text, "uid")
	var out strings.Builder
	digits := false
	for _, r := range text {
		if r >= '0' && r <= '9' {
			if !digits {
				out.WriteByte('#')
			}
			digits = true
			continue
		}
		digits = false
		out.WriteRune(r)
	}
	return out.String()
}
