package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// names replaces what differs from run to run by names, the same ones for the same values.
type names struct {
	known map[string]string
	count map[string]int
	pairs []string // the values that appear within messages, and their names
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
		if kind == "uid" {
			n.pairs = append(n.pairs, value, n.known[id])
		}
	}
	return n.known[id]
}

// clean returns a copy of a body for the transcript.
func (n *names) clean(body map[string]any, full, managed bool) map[string]any {
	kind, _ := body["kind"].(string)
	out := n.object(body, managed)
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

// sorted returns the causes of a status in a fixed order: some of them come from maps.
func (n *names) sorted(value any, managed bool) any {
	list, ok := n.value(value, managed).([]any)
	if ok {
		slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return list
}

// message replaces uids and numbers within a text.
func (n *names) message(text string) string {
	text = strings.NewReplacer(n.pairs...).Replace(text)
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
