package conformance

func watches(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	r := s.Do("GET", "$path/configmaps", "")
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Note("without a version, and at 0, the state comes first")
	for _, version := range []string{"", "&resourceVersion=0"} {
		w := s.Watch("state", "$path/configmaps?watch=1"+version)
		w.Events(1)
		w.Close()
	}
	live := s.Watch("live", "$path/configmaps?watch=true&resourceVersion=$rv&timeoutSeconds=5")
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"b"}}`)
	s.Do("PATCH", "$path/configmaps/b", mergePatch+`{"data":{"k":"v"}}`)
	s.Do("DELETE", "$path/configmaps/b", "")
	live.Events(3)
	s.Note("a watch from the past sees the same")
	past := s.Watch("past", "$path/configmaps?watch=1&resourceVersion=$rv")
	past.Events(3)
	past.Close()
	s.Note("one object, by its path and by a selector")
	one := s.Watch("one", "$path/configmaps/a?watch=1")
	one.Events(1)
	one.Close()
	old := s.Watch("old", "/api/v1/watch/namespaces/$ns/configmaps/a")
	old.Events(1)
	old.Close()
	one = s.Watch("selected", "$path/configmaps?watch=1&fieldSelector=metadata.name%3Da")
	one.Events(1)
	one.Close()
	s.Note("the time-out ends a watch in order")
	live.Events(1)
	live.Close()
	w := s.Watch("none", "/api/v1/namespaces/conformance-none/configmaps?watch=1&timeoutSeconds=1")
	w.Events(1)
	w.Close()
}

func watchSelectors(s *Session) {
	label := func(value string) {
		s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"metadata":{"labels":{"in":`+value+`}}}`)
	}
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	w := s.Watch("w", "$path/configmaps?watch=1&labelSelector=in%3Dyes&timeoutSeconds=10")
	defer w.Close()
	label(`"yes"`)
	w.Events(1)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"data":{"k":"v"}}`)
	w.Events(1)
	s.Note("what leaves the selector is shown as it was, at the version in which it left")
	label(`"no"`)
	w.Events(1)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"data":{"k":"w"}}`)
	label(`"yes"`)
	w.Events(1)
	s.Do("DELETE", "$path/configmaps/a", "")
	w.Events(1)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"a","labels":{"in":"yes"}}}`)
	w.Events(1)
	s.Note("fields")
	s.Brief()
	s.Silently("POST", "$path/pods", pod("p", ""))
	f := s.Watch("f", "$path/pods?watch=1&fieldSelector=status.phase%3DRunning")
	defer f.Close()
	s.Do("PATCH", "$path/pods/p/status", mergePatch+`{"status":{"phase":"Running"}}`)
	f.Events(1)
	s.Do("PATCH", "$path/pods/p/status", mergePatch+`{"status":{"phase":"Failed"}}`)
	f.Events(1)
}

const watchList = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"

func watchLists(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"b"}}`)
	r := s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a","labels":{"l":"1"}}}`)
	s.Set("rv", r.Field("metadata.resourceVersion"))
	for _, query := range []string{"", "&resourceVersion=0", "&resourceVersion=$rv"} {
		w := s.Watch("w", "$path/configmaps?"+watchList+"&allowWatchBookmarks=true"+query)
		w.Until("BOOKMARK")
		w.Close()
	}
	w := s.Watch("selected", "$path/configmaps?"+watchList+"&allowWatchBookmarks=true&labelSelector=l")
	defer w.Close()
	w.Until("BOOKMARK")
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"c","labels":{"l":"1"}}}`)
	w.Events(1)
	s.Note("without bookmarks there is no end")
	w = s.Watch("endless", "$path/configmaps?"+watchList+"&timeoutSeconds=2")
	w.Events(4)
	w.Close()
	s.Note("sendInitialEvents=false starts with what comes")
	w = s.Watch("later", "$path/configmaps?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=5")
	defer w.Close()
	s.Do("DELETE", "$path/configmaps/b", "")
	w.Events(1)
	s.Note("a version that does not exist yet")
	w = s.Watch("future", "$path/configmaps?"+watchList+"&allowWatchBookmarks=true&resourceVersion=999999999")
	w.Events(2)
	w.Close()
}

func watchOptions(s *Session) {
	for _, query := range []string{
		"sendInitialEvents=true", "sendInitialEvents=false", "resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Exact&resourceVersion=1",
		"sendInitialEvents=true&resourceVersionMatch=Exact", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x",
		"resourceVersion=x", "timeoutSeconds=x", "labelSelector=!!", "fieldSelector=spec.x%3Dy",
	} {
		s.Watch("refused", "$path/configmaps?watch=1&"+query).Close()
	}
	s.Watch("refused", "$path/configmaps/a?watch=1&fieldSelector=metadata.name%3Db").Close()
}
