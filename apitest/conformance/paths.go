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
