package conformance

import (
	"fmt"
	"strings"
)

func lifeOfAnObject(s *Session) {
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"a","labels":{"l":"1"}},"data":{"k":"v"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	s.Do("GET", "$path/configmaps/a", "")
	s.Do("GET", "$path/configmaps/none", "")
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a"},"data":{"k":"w"}}`)
	s.Note("an update without a difference keeps the resourceVersion")
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a"},"data":{"k":"w"}}`)
	s.Do("PUT", "$path/configmaps/none", `{"metadata":{"name":"none"}}`)
	s.Do("DELETE", "$path/configmaps/a", "")
	s.Do("DELETE", "$path/configmaps/a", "")
	s.Do("GET", "$path/configmaps/a", "")
}

func creationIsChecked(s *Session) {
	s.Note("the server decides on metadata")
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"sys","uid":"mine","creationTimestamp":"2001-01-01T00:00:00Z","generation":7,"deletionTimestamp":"2001-01-01T00:00:00Z","deletionGracePeriodSeconds":5,"selfLink":"/x"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"rv","resourceVersion":"1"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"rv","resourceVersion":"0"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"rv","resourceVersion":"1"}}`)
	s.Do("POST", "$path/configmaps?dryRun=All", `{"metadata":{"name":"rv","resourceVersion":"1"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"rv","resourceVersion":"x"}}`)
	s.Do("POST", "$path/configmaps?dryRun=All", `{"metadata":{"name":"rvx","resourceVersion":"1"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"rvx","resourceVersion":"x"}}`)
	s.Note("names")
	s.Do("POST", "$path/configmaps", `{"metadata":{}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"Not A Name"}}`)
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"bad","labels":{"-":"!"},"annotations":{"a b":"c"},"finalizers":["nodomain"]}}`)
	s.Do("POST", "$path/secrets", `{"metadata":{"name":"Bad_Name"}}`)
	s.Brief()
	s.Do("POST", "$path/services", `{"metadata":{"name":"1a"},"spec":{"ports":[{"port":80}]}}`)
	s.Do("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles", `{"metadata":{"name":"any:Name"}}`)
	s.Note("namespaces")
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"other","namespace":"other"}}`)
	s.Do("POST", "/api/v1/namespaces/conformance-none/configmaps", `{"metadata":{"name":"a"}}`)
	s.Do("POST", "/api/v1/configmaps", `{"metadata":{"name":"a","namespace":"$ns"}}`)
}

// generatedNames looks at the form of names, which are random.
func generatedNames(s *Session) {
	for _, base := range []string{"g-", "g", strings.Repeat("g", 57), strings.Repeat("g", 58), strings.Repeat("g", 59), strings.Repeat("g", 300), "Not A Name", "-", "g.", ""} {
		for _, query := range []string{"", "?dryRun=All"} {
			r := s.Silently("POST", "$path/configmaps"+query, `{"metadata":{"generateName":"`+base+`"}}`)
			made, ok := strings.CutPrefix(r.Field("metadata.name"), base[:min(len(base), 58)])
			s.Note(fmt.Sprintf("a base of %d letters, %.10s%s: %d %s, begins with it %v, and %d more", len(base), base, query, r.Code, r.Field("reason"), ok, len(made)))
		}
	}
	s.Do("POST", "$path/configmaps", `{"metadata":{"generateName":"other-","name":"a"}}`)
	r := s.Silently("GET", "$path/configmaps?fieldSelector=metadata.name!%3Dkube-root-ca.crt", "")
	items, _ := r.JSON["items"].([]any)
	s.Note(fmt.Sprintf("objects: %d", len(items)))
}

func updatesAreOptimistic(s *Session) {
	first := s.Do("POST", "$path/configmaps", `{"metadata":{"name":"a"},"data":{"n":"0"}}`)
	s.Set("old", first.Field("metadata.resourceVersion"))
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","resourceVersion":"$old"},"data":{"n":"1"}}`)
	s.Note("the version has been used up")
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","resourceVersion":"$old"},"data":{"n":"2"}}`)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"metadata":{"resourceVersion":"$old"},"data":{"n":"2"}}`)
	s.Do("PATCH", "$path/configmaps/a", jsonPatch+`[{"op":"replace","path":"/metadata/resourceVersion","value":"$old"},{"op":"replace","path":"/data/n","value":"2"}]`)
	s.Note("another object of that name")
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","uid":"00000000-0000-0000-0000-000000000000"},"data":{"n":"2"}}`)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"metadata":{"uid":"00000000-0000-0000-0000-000000000000"}}`)
	s.Note("without a version an update is unconditional")
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a"},"data":{"n":"3"}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","resourceVersion":"0"},"data":{"n":"4"}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","resourceVersion":"x"},"data":{"n":"5"}}`)
	s.Note("names must agree")
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"b"}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","namespace":"b"}}`)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"metadata":{"name":"b"}}`)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"metadata":{"namespace":"b"}}`)
}

func updatesKeepMetadata(s *Session) {
	s.Do("POST", "$path/configmaps", `{"metadata":{"name":"a","generateName":"g-","labels":{"l":"1"},"annotations":{"n":"1"}}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","creationTimestamp":"2001-01-01T00:00:00Z","generation":7,"deletionTimestamp":null}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","deletionTimestamp":"2001-01-01T00:00:00Z"}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","deletionGracePeriodSeconds":3}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","labels":{"-":""}}}`)
	s.Do("PUT", "$path/configmaps/a", `{"metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"u1","controller":true},{"apiVersion":"v1","kind":"ConfigMap","name":"y","uid":"u2","controller":true}]}}`)
	s.Note("an immutable ConfigMap is deep validation; its metadata is not")
	s.Brief()
	s.Do("POST", "/apis/apps/v1/namespaces/$ns/deployments", deployment("d", 1))
	s.Do("PATCH", "/apis/apps/v1/namespaces/$ns/deployments/d", mergePatch+`{"metadata":{"labels":{"l":"1"}}}`)
	s.Do("PATCH", "/apis/apps/v1/namespaces/$ns/deployments/d", mergePatch+`{"spec":{"replicas":2}}`)
	s.Do("PATCH", "/apis/apps/v1/namespaces/$ns/deployments/d", mergePatch+`{"status":{"replicas":2}}`)
}

func deployment(name string, replicas int) string {
	return `{"metadata":{"name":"` + name + `"},"spec":{"replicas":` + string(rune('0'+replicas)) + `,"selector":{"matchLabels":{"a":"b"}},` +
		`"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`
}

func pod(name, extra string) string {
	return `{"metadata":{"name":"` + name + `","labels":{"app":"` + name + `"}},"spec":{"containers":[{"name":"c","image":"i"}]` + extra + `}}`
}

func leases(s *Session) {
	const path = "/apis/coordination.k8s.io/v1/namespaces/$ns/leases"
	s.Note("a PUT creates a lease, and must name the version it replaces")
	first := s.Do("PUT", path+"/l", `{"metadata":{"name":"l"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15,"acquireTime":"2024-01-01T00:00:00.000000Z"}}`)
	s.Set("rv", first.Field("metadata.resourceVersion"))
	s.Do("PUT", path+"/l", `{"metadata":{"name":"l"},"spec":{"holderIdentity":"you"}}`)
	s.Do("PUT", path+"/l", `{"metadata":{"name":"l","resourceVersion":"$rv"},"spec":{"holderIdentity":"you","leaseDurationSeconds":15}}`)
	s.Do("PUT", path+"/l", `{"metadata":{"name":"l","resourceVersion":"$rv"},"spec":{"holderIdentity":"she"}}`)
	s.Note("a patch need not")
	s.Do("PATCH", path+"/l", mergePatch+`{"spec":{"leaseTransitions":1}}`)
	s.Do("PUT", path+"/m", `{"metadata":{"name":"m","resourceVersion":"$rv"},"spec":{"holderIdentity":"you"}}`)
	s.Do("PUT", path+"/m", `{"metadata":{"name":"m","uid":"u"},"spec":{"holderIdentity":"you"}}`)
	s.Do("DELETE", path+"/l", "")
}

func namespaces(s *Session) {
	s.Brief()
	s.Do("POST", "/api/v1/namespaces", `{"metadata":{"name":"$ns-n","labels":{"l":"1"}}}`)
	s.Do("GET", "/api/v1/namespaces/$ns-n", "")
	s.Do("POST", "/api/v1/namespaces", `{"metadata":{"name":"not.a.label"}}`)
	s.Note("lists and watches in a missing namespace are empty")
	s.Full()
	s.Do("GET", "/api/v1/namespaces/conformance-none/configmaps", "")
	s.Brief()
	s.Note("a namespace that ends takes no new objects, and its finalizer keeps it")
	s.Silently("POST", "/api/v1/namespaces/$ns-n/configmaps", `{"metadata":{"name":"a"}}`)
	s.Do("DELETE", "/api/v1/namespaces/$ns-n", "")
	s.Do("GET", "/api/v1/namespaces/$ns-n", "")
	s.Do("POST", "/api/v1/namespaces/$ns-n/configmaps", `{"metadata":{"name":"b"}}`)
	s.Do("PUT", "/api/v1/namespaces/$ns-n/configmaps/a", `{"metadata":{"name":"a"},"data":{"still":"works"}}`)
	s.Do("DELETE", "/api/v1/namespaces", "")
	s.Do("PUT", "/api/v1/namespaces/$ns-n/finalize", `{"metadata":{"name":"$ns-n"},"spec":{"finalizers":[]}}`)
	s.Do("GET", "/api/v1/namespaces/$ns-n", "")
}

func dryRuns(s *Session) {
	s.Do("POST", "$path/configmaps?dryRun=All", `{"metadata":{"name":"a"}}`)
	s.Do("GET", "$path/configmaps/a", "")
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	s.Do("POST", "$path/configmaps?dryRun=All", `{"metadata":{"name":"a"}}`)
	s.Do("PUT", "$path/configmaps/a?dryRun=All", `{"metadata":{"name":"a"},"data":{"k":"v"}}`)
	s.Do("PATCH", "$path/configmaps/a?dryRun=All", mergePatch+`{"data":{"k":"v"}}`)
	s.Do("DELETE", "$path/configmaps/a?dryRun=All", "")
	s.Do("DELETE", "$path/configmaps/a", `{"dryRun":["All"]}`)
	s.Do("GET", "$path/configmaps/a", "")
	s.Do("POST", "$path/configmaps?dryRun=Some", `{"metadata":{"name":"b"}}`)
	s.Do("PATCH", "$path/configmaps/a?dryRun=Some", mergePatch+`{}`)
	s.Do("DELETE", "$path/configmaps/a?dryRun=Some", "")
}

func fieldValidation(s *Session) {
	const twice = `{"metadata":{"name":"a"},"unknown":1,"data":{"k":"v","k":"w"},"immutable":false,"immutable":false}`
	s.Do("POST", "$path/configmaps?dryRun=All", twice)
	s.Do("POST", "$path/configmaps?dryRun=All&fieldValidation=Warn", twice)
	s.Do("POST", "$path/configmaps?dryRun=All&fieldValidation=Ignore", twice)
	s.Do("POST", "$path/configmaps?dryRun=All&fieldValidation=Strict", twice)
	s.Do("POST", "$path/configmaps?dryRun=All&fieldValidation=Other", twice)
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"}}`)
	s.Do("PATCH", "$path/configmaps/a?fieldValidation=Strict", mergePatch+`{"unknown":1}`)
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"unknown":1}`)
	s.Do("PATCH", "$path/configmaps/a?fieldValidation=Strict", mergePatch+`{"data":{"k":"v","k":"w"}}`)
	s.Do("PATCH", "$path/configmaps/a?fieldValidation=Strict", jsonPatch+`[{"op":"add","path":"/unknown","value":1}]`)
	s.Do("PATCH", "$path/configmaps/a?fieldValidation=Strict", strategicPatch+`{"unknown":1}`)
}

func statusSubresource(s *Session) {
	s.Brief()
	const path = "/apis/apps/v1/namespaces/$ns/deployments"
	s.Do("POST", path, deployment("d", 1))
	r := s.Do("PUT", path+"/d/status", deployment("d", 2))
	s.Note("replicas " + r.Field("spec.replicas"))
	r = s.Do("PATCH", path+"/d/status", mergePatch+`{"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}},"spec":{"replicas":5},"status":{"replicas":3}}`)
	s.Note("replicas " + r.Field("spec.replicas") + ", status " + r.Field("status.replicas"))
	r = s.Do("PATCH", path+"/d", mergePatch+`{"status":{"replicas":4}}`)
	s.Note("status " + r.Field("status.replicas"))
	r = s.Do("GET", path+"/d/status", "")
	s.Note("status " + r.Field("status.replicas"))
	s.Do("GET", path+"/none/status", "")
	s.Do("PUT", path+"/none/status", deployment("none", 1))
	s.Do("DELETE", path+"/d/status", "")
	s.Do("POST", path+"/d/status", deployment("d", 1))
	s.Do("GET", "$path/configmaps/x/status", "")
	s.Note("a pod's status update may change labels too")
	s.Do("POST", "$path/pods", pod("p", ""))
	r = s.Do("PATCH", "$path/pods/p/status", mergePatch+`{"metadata":{"labels":{"new":"1"}},"status":{"phase":"Running"}}`)
	s.Note("phase " + r.Field("status.phase"))
}
