package conformance

import "strings"

func managers(s *Session) {
	s.KeepManagedFields()
	s.Do("POST", "$path/configmaps?fieldManager=one", `{"metadata":{"name":"a","labels":{"l":"1"}},"data":{"k":"v"}}`)
	s.Do("PATCH", "$path/configmaps/a?fieldManager=two", mergePatch+`{"data":{"m":"w"}}`)
	s.Do("PUT", "$path/configmaps/a?fieldManager=three", `{"metadata":{"name":"a","labels":{"l":"2"}},"data":{"k":"v"}}`)
	s.Note("without a name the user agent is the manager")
	s.Do("PATCH", "$path/configmaps/a", jsonPatch+`[{"op":"add","path":"/data/n","value":"x"}]`)
	s.Note("the list can be emptied, not forged into nonsense")
	s.Do("PATCH", "$path/configmaps/a", mergePatch+`{"metadata":{"managedFields":[{}]}}`)
	s.Do("PATCH", "$path/configmaps/a?fieldManager=four", mergePatch+`{"data":{"o":"y"}}`)
	s.Note("a change of nothing changes no times")
	s.Do("PATCH", "$path/configmaps/a?fieldManager=five", mergePatch+`{}`)
	s.Do("POST", "/apis/coordination.k8s.io/v1/namespaces/$ns/leases?fieldManager=one", `{"metadata":{"name":"l"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15}}`)
}

func applies(s *Session) {
	s.KeepManagedFields()
	apply := func(query, body string) {
		s.Do("PATCH", "$path/configmaps/a?"+query, applyPatch+body)
	}
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {l: '1'}}, data: {k: v, m: w}}")
	s.Note("the same again changes nothing")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {l: '1'}}, data: {k: v, m: w}}")
	s.Note("what is left out is removed, unless somebody else has it too")
	apply("fieldManager=two", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {m: w, n: x}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
	s.Note("what a configuration must have")
	apply("", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: Secret, metadata: {name: a}}")
	apply("fieldManager=one", "{apiVersion: v2, kind: ConfigMap, metadata: {name: a}}")
	apply("fieldManager=one", "{metadata: {name: a}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, managedFields: []}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, managedFields: [{manager: x}]}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: '1'}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, uid: x}}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, unknown: 1}")
	apply("fieldManager=one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: 5}}")
	apply("fieldManager=one", "[")
	apply("fieldManager=one&dryRun=All", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {dry: run}}")
	s.Do("PATCH", "$path/configmaps/unnamed?fieldManager=one", applyPatch+"{apiVersion: v1, kind: ConfigMap}")
	s.Do("PATCH", "$path/configmaps/versioned?fieldManager=one", applyPatch+"{apiVersion: v1, kind: ConfigMap, metadata: {name: versioned, resourceVersion: '1'}}")
	s.Do("GET", "$path/configmaps/a", "")
}

// applyIdentities names what the server decides in configurations, of objects that exist and of ones that do not.
func applyIdentities(s *Session) {
	apply := func(name, metadata string) {
		s.Do("PATCH", "$path/configmaps/"+name+"?fieldManager=m", applyPatch+`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"`+name+`",`+metadata+`}}`)
	}
	apply("a", `"uid":"u"`)
	apply("a", `"resourceVersion":"1"`)
	apply("a", `"resourceVersion":"x"`)
	apply("b", `"generation":7`)
	apply("a", `"uid":"u"`)
	apply("a", `"resourceVersion":"1"`)
	apply("a", `"creationTimestamp":"2001-01-01T00:00:00Z"`)
	s.Note("what is no metadata")
	for _, metadata := range []string{`"labels":5`, `"finalizers":"x"`, `"uid":[]`, `"deletionGracePeriodSeconds":1.5`, `"creationTimestamp":"now"`, `"deletionTimestamp":5`, `"other":1`} {
		apply("a", metadata)
		apply("none", metadata)
	}
}

func applyConflicts(s *Session) {
	s.KeepManagedFields()
	s.Do("POST", "$path/configmaps?fieldManager=creator", `{"metadata":{"name":"a"},"data":{"k":"v","m":"w"}}`)
	s.Do("PATCH", "$path/configmaps/a?fieldManager=one", applyPatch+"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: x, m: y}}")
	s.Note("the same value is no conflict")
	s.Do("PATCH", "$path/configmaps/a?fieldManager=one", applyPatch+"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}")
	s.Do("PATCH", "$path/configmaps/a?fieldManager=one&force=true", applyPatch+"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: x, m: y}}")
	s.Do("PATCH", "$path/configmaps/a?fieldManager=two", applyPatch+"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: z}}")
	s.Note("an update takes fields without asking")
	s.Do("PATCH", "$path/configmaps/a?fieldManager=three", mergePatch+`{"data":{"k":"t"}}`)
	s.Do("PATCH", "$path/configmaps/a?fieldManager=one", applyPatch+"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: x, m: y}}")
	s.Do("PATCH", "$path/configmaps/a?force=true&fieldManager=four", mergePatch+`{}`)
}

func applyLists(s *Session) {
	s.Brief()
	const path = "/apis/apps/v1/namespaces/$ns/deployments/d"
	apply := func(manager, containers string) {
		r := s.Do("PATCH", path+"?fieldManager="+manager, applyPatch+"{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {selector: {matchLabels: {a: b}}, "+
			"template: {metadata: {labels: {a: b}}, spec: {containers: ["+containers+"]}}}}")
		s.Note("containers: " + strings.Join(containerNames(r), ", "))
	}
	apply("one", "{name: a, image: '1', ports: [{containerPort: 80, name: x}]}")
	apply("two", "{name: b, image: '1'}")
	apply("two", "{name: b, image: '2'}, {name: c, image: '1'}")
	apply("one", "{name: a, image: '2', ports: [{containerPort: 80, name: y}, {containerPort: 80, protocol: UDP}]}")
	apply("two", "{name: c, image: '1'}")
	apply("two", "{name: a, image: '3'}")
	apply("one", "{name: a, image: '1'}, {name: a, image: '1'}")
	s.Note("the status has managers of its own")
	s.Do("PATCH", path+"/status?fieldManager=three", applyPatch+"{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, status: {replicas: 2, conditions: [{type: Available, status: 'True', lastUpdateTime: null}]}}")
	r := s.Do("PATCH", path+"/status?fieldManager=four", applyPatch+"{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, status: {conditions: [{type: Progressing, status: 'True'}]}}")
	s.Note("replicas " + r.Field("status.replicas"))
	s.Do("PATCH", "/apis/apps/v1/namespaces/$ns/deployments/none/status?fieldManager=four", applyPatch+"{apiVersion: apps/v1, kind: Deployment, metadata: {name: none}, status: {replicas: 1}}")
}

// containerNames lists the containers of a pod template, with their images and ports.
func containerNames(r Response) (out []string) {
	spec, _ := r.JSON["spec"].(map[string]any)
	template, _ := spec["template"].(map[string]any)
	spec, _ = template["spec"].(map[string]any)
	list, _ := spec["containers"].([]any)
	for _, c := range list {
		c := c.(map[string]any)
		text := c["name"].(string) + ":" + c["image"].(string)
		ports, _ := c["ports"].([]any)
		for _, p := range ports {
			p := p.(map[string]any)
			name, _ := p["name"].(string)
			text += "+" + name
		}
		out = append(out, text)
	}
	return out
}
