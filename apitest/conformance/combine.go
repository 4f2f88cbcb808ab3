package conformance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// pick joins the parameters that are set.
func pick(parameters ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parameters), func(p string) bool { return p == "" }), "&")
}

// combinedLists asks for lists by every combination of the parameters that choose a version and a page.
func combinedLists(s *Session) {
	createFive(s)
	r := s.Silently("GET", "$path/configmaps?limit=2", "")
	s.Set("next", url.QueryEscape(r.Field("metadata.continue")))
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Silently("DELETE", "$path/configmaps/e", "")
	for _, version := range []string{"", "resourceVersion=0", "resourceVersion=$rv", "resourceVersion=x"} {
		for _, match := range []string{"", "resourceVersionMatch=Exact", "resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Other"} {
			for _, limit := range []string{"", "limit=2"} {
				for _, token := range []string{"", "continue=$next"} {
					s.noteList(pick(version, match, limit, token))
				}
			}
		}
	}
	s.Note("versions that do not exist yet")
	for _, match := range []string{"resourceVersionMatch=Exact", "resourceVersionMatch=NotOlderThan"} {
		for _, limit := range []string{"", "limit=2"} {
			s.noteList(pick("resourceVersion=999999999", match, limit))
		}
	}
}

// noteList writes down in a line which objects a list has, and whether it is of the version in question.
func (s *Session) noteList(query string) {
	r := s.Silently("GET", "$path/configmaps?"+query, "")
	query = strings.ReplaceAll(query, "$", "")
	if r.Code != 200 {
		s.Note(query + ": " + s.summary(r))
		return
	}
	at := "another version"
	if r.Field("metadata.resourceVersion") == s.vars["rv"] {
		at = "rv"
	}
	more := ""
	if r.Field("metadata.continue") != "" {
		more = ", more"
	}
	s.Note(fmt.Sprintf("%s: %s at %s%s", query, strings.Join(namesOf(r), " "), at, more))
}

func namesOf(r Response) (out []string) {
	items, _ := r.JSON["items"].([]any)
	for _, item := range items {
		item, _ := item.(map[string]any)
		metadata, _ := item["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		if name != "kube-root-ca.crt" {
			out = append(out, name)
		}
	}
	return out
}

// combinedWatches opens watches by every combination of the parameters that choose where they begin.
func combinedWatches(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	r := s.Silently("GET", "$path/configmaps", "")
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"b"}}`)
	type opened struct {
		query string
		watch *Watch
	}
	var all []opened
	for _, version := range []string{"", "resourceVersion=0", "resourceVersion=$rv", "resourceVersion=x"} {
		for _, match := range []string{"", "resourceVersionMatch=Exact", "resourceVersionMatch=NotOlderThan"} {
			for _, initial := range []string{"", "sendInitialEvents=true", "sendInitialEvents=false"} {
				for _, bookmarks := range []string{"", "allowWatchBookmarks=true"} {
					query := pick(version, match, initial, bookmarks)
					s.Note(strings.ReplaceAll(query, "$", ""))
					all = append(all, opened{query, s.Watch("w", "$path/configmaps?"+pick("watch=1", "timeoutSeconds=3", query))})
				}
			}
		}
	}
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"c"}}`)
	s.Note("what they send")
	for _, o := range all {
		if o.watch != nil {
			s.Note(strings.ReplaceAll(o.query, "$", "") + ": " + o.watch.summary())
			o.watch.Close()
		}
	}
}

// summary reads a watch to its end, and tells its events in a line. A bookmark is told only where it ends the initial events: when others
// come is not promised.
func (w *Watch) summary() string {
	var out []string
	for {
		e := w.next()
		if e.err != nil {
			return strings.Join(append(out, ending(e.err)), ", ")
		}
		metadata, _ := e.Object["metadata"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any)
		switch {
		case e.Type == "BOOKMARK" && annotations["k8s.io/initial-events-end"] == "true":
			out = append(out, "end of initial events")
		case e.Type != "BOOKMARK":
			out = append(out, fmt.Sprintf("%s %v", e.Type, metadata["name"]))
		}
	}
}

// futures asks for what lies ahead, and for a watch's events between two versions.
func futures(s *Session) {
	r := s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	s.Set("rv", r.Field("metadata.resourceVersion"))
	w := s.Watch("far", "$path/configmaps?watch=1&resourceVersion=999999999&timeoutSeconds=2")
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"data":{"k":"v"}}`)
	w.Events(1)
	w.Close()
	s.Note("a collection's deletion is one event for each object")
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"b"}}`)
	w = s.Watch("deleted", "$path/configmaps?watch=1&resourceVersion=$rv&timeoutSeconds=5")
	s.Silently("DELETE", "$path/configmaps", "")
	w.Events(2)
	s.Note("deleted: " + w.summary())
	w.Close()
}
