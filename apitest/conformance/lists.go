package conformance

import (
	"net/url"
	"strconv"
)

func createFive(s *Session) {
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"`+name+`","labels":{"name":"`+name+`"}}}`)
	}
}

func pages(s *Session) {
	createFive(s)
	first := s.Do("GET", "$path/configmaps?limit=2", "")
	s.Set("next", url.QueryEscape(first.Field("metadata.continue")))
	s.Set("rv", first.Field("metadata.resourceVersion"))
	s.Note("the pages show the state of the first one")
	s.Silently("DELETE", "$path/configmaps/c", "")
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"bb"}}`)
	second := s.Do("GET", "$path/configmaps?limit=2&continue=$next", "")
	s.Set("last", url.QueryEscape(second.Field("metadata.continue")))
	s.Do("GET", "$path/configmaps?limit=2&continue=$last", "")
	s.Note("a page without a limit is the rest")
	s.Do("GET", "$path/configmaps?continue=$next", "")
	s.Note("with selectors nothing is counted")
	s.Do("GET", "$path/configmaps?limit=1&labelSelector=name", "")
	s.Do("GET", "$path/configmaps?limit=1&fieldSelector=metadata.name!%3Da", "")
	s.Note("resourceVersion 0 is served from a cache, which knows no pages")
	s.Do("GET", "$path/configmaps?limit=2&resourceVersion=0", "")
	s.Note("with a limit, a resourceVersion means exactly that one")
	s.Do("GET", "$path/configmaps?limit=2&resourceVersion=$rv", "")
	s.Note("tokens are checked")
	s.Do("GET", "$path/configmaps?limit=2&continue=$next&resourceVersion=$rv", "")
	s.Do("GET", "$path/configmaps?limit=2&continue=$next&resourceVersion=0", "")
	s.Do("GET", "$path/configmaps?limit=2&continue=$next&resourceVersionMatch=Exact", "")
	s.Do("GET", "$path/configmaps?limit=2&continue=nonsense", "")
	s.Do("GET", "$path/configmaps?limit=2&continue=eyJ2IjoidjIifQ", "")
	s.Do("GET", "$path/configmaps?limit=x", "")
	s.Do("GET", "$path/configmaps?limit=-1", "")
}

func listVersions(s *Session) {
	createFive(s)
	r := s.Do("GET", "$path/configmaps", "")
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Silently("DELETE", "$path/configmaps/a", "")
	for _, query := range []string{
		"resourceVersionMatch=Exact&resourceVersion=$rv", "resourceVersionMatch=Exact&resourceVersion=$rv&limit=2",
		"resourceVersionMatch=NotOlderThan&resourceVersion=$rv", "resourceVersionMatch=NotOlderThan&resourceVersion=$rv&limit=2",
		"resourceVersionMatch=NotOlderThan&resourceVersion=0&limit=2", "resourceVersion=$rv", "resourceVersion=0",
	} {
		s.Do("GET", "$path/configmaps?"+query, "")
	}
	s.Note("combinations that mean nothing")
	for _, query := range []string{
		"resourceVersionMatch=Exact", "resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Exact&resourceVersion=0",
		"resourceVersionMatch=Newest&resourceVersion=1", "resourceVersion=x", "resourceVersion=-1", "sendInitialEvents=true",
		"resourceVersion=$rv&resourceVersionMatch=Exact&continue=x",
	} {
		s.Do("GET", "$path/configmaps?"+query, "")
	}
	s.Note("versions that do not exist yet")
	s.Do("GET", "$path/configmaps?resourceVersion=999999999", "")
	s.Do("GET", "$path/configmaps?resourceVersion=999999999&resourceVersionMatch=Exact", "")
	s.Do("GET", "$path/configmaps/b?resourceVersion=0", "")
	s.Do("GET", "$path/configmaps/b?resourceVersion=$rv", "")
	s.Do("GET", "$path/configmaps/b?resourceVersion=999999999", "")
	s.Do("GET", "$path/configmaps/b?resourceVersion=x", "")
}

func selectors(s *Session) {
	s.Brief()
	s.Silently("POST", "$path/pods", `{"metadata":{"name":"a","labels":{"app":"x","tier":"1"}},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}`)
	s.Silently("POST", "$path/pods", `{"metadata":{"name":"b","labels":{"app":"y"}},"spec":{"nodeName":"n2","containers":[{"name":"c","image":"i"}]}}`)
	s.Silently("POST", "$path/pods", `{"metadata":{"name":"c"},"spec":{"containers":[{"name":"c","image":"i"}]}}`)
	for _, selector := range []string{"app=x", "app!=x", "app in (x,y)", "app notin (x)", "app", "!app", "tier>0", "tier<1", "app=x,tier=1", "app=", "a b", "app in x", "-=x"} {
		s.Do("GET", "$path/pods?labelSelector="+url.QueryEscape(selector), "")
	}
	for _, selector := range []string{"metadata.name=a", "metadata.name!=a", "metadata.namespace=$ns", "spec.nodeName=n1", "spec.nodeName=", "spec.nodeName!=n1,metadata.name!=c",
		"status.phase=Pending", "status.phase=Running", "spec.hostNetwork=false", "spec.host=n2", "spec.hostname=x", "spec.nodeName", "spec.nodeName=n1=n2"} {
		s.Do("GET", "$path/pods?fieldSelector="+escape(selector), "")
	}
	s.Do("GET", "$path/configmaps?fieldSelector=data.x%3Dy", "")
	s.Do("GET", "/api/v1/namespaces?fieldSelector=metadata.name%3D$ns", "")
	s.Do("GET", "/api/v1/nodes?fieldSelector=metadata.namespace%3Dx", "")
	s.Do("GET", "$path/secrets?fieldSelector=type%3DOpaque", "")
	s.Do("GET", "$path/services?fieldSelector=spec.type%3DClusterIP", "")
	s.Do("GET", "/apis/batch/v1/namespaces/$ns/jobs?fieldSelector=status.nothing%3D1", "")
	s.Do("GET", "/apis/apps/v1/namespaces/$ns/deployments?fieldSelector=status.replicas%3D1", "")
	s.Do("GET", "$path/events?fieldSelector=involvedObject.name%3Dx,reason!%3Dy", "")
	s.Do("GET", "/apis/events.k8s.io/v1/namespaces/$ns/events?fieldSelector=regarding.name%3Dx", "")
	s.Do("GET", "/apis/events.k8s.io/v1/namespaces/$ns/events?fieldSelector=involvedObject.name%3Dx", "")
}

// forgotten uses events, which the real server reads from etcd: of others its cache knows more of the past.
func forgotten(s *Session) {
	s.Brief()
	create := func(name string) {
		s.Silently("POST", "$path/events", `{"metadata":{"name":"`+name+`"},"involvedObject":{"namespace":"$ns"}}`)
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		create(name)
	}
	r := s.Do("GET", "$path/events?limit=2", "")
	s.Set("next", url.QueryEscape(r.Field("metadata.continue")))
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Silently("DELETE", "$path/events/c", "")
	create("bb")
	s.Compact()
	r = s.Do("GET", "$path/events?limit=2&continue=$next", "")
	s.Note("the token in the error goes on without consistency")
	s.Set("next", url.QueryEscape(r.Field("metadata.continue")))
	r = s.Do("GET", "$path/events?limit=2&continue=$next", "")
	s.Set("next", url.QueryEscape(r.Field("metadata.continue")))
	s.Do("GET", "$path/events?limit=2&continue=$next", "")
	s.Do("GET", "$path/events?resourceVersion=$rv&resourceVersionMatch=Exact", "")
	s.Do("GET", "$path/events?resourceVersion=$rv&limit=2", "")
	s.Note("not older than an old version is still possible")
	s.Do("GET", "$path/events?resourceVersion=$rv", "")
	s.Note("a watch from the past fails in its stream")
	w := s.Watch("w", "$path/events?watch=1&resourceVersion=$rv")
	w.Events(2)
	w.Close()
}

func shards(s *Session) {
	for _, name := range []string{"a", "b", "c"} {
		s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"`+name+`"}}`)
	}
	const all = "shardRange(object.metadata.uid, '0x0000000000000000', '0x10000000000000000')"
	s.Do("GET", "$path/configmaps?shardSelector="+url.QueryEscape(all), "")
	s.Do("GET", "$path/configmaps?limit=2&shardSelector="+url.QueryEscape(all), "")
	s.Do("GET", "$path/configmaps?shardSelector="+url.QueryEscape("shardRange(object.metadata.namespace,'0x0000000000000000','0x8000000000000000')||shardRange(object.metadata.namespace,'0x8000000000000000','0x10000000000000000')"), "")
	s.Note("two halves are the whole")
	seen := 0
	for _, half := range []string{"'0x0000000000000000','0x8000000000000000'", "'0x8000000000000000','0x10000000000000000'"} {
		r := s.Silently("GET", "$path/configmaps?shardSelector="+url.QueryEscape("shardRange(object.metadata.uid,"+half+")"), "")
		items, _ := r.JSON["items"].([]any)
		seen += len(items)
	}
	s.Note("objects seen: " + strconv.Itoa(seen))
	w := s.Watch("w", "$path/configmaps?watch=1&shardSelector="+url.QueryEscape(all))
	w.Events(3)
	w.Close()
	for _, bad := range []string{"nonsense", "shardRange(object.metadata.name,'0x0000000000000000','0x8000000000000000')", "shardRange(object.metadata.uid,'0x8000000000000000','0x0000000000000000')", "shardRange(object.metadata.uid,'0','1')"} {
		r := s.Silently("GET", "$path/configmaps?shardSelector="+url.QueryEscape(bad), "")
		s.Note(strconv.Itoa(r.Code) + " " + r.Field("reason"))
	}
}

// escape escapes a parameter's value but for variables.
func escape(text string) string {
	out := ""
	for _, r := range text {
		if r == '$' {
			out += "$"
			continue
		}
		out += url.QueryEscape(string(r))
	}
	return out
}
