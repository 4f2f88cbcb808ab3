package conformance

import (
	"fmt"
	"slices"
	"strings"
)

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
