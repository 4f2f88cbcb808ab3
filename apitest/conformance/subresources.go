package conformance

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func scale(s *Session) {
	const path = "/apis/apps/v1/namespaces/$ns/deployments"
	s.Silently("POST", path, deployment("d", 2))
	r := s.Do("GET", path+"/d/scale", "")
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Do("PUT", path+"/d/scale", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d","namespace":"$ns"},"spec":{"replicas":3}}`)
	s.Do("PUT", path+"/d/scale", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d","namespace":"$ns","resourceVersion":"$rv"},"spec":{"replicas":4}}`)
	s.Do("PATCH", path+"/d/scale", mergePatch+`{"spec":{"replicas":5}}`)
	s.Do("PATCH", path+"/d/scale", jsonPatch+`[{"op":"replace","path":"/spec/replicas","value":6}]`)
	s.Do("PATCH", path+"/d/scale", mergePatch+`{"spec":{"replicas":-1}}`)
	s.Do("PUT", path+"/d/scale", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"other"},"spec":{"replicas":3}}`)
	s.Do("PUT", path+"/d/scale", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"}}`)
	s.Do("GET", path+"/none/scale", "")
	s.Do("PUT", path+"/none/scale", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"none"},"spec":{"replicas":3}}`)
	s.Do("DELETE", path+"/d/scale", "")
	s.Brief()
	r = s.Do("GET", path+"/d", "")
	s.Note("replicas " + r.Field("spec.replicas"))
	s.Full()
	define(s)
	s.Silently("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"color":"red","replicas":1}}`)
	s.Silently("PATCH", "$widgets/w/status", mergePatch+`{"status":{"replicas":1,"selector":"a=b"}}`)
	s.Do("GET", "$widgets/w/scale", "")
	for _, of := range []string{path + "/d", "$widgets/w"} {
		s.Do("GET", of+"/scale", "", "Accept", "application/json;as=Table;g=meta.k8s.io;v=v1")
		s.Do("GET", of+"/scale", "", "Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	}
	s.Do("PATCH", "$widgets/w/scale", mergePatch+`{"spec":{"replicas":2}}`)
	s.Do("GET", "$widgets/w", "")
}

func podSubresources(s *Session) {
	s.Brief()
	s.Do("POST", "$path/pods", pod("p", ""))
	s.Silently("POST", "/api/v1/nodes", `{"metadata":{"name":"$ns"},"status":{"capacity":{"cpu":"4","pods":"9"},"allocatable":{"cpu":"4","pods":"9"}}}`)
	s.Silently("POST", "$path/pods", `{"metadata":{"name":"r"},"spec":{"nodeName":"$ns","containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"50m"}}}]}}`)
	s.Note("binding")
	s.Do("POST", "$path/pods/none/binding", `{"metadata":{"name":"none"},"target":{"kind":"Node","name":"n"}}`)
	s.Do("POST", "$path/pods/p/binding", `{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}`)
	r := s.Do("GET", "$path/pods/p", "")
	s.Note("on " + r.Field("spec.nodeName"))
	s.Do("POST", "$path/pods/p/binding", `{"metadata":{"name":"p"},"target":{"kind":"Node","name":"m"}}`)
	s.Do("POST", "$path/pods/p/binding", `{"metadata":{"name":"other"},"target":{"kind":"Node","name":"m"}}`)
	s.Do("POST", "$path/bindings", `{"metadata":{"name":"p"},"target":{"kind":"Node","name":"m"}}`)
	s.Do("POST", "$path/bindings", `{"metadata":{"name":"none"},"target":{"kind":"Node","name":"m"}}`)
	s.Do("GET", "$path/bindings", "")
	s.Note("ephemeral containers")
	r = s.Do("PATCH", "$path/pods/p/ephemeralcontainers", strategicPatch+`{"metadata":{"labels":{"not":"kept"}},"spec":{"nodeName":"m","ephemeralContainers":[{"name":"debug","image":"i","terminationMessagePolicy":"File","imagePullPolicy":"Always"}]}}`)
	s.Note("on " + r.Field("spec.nodeName"))
	s.Note("resources")
	for _, change := range []string{`"resources":{"requests":{"cpu":"100m"}}`, `"image":"j"`} {
		r = s.Do("PATCH", "$path/pods/r/resize", strategicPatch+`{"metadata":{"labels":{"not":"kept"}},"spec":{"nodeName":"m","containers":[{"name":"c",`+change+`}]}}`)
		wanted, _, _ := unstructured.NestedSlice(r.JSON, "spec", "containers")
		if len(wanted) == 1 {
			container, _ := wanted[0].(map[string]any)
			s.Note(fmt.Sprintf("on its node %v, image %v, resources %v", r.Field("spec.nodeName") == s.vars["ns"], container["image"], container["resources"]))
		}
	}
	s.Do("GET", "$path/pods/none/resize", "")
	s.Silently("DELETE", "/api/v1/nodes/$ns", "")
	s.Note("eviction")
	s.Do("POST", "/apis/policy/v1/namespaces/$ns/poddisruptionbudgets", `{"metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"p"}}}}`)
	s.Silently("PATCH", "$path/pods/p/status", mergePatch+`{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`)
	s.Silently("PATCH", "/apis/policy/v1/namespaces/$ns/poddisruptionbudgets/b/status", mergePatch+`{"status":{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}`)
	s.Do("POST", "$path/pods/p/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}`)
	s.Silently("PATCH", "/apis/policy/v1/namespaces/$ns/poddisruptionbudgets/b/status", mergePatch+`{"status":{"disruptionsAllowed":1,"currentHealthy":2}}`)
	s.Do("POST", "$path/pods/p/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"other"}}`)
	s.Do("POST", "$path/pods/p/eviction?dryRun=All", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}`)
	s.Do("POST", "$path/pods/p/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":0}}`)
	s.Do("GET", "$path/pods/p", "")
	r = s.Do("GET", "/apis/policy/v1/namespaces/$ns/poddisruptionbudgets/b", "")
	s.Note("allowed " + r.Field("status.disruptionsAllowed"))
	s.Do("POST", "$path/pods/none/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"none"}}`)
}

func otherSubresources(s *Session) {
	s.Brief()
	s.Do("POST", "$path/serviceaccounts", `{"metadata":{"name":"a"}}`)
	r := s.Do("POST", "$path/serviceaccounts/a/token", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":700}}`)
	s.Note("seconds " + r.Field("spec.expirationSeconds"))
	s.Do("POST", "$path/serviceaccounts/a/token", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":5}}`)
	s.Do("POST", "$path/serviceaccounts/none/token", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest"}`)
	s.Do("GET", "$path/serviceaccounts/a/token", "")
	s.Note("the main resource does not touch a namespace's finalizers")
	r = s.Do("PUT", "/api/v1/namespaces/$ns", `{"metadata":{"name":"$ns","labels":{"l":"1"}},"spec":{"finalizers":[]}}`)
	s.Note("phase " + r.Field("status.phase") + " finalizers " + r.Field("spec.finalizers"))
	approvals(s)
	s.Note("reviews store nothing")
	s.Do("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}`)
	s.Do("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "")
	s.Do("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", `{}`)
	s.Do("POST", "/apis/authorization.k8s.io/v1/namespaces/$ns/localsubjectaccessreviews", `{"metadata":{"namespace":"$ns"},"spec":{"user":"u","resourceAttributes":{"namespace":"$ns","verb":"get","resource":"pods"}}}`)
}

// approvals decide on a certificate, by a subresource of its own.
func approvals(s *Session) {
	s.Note("requests for certificates are approved by a subresource")
	const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
	s.Set("csr", certificateRequest)
	const body = `{"metadata":{"name":"$ns"%s},"spec":{"signerName":"example.com/s","request":"$csr","usages":["client auth"]}%s}`
	const approved = `,"status":{"conditions":[{"type":"Approved","status":"True","reason":"Why","message":"so"}]}`
	tell := func(r Response) {
		conditions, _, _ := unstructured.NestedSlice(r.JSON, "status", "conditions")
		s.Note(fmt.Sprintf("%d conditions, labels %s, signer %s", len(conditions), r.Field("metadata.labels"), r.Field("spec.signerName")))
	}
	tell(s.Do("POST", path, fmt.Sprintf(body, "", approved)))
	tell(s.Do("PUT", path+"/$ns", fmt.Sprintf(body, "", approved)))
	tell(s.Do("PUT", path+"/$ns/status", fmt.Sprintf(body, "", `,"status":{"certificate":null}`)))
	tell(s.Do("PUT", path+"/$ns/approval", strings.Replace(fmt.Sprintf(body, `,"labels":{"l":"1"}`, approved), "example.com/s", "example.com/t", 1)))
	tell(s.Do("PATCH", path+"/$ns/approval", mergePatch+`{"spec":{"signerName":"example.com/t"}}`))
	tell(s.Do("GET", path+"/$ns/approval", ""))
	s.Do("GET", path+"/none/approval", "")
	s.Do("PUT", path+"/none/approval", strings.Replace(fmt.Sprintf(body, "", approved), "$ns", "none", 1))
	s.Do("DELETE", path+"/$ns/approval", "")
	s.Silently("DELETE", path+"/$ns", "")
}
