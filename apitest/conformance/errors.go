package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func mediaTypes(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"},"data":{"k":"v"}}`)
	get := func(accept string) {
		r := s.Do("GET", "$path/configmaps/a", "", "Accept", accept)
		s.Note("Content-Type: " + r.Header.Get("Content-Type"))
	}
	for _, accept := range []string{"application/json", "*/*", "application/*", "text/html", "text/html, application/json;q=0.5", "application/yaml",
		"application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json", "nonsense",
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1",
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v2", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
		"application/json;as=Other;g=meta.k8s.io;v=v1, application/json", "application/json;as=Table;g=meta.k8s.io;v=v1"} {
		get(accept)
	}
	list := func(accept string) { s.Do("GET", "$path/configmaps", "", "Accept", accept) }
	list("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
	list("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	w := s.Watch("metadata", "$path/configmaps?watch=1", "Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	w.Events(1)
	w.Close()
	s.Watch("yaml", "$path/configmaps?watch=1", "Accept", "application/yaml").Close()
	s.Note("bodies")
	s.Do("POST", "$path/configmaps", "@application/yaml metadata: {name: y}\n")
	s.Do("POST", "$path/configmaps", "@application/yaml metadata: [\n")
	s.Do("POST", "$path/configmaps", "@text/html x")
	s.Do("POST", "$path/configmaps", "@application/vnd.kubernetes.protobuf {}")
	s.Do("POST", "$path/configmaps", "@application/json;charset=utf-8 {\"metadata\":{\"name\":\"c\"}}")
}

func badRequests(s *Session) {
	post := func(body string) { s.Do("POST", "$path/configmaps", body) }
	for _, body := range []string{"", " ", "{", "[]", "null", "5", `"x"`, "{}", `{"metadata":5}`, `{"metadata":{"name":5}}`, `{"metadata":{"labels":{"a":1}}}`, `{"data":[]}`, `{"data":{"k":5}}`,
		`{"kind":"Secret","apiVersion":"v1"}`, `{"kind":"ConfigMap","apiVersion":"v2"}`, `{"kind":"ConfigMap","apiVersion":"apps/v1"}`, `{"kind":"ConfigMap"}`, `{"apiVersion":"v1"}`,
		`{"metadata":{"name":"a"}}{"more":1}`} {
		post(body)
	}
	s.Note("a body that is too long")
	r := s.sendRaw("POST", "$path/configmaps", "application/json", strings.NewReader(strings.Repeat(" ", 3<<20+1)))
	s.Note("answered " + r.Status)
	_ = r.Body.Close()
	s.Do("POST", "$path/configmaps?fieldManager="+strings.Repeat("x", 129), `{"metadata":{"name":"a"}}`)
}

// prettiness looks at the first lines of answers, which are for people or for programs.
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

// noteForm writes down whether an answer is indented, and how it ends.
func (s *Session) noteForm(path, asked, agent string) {
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	body := s.Silently("GET", path+mark+asked, "", "User-Agent", agent).Body
	indented := bytes.HasPrefix(body, []byte("{\n  \""))
	s.Note(fmt.Sprintf("%s %s by %s: indented %v, a newline at its end %v", path, asked, agent, indented, bytes.HasSuffix(body, []byte("\n"))))
}

// health asks after the server's health as a whole, in its parts, and in detail.
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

// deprecated uses a resource that should not be used any more, in every way.
func deprecated(s *Session) {
	s.Brief()
	const subsets = `"subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80,"protocol":"TCP"}]}]`
	s.Do("POST", "$path/endpoints", `{"metadata":{"name":"a"},`+subsets+`}`)
	s.Do("POST", "$path/endpoints", `{"metadata":{"name":"a"},`+subsets+`}`)
	s.Do("POST", "$path/endpoints", `{`)
	s.Do("GET", "$path/endpoints/a", "")
	s.Do("GET", "$path/endpoints/none", "")
	s.Do("GET", "$path/endpoints?fieldSelector=metadata.name%3Da", "")
	s.Do("GET", "$path/endpoints?limit=x", "")
	s.Do("PATCH", "$path/endpoints/a", mergePatch+`{"metadata":{"labels":{"l":"1"}}}`)
	s.Do("PUT", "$path/endpoints/a", `{"metadata":{"name":"a"},`+subsets+`}`)
	s.Do("GET", "$path/endpoints/a", "", "Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	s.Do("GET", "$path/endpoints/a", "", "Accept", "text/html")
	s.Do("GET", "$path/endpoints/a/status", "")
	resp := s.send("GET", "$path/endpoints?watch=1&timeoutSeconds=1", "")
	s.Note("a watch: " + strings.Join(resp.Header["Warning"], " "))
	_ = resp.Body.Close()
	s.Do("DELETE", "$path/endpoints/a", "")
	s.Do("DELETE", "$path/endpoints?labelSelector=none", "")
	resp = s.send("GET", "/api/v1/componentstatuses", "")
	s.Note("component statuses: " + strings.Join(resp.Header["Warning"], " "))
	_ = resp.Body.Close()
}

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

// summary is the code, reason and message of an answer.
func (s *Session) summary(r Response) string {
	out := strings.TrimSpace(strings.Join([]string{strconv.Itoa(r.Code), r.Field("reason"), s.names.message(r.Field("message"))}, " "))
	if r.JSON == nil && len(r.Body) < 40 {
		out += " " + strings.TrimSpace(string(r.Body))
	}
	return out
}

func discovery(s *Session) {
	for _, path := range []string{"/api", "/api/v1", "/apis/apps/v1", "/apis/coordination.k8s.io/v1", "/apis/batch/v1", "/apis/policy/v1", "/apis/rbac.authorization.k8s.io/v1", "/apis/authorization.k8s.io/v1", "/apis/autoscaling"} {
		r := s.Silently("GET", path, "")
		delete(r.JSON, "serverAddressByClientCIDRs")
		s.Note(path)
		s.writeBody(r.JSON)
	}
	s.Note("all at once")
	for _, name := range []string{"apps", "coordination.k8s.io"} {
		s.aggregated(name)
	}
}

// groups lists the resources of groups whose resources have stayed the same for long, a line each.
func groups(s *Session) {
	for _, gv := range []string{"v1", "admissionregistration.k8s.io/v1", "apiextensions.k8s.io/v1", "apps/v1", "authentication.k8s.io/v1", "authorization.k8s.io/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1",
		"discovery.k8s.io/v1", "events.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1", "networking.k8s.io/v1", "node.k8s.io/v1", "policy/v1", "rbac.authorization.k8s.io/v1", "scheduling.k8s.io/v1"} {
		path := "/apis/" + gv
		if gv == "v1" {
			path = "/api/v1"
		}
		r := s.Silently("GET", path, "")
		resources, _ := r.JSON["resources"].([]any)
		var lines []string
		for _, entry := range resources {
			m, _ := entry.(map[string]any)
			delete(m, "storageVersionHash")
			lines = append(lines, fmt.Sprint(m))
		}
		slices.Sort(lines)
		s.Note(path + "\n" + strings.Join(lines, "\n"))
	}
}

// aggregated writes down what the aggregated discovery says about the first version of a group.
func (s *Session) aggregated(name string) {
	r := s.Silently("GET", "/apis", "", "Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	s.Note(r.Header.Get("Content-Type") + " " + r.Field("kind") + " " + r.Field("apiVersion"))
	groups, _ := r.JSON["items"].([]any)
	for _, group := range groups {
		group, _ := group.(map[string]any)
		metadata, _ := group["metadata"].(map[string]any)
		versions, _ := group["versions"].([]any)
		if metadata["name"] == name && len(versions) > 0 {
			s.writeBody(versions[0].(map[string]any))
		}
	}
}
