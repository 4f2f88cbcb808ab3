package conformance

import (
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
