package conformance

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

func paths(s *Session) {
	for _, path := range []string{"/", "/nowhere", "/api/v2", "/api/v1/nothings", "$path/nothings", "$path/configmaps/a/b", "$path/configmaps/a/status", "/apis/none/v1", "/apis/apps/v7", "/apis/apps/v1/nothings",
		"/api/v1/configmaps/a", "/api/v1/namespaces/$ns/namespaces", "/api/v1/namespaces/$ns/nodes", "$path/configmaps/", "$path//configmaps", "/api/v1/namespaces//configmaps",
		"$path/configmaps/..", "$path/configmaps/%2e%2e", "$path/configmaps/a%2Fb", "/api/v1/./configmaps", "/healthz", "/readyz", "/livez", "/healthz/ping"} {
		r := s.Silently("GET", path, "")
		s.Note("GET " + path + " " + s.summary(r))
	}
	for _, request := range [][2]string{{"POST", "$path/configmaps/a"}, {"PUT", "$path/configmaps"}, {"PATCH", "$path/configmaps"}, {"DELETE", "/api/v1/configmaps"}, {"POST", "/api/v1/configmaps"},
		{"FOO", "$path/configmaps"}, {"OPTIONS", "$path/configmaps"}, {"POST", "/api/v1/componentstatuses"}, {"PUT", "/api/v1/namespaces/$ns/finalize"}, {"GET", "/api/v1/namespaces/$ns/finalize"}, {"POST", "/version"}, {"POST", "/api"}} {
		r := s.Silently(request[0], request[1], "")
		s.Note(request[0] + " " + request[1] + " " + s.summary(r))
	}
	r := s.Silently("GET", "/version", "")
	s.Note("version has major " + r.Field("major"))
}

func (s *Session) summary(r Response) string {
	out := strings.TrimSpace(strings.Join([]string{strconv.Itoa(r.Code), r.Field("reason"), s.names.message(r.Field("message"))}, " "))
	if r.JSON == nil && len(r.Body) < 40 {
		out += " " + strings.TrimSpace(string(r.Body))
	}
	return out
}

func health(s *Session) {
	for _, path := range []string{"/healthz", "/livez", "/readyz"} {
		for _, rest := range []string{"", "/", "?exclude=ping", "?exclude=nothing", "/ping", "/log", "/etcd", "/ping?verbose", "/nothing", "/ping/nothing"} {
			r := s.Silently("GET", path+rest, "")
			s.Note(path + rest + " " + s.summary(r))
		}
		lines := strings.Split(string(s.Silently("GET", path+"?verbose&exclude=log", "").Body), "\n")
		s.Note(path + " in detail: " + lines[0] + ", " + lines[1] + ", " + strings.Join(lines[len(lines)-2:], "|"))
		r := s.Silently("POST", path, "{}")
		s.Note("POST " + path + " " + s.summary(r))
	}
}

func prettiness(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	for _, path := range []string{"$path/configmaps/a", "$path/configmaps", "$path/configmaps/none", "/api", "/api/v1", "/version"} {
		for _, asked := range []string{"", "pretty=true", "pretty=1", "pretty=false", "pretty=0", "pretty=x", "pretty="} {
			for _, agent := range []string{"program/1", "curl/8", "Wget/1", "Mozilla/5.0 (x)"} {
				s.noteForm(path, asked, agent)
			}
		}
	}
	s.noteForm("$path/configmaps?watch=1&timeoutSeconds=1", "pretty=true", "curl/8")
}

func (s *Session) noteForm(path, asked, agent string) {
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	body := s.Silently("GET", path+mark+asked, "", "User-Agent", agent).Body
	indented := bytes.HasPrefix(body, []byte("{\n  \""))
	s.Note(fmt.Sprintf("%s %s by %s: indented %v, a newline at its end %v", path, asked, agent, indented, bytes.HasSuffix(body, []byte("\n"))))
}

// requests sends what no client sends: to every kind of path by every method, and with every way to say what an answer should be.
func requests(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	tell := func(method, path, body string, headers ...string) {
		r := s.Silently(method, path, body, headers...)
		s.Note(strings.TrimSpace(strings.Join([]string{method, path, body, strings.Join(headers, ": ")}, " ")) + " " + line(s.summary(r)))
	}
	s.Note("methods")
	for _, method := range []string{"GET", "OPTIONS", "PROPFIND", "get", "POST", "PUT", "PATCH", "DELETE"} {
		for _, path := range []string{"/", "/api", "/apis", "/api/v1", "/api/v2", "/apis/apps", "/apis/none", "/apis/apps/v1", "/apis/apps/v9", "/version", "/nothing", "/nothing/at/all"} {
			if r := s.Silently(method, path, ""); r.Code == 200 {
				s.Note(method + " " + path + " 200")
			} else {
				s.Note(method + " " + path + " " + s.summary(r))
			}
		}
	}
	deployments := of("apps/v1", "deployments")
	for _, method := range []string{"OPTIONS", "PROPFIND", "get", "PUT", "PATCH"} {
		for _, path := range []string{"$path/configmaps", "$path/configmaps/a", "/api/v1/configmaps", "/api/v1/bindings", "$path/bindings", "/api/v1/watch/configmaps", "/api/v1/watch/namespaces/$ns/configmaps/a",
			deployments + "/x/status", deployments + "/x/scale", "$path/pods/x/exec", "$path/pods/x/eviction", "$path/serviceaccounts/x/token", "/api/v1/namespaces/$ns/status", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"} {
			tell(method, path, "{}")
		}
	}
	s.Note("what is below an object that does not exist")
	for _, path := range []string{"$path/pods/x/log", "$path/pods/x/exec", "$path/pods/x/attach", "$path/pods/x/portforward", "$path/pods/x/proxy", "$path/services/x/proxy", "/api/v1/nodes/$ns/proxy"} {
		tell("GET", path, "")
	}
	for _, path := range []string{"$path/pods/x/binding", "$path/pods/x/eviction", "/api/v1/bindings"} {
		tell("POST", path, `{}`)
		tell("POST", path, `{"metadata":{"name":"other"}}`)
	}
	tell("PUT", deployments+"/x/scale", `{"metadata":{"name":"x"}}`)
	tell("PUT", deployments+"/x/scale", `{"metadata":{"name":"y"}}`)
	tell("PATCH", deployments+"/x/status", mergePatch+`{}`)
	for _, patch := range []string{mergePatch + `[]`, mergePatch + `{`, jsonPatch + `[`, jsonPatch + `{}`, jsonPatch + `[{"op":"x"}]`, strategicPatch + `{`, "@application/none {}"} {
		tell("PATCH", deployments+"/x/status", patch)
		tell("PATCH", "$path/configmaps/none", patch)
	}
	tell("PATCH", deployments+"/x/status?fieldManager=m", applyPatch+`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"}}`)
	s.Note("parameters")
	for _, query := range []string{"limit=", "limit=1.5", "limit=99999999999999999999", "timeoutSeconds=", "timeoutSeconds=1.5", "%zz=1", "fieldSelector=%zz", "fieldSelector=metadata.name%3Dnone;x", "continue=", "resourceVersion=01", "resourceVersion=%2B1", "resourceVersion=99999999999999999999",
		"labelSelector=,", "labelSelector=a%20in%20()", "labelSelector=a/b/c", "fieldSelector=metadata.name%3Da%5C", "fieldSelector=,", "unknown=1"} {
		r := s.Silently("GET", "$path/configmaps?"+query, "")
		if r.Code == 200 {
			s.Note(query + " 200 " + strings.Join(namesOf(r), " "))
		} else {
			s.Note(query + " " + s.summary(r))
		}
	}
	s.Note("what an answer should be")
	for _, accept := range []string{"*/*", "application/*", "text/plain", "text/plain, */*", "application/json;q=0", "application/json;q=x", "application/json;q=x, application/yaml", "application/json;q=0, application/yaml", "APPLICATION/JSON", "application/json;stream=watch", "application/json; charset=utf-8",
		",", "application/json,", "application/json;as=Table", "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=table;g=meta.k8s.io;v=v1", "application/json;as=None;g=x;v=y", "application/yaml", "application/yaml;as=Table;g=meta.k8s.io;v=v1", mediaProtobuf, mediaProtobuf + ";as=Table;g=meta.k8s.io;v=v1"} {
		for _, path := range []string{"$path/configmaps/a", "$path/configmaps?fieldSelector=metadata.name%3Da", "$path/configmaps/none", "/api", "/apis", "/apis/apps", "/apis/apps/v1"} {
			r := s.Silently("GET", path, "", "Accept", accept)
			what := r.Field("kind")
			if r.Code != 200 {
				what = line(s.summary(r))
			}
			s.Note(fmt.Sprintf("%s as %s: %d %s %s", path, accept, r.Code, r.Header.Get("Content-Type"), what))
		}
	}
}

// line writes a text of several lines in one.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
