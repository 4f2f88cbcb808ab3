package conformance

import (
	"strings"
	"time"
)

// widgetDefinition is a custom resource with two versions, both subresources, defaults, validation, list keys, columns and
// selectable fields.
var widgetDefinition = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.$group"},"spec":{
"group":"$group","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget","shortNames":["wd"]},"versions":[
{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":` + widgetSchema + `},"subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
"additionalPrinterColumns":[{"name":"Color","type":"string","jsonPath":".spec.color"},{"name":"Size","type":"integer","jsonPath":".spec.size","priority":1},{"name":"Since","type":"date","jsonPath":".metadata.creationTimestamp"}],
"selectableFields":[{"jsonPath":".spec.color"}]},
{"name":"v1beta1","served":true,"storage":false,"schema":{"openAPIV3Schema":` + otherSchema + `},"subresources":{"status":{}}}]}}`

const widgetSchema = `{"type":"object","required":["spec"],"properties":{"spec":{"type":"object","required":["color"],"properties":{
"color":{"type":"string","enum":["red","green"]},"size":{"type":"integer","minimum":1,"maximum":10,"default":3},"replicas":{"type":"integer","format":"int32"},
"name":{"type":"string","pattern":"^[a-z]+$","maxLength":5},"nullable":{"type":"string","nullable":true},
"parts":{"type":"array","maxItems":3,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["id"],"items":{"type":"object","required":["id"],"properties":{"id":{"type":"string"},"on":{"type":"boolean","default":true}}}},
"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"labels":{"type":"object","additionalProperties":{"type":"string"}},"port":{"x-kubernetes-int-or-string":true}}},
"status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"},"ready":{"type":"boolean"}}}}}`

// otherSchema differs from widgetSchema: of equal ones the real server makes one for all versions, with rules of its own.
var otherSchema = strings.Replace(widgetSchema, `"size":{"type":"integer","minimum":1,"maximum":10,"default":3}`, `"size":{"type":"integer"}`, 1)

// define makes a custom resource that only this run of the scenario has, and waits until it is served.
func define(s *Session) {
	s.Set("group", s.vars["ns"]+".example.com")
	s.Set("widgets", "/apis/"+s.vars["group"]+"/v1/namespaces/"+s.vars["ns"]+"/widgets")
	r := s.Silently("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", strings.ReplaceAll(widgetDefinition, "\n", ""))
	if r.Code != 201 {
		s.Note("defining it fails: " + string(r.Body))
	}
	for range 200 {
		r = s.Silently("GET", "/apis/$group/v1beta1/namespaces/$ns/widgets", "")
		if r.Code == 200 && s.Silently("GET", "$widgets", "").Code == 200 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func customObjects(s *Session) {
	define(s)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"a","labels":{"l":"1"}},"spec":{"color":"red","parts":[{"id":"x"},{"id":"y","on":false}]},"status":{"ready":true}}`)
	s.Note("a body must say what it is")
	s.Do("POST", "$widgets", `{"metadata":{"name":"b"},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"kind":"Widget","metadata":{"name":"b"},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"","kind":"Widget","metadata":{"name":"b"},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","metadata":{"name":"b"},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"color":"red"}}`)
	s.Note("updates must name their version, and count in the generation")
	s.Do("PUT", "$widgets/a", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"color":"green"}}`)
	r := s.Do("GET", "$widgets/a", "")
	s.Set("rv", r.Field("metadata.resourceVersion"))
	s.Do("PUT", "$widgets/a", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"a","resourceVersion":"$rv"},"spec":{"color":"green"},"status":{"ready":true}}`)
	s.Do("PUT", "$widgets/a", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"a","resourceVersion":"$rv"},"spec":{"color":"green"}}`)
	s.Do("PATCH", "$widgets/a", mergePatch+`{"metadata":{"labels":{"l":"2"}}}`)
	s.Do("PATCH", "$widgets/a", mergePatch+`{"spec":{"size":4}}`)
	s.Do("PATCH", "$widgets/a/status", mergePatch+`{"metadata":{"labels":{"l":"3"},"annotations":{"a":"b"}},"spec":{"size":5},"status":{"ready":true}}`)
	s.Do("PATCH", "$widgets/a", jsonPatch+`[{"op":"replace","path":"/spec/color","value":"red"}]`)
	s.Do("PATCH", "$widgets/a", strategicPatch+`{}`)
	s.Note("the other version shows the same object")
	s.Do("GET", "/apis/$group/v1beta1/namespaces/$ns/widgets/a", "")
	s.Do("GET", "$widgets", "")
	w := s.Watch("w", "$widgets?watch=1&fieldSelector=spec.color%3Dred")
	defer w.Close()
	w.Events(2)
	s.Do("PATCH", "$widgets/b", mergePatch+`{"spec":{"color":"green"}}`)
	w.Events(1)
	s.Do("GET", "$widgets?fieldSelector=spec.size%3D4", "")
	s.Do("GET", "$widgets", "", "Accept", "application/json;as=Table;g=meta.k8s.io;v=v1")
	s.Do("GET", "$widgets", "", "Accept", "application/vnd.kubernetes.protobuf")
	s.Do("GET", "$widgets", "", "Accept", "application/vnd.kubernetes.protobuf,application/json")
	s.Do("DELETE", "$widgets/a", "")
	s.Do("DELETE", "$widgets", "")
}

// customFinalizers gives finalizers names that built-in objects could not have.
func customFinalizers(s *Session) {
	define(s)
	const head = `"apiVersion":"$group/v1","kind":"Widget","spec":{"color":"red"}`
	s.Do("POST", "$widgets?dryRun=All", `{`+head+`,"metadata":{"name":"a","finalizers":["one","kubernetes","orphan","foregroundDeletion","example.com/two","three/","/four"]}}`)
	s.Do("POST", "$widgets?dryRun=All&fieldValidation=Ignore", `{`+head+`,"metadata":{"name":"a","finalizers":["one"]}}`)
	s.Do("POST", "$widgets?dryRun=All&fieldValidation=Strict", `{`+head+`,"metadata":{"name":"a","finalizers":["one"]}}`)
	s.Do("POST", "$widgets", `{`+head+`,"metadata":{"name":"a","finalizers":["one"]}}`)
	s.Do("PATCH", "$widgets/a", mergePatch+`{"spec":{"size":3}}`)
	s.Do("PATCH", "$widgets/a", mergePatch+`{"metadata":{"finalizers":["one","two"]}}`)
	s.Do("PATCH", "$widgets/a/status", mergePatch+`{"metadata":{"finalizers":["one","three"]},"status":{"ready":true}}`)
	s.Do("PATCH", "$widgets/b?fieldManager=m", applyPatch+`{`+head+`,"metadata":{"name":"b","finalizers":["four"]}}`)
	s.Do("PATCH", "$widgets/b?fieldManager=m", applyPatch+`{`+head+`,"metadata":{"name":"b","finalizers":["four","five"]}}`)
	s.Do("PATCH", "$widgets/b", mergePatch+`{"metadata":{"finalizers":null}}`)
	s.Do("PATCH", "$widgets/a", mergePatch+`{"metadata":{"finalizers":["Bad Name"]}}`)
	s.Do("PATCH", "$widgets/a", mergePatch+`{"metadata":{"finalizers":null}}`)
}

func customSchemas(s *Session) {
	define(s)
	n := 0
	create := func(query, spec string) {
		n++
		s.Do("POST", "$widgets?"+query, `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"w"},"spec":`+spec+`}`)
	}
	s.Note("pruning and defaults")
	create("dryRun=All", `{"color":"red","unknown":1,"free":{"any":{"thing":1}},"labels":{"a":"b"},"parts":[{"id":"x","unknown":1}],"nullable":null,"size":null}`)
	create("dryRun=All&fieldValidation=Strict", `{"color":"red","unknown":1,"parts":[{"id":"x","unknown":1}]}`)
	create("dryRun=All&fieldValidation=Ignore", `{"color":"red","color":"green","unknown":1}`)
	create("dryRun=All&fieldValidation=Strict", `{"color":"red","color":"green"}`)
	create("dryRun=All", `{"color":null}`)
	create("dryRun=All", `{"color":"red","parts":[{"id":"x","on":null},null],"labels":{"a":null}}`)
	s.Note("validation")
	for _, spec := range []string{`{}`, `{"color":"blue"}`, `{"color":5}`, `{"color":"red","size":0}`, `{"color":"red","size":11}`, `{"color":"red","size":"x"}`, `{"color":"red","size":1.5}`,
		`{"color":"red","name":"A"}`, `{"color":"red","name":"abcdef"}`, `{"color":"red","parts":[{}]}`, `{"color":"red","parts":[{"id":"x"},{"id":"x"}]}`,
		`{"color":"red","parts":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}`, `{"color":"red","parts":{}}`, `{"color":"red","labels":{"a":1}}`, `{"color":"red","port":80}`, `{"color":"red","port":"http"}`,
		`{"color":"red","port":true}`, `null`} {
		create("dryRun=All", spec)
	}
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"w"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Gadget","metadata":{"name":"w"},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"w","unknown":1,"labels":{"a":5}},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"w","unknown":1},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"Bad Name","finalizers":["nodomain"]},"spec":{"color":"red"}}`)
	s.Do("POST", "$widgets", "@application/yaml apiVersion: $group/v1\nkind: Widget\nmetadata: {name: y}\nspec: {color: red}\n")
}

func customApply(s *Session) {
	define(s)
	s.KeepManagedFields()
	apply := func(query, spec string) {
		s.Do("PATCH", "$widgets/a?"+query, applyPatch+"{apiVersion: $group/v1, kind: Widget, metadata: {name: a}, spec: "+spec+"}")
	}
	apply("fieldManager=one", "{color: red, parts: [{id: x}]}")
	apply("fieldManager=two", "{color: red, parts: [{id: z, 'on': false}]}")
	apply("fieldManager=two", "{color: green}")
	apply("fieldManager=one", "{color: red, size: 4}")
	apply("fieldManager=one", "{color: red, unknown: 4}")
	apply("fieldManager=one&fieldValidation=Strict", "{color: red, unknown: 4}")
	apply("fieldManager=one", "{color: red, size: 11}")
	s.Do("PATCH", "$widgets/a/status?fieldManager=three", applyPatch+"{apiVersion: $group/v1, kind: Widget, metadata: {name: a, labels: {not: kept}}, status: {ready: true}}")
	s.Do("PATCH", "$widgets/a?fieldManager=four", mergePatch+`{"spec":{"size":7}}`)
	s.Note("metadata that cannot be read")
	for _, metadata := range []string{`"creationTimestamp":"now"`, `"deletionTimestamp":5`, `"creationTimestamp":true,"labels":{"l":"1"}`, `"generation":"x"`, `"selfLink":{}`} {
		s.Do("PATCH", "$widgets/m?fieldManager=m", applyPatch+`{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"m",`+metadata+`},"spec":{"color":"red"}}`)
	}
}

func definitions(s *Session) {
	define(s)
	s.Silently("POST", "$widgets", `{"apiVersion":"$group/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"color":"red"}}`)
	s.Do("GET", "/apis/$group/v1", "")
	s.Do("GET", "/apis/$group", "")
	s.aggregated(s.expand("$group"))
	s.Note("definitions are checked")
	const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	for _, r := range []Response{
		s.Silently("POST", path, `{"metadata":{"name":"wrong"},"spec":{"group":"a.b","scope":"Namespaced","names":{"plural":"xs","kind":"X"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`),
		s.Silently("POST", path, `{"metadata":{"name":"xs.a.b"},"spec":{"group":"a.b","scope":"Sideways","names":{"plural":"xs","kind":"X"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`),
		s.Silently("POST", path, `{"metadata":{"name":"xs.a.b"},"spec":{"group":"a.b","scope":"Cluster","names":{"plural":"xs","kind":"X"},"versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`),
		s.Silently("POST", path, `{"metadata":{"name":"xs.a.b"},"spec":{"group":"a.b","scope":"Cluster","names":{"plural":"xs","kind":"X"},"versions":[{"name":"v1","served":true,"storage":true}]}}`),
	} {
		s.Note(s.summaryCode(r))
	}
	s.Note("a version that is no longer served")
	s.Silently("PATCH", path+"/widgets.$group", jsonPatch+`[{"op":"replace","path":"/spec/versions/1/served","value":false}]`)
	s.until(404, "/apis/$group/v1beta1/namespaces/$ns/widgets/a")
	s.Do("GET", "/apis/$group/v1beta1/namespaces/$ns/widgets/a", "")
	s.Do("GET", "$widgets/a", "")
	s.Note("objects go with their definition")
	s.Silently("DELETE", path+"/widgets.$group", "")
	s.until(404, path+"/widgets.$group")
	s.until(404, "$widgets")
	r := s.Silently("GET", "$widgets/a", "")
	s.Note(s.summaryCode(r))
}

// until waits for a path to be answered by a code.
func (s *Session) until(code int, path string) {
	for range 300 {
		if s.Silently("GET", path, "").Code == code {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.Note(path + " never answers as it should")
}

// summaryCode is the code and reason of an answer.
func (s *Session) summaryCode(r Response) string {
	return strings.TrimSpace(strings.Join([]string{r.Header.Get("Content-Type"), r.Field("reason"), r.Field("code")}, " "))
}

// metadataUpdates gives objects metadata that no object may have, when they are created and when they exist.
func metadataUpdates(s *Session) {
	define(s)
	for _, one := range []struct{ path, body string }{
		{"$widgets", `"apiVersion":"$group/v1","kind":"Widget","spec":{"color":"red"}`},
		{of("coordination.k8s.io/v1", "leases"), `"spec":{}`},
		{"$path/configmaps", `"data":{}`},
		{"$path/services", `"spec":{"type":"ExternalName","externalName":"a.com"}`},
	} {
		s.Silently("POST", one.path, `{"metadata":{"name":"a"},`+one.body+`}`)
		for _, metadata := range []string{`"generateName":"A b"`, `"generateName":"a-"`, `"finalizers":["Bad Name"]`, `"finalizers":["a"]`, `"deletionGracePeriodSeconds":1`, `"labels":{"-":"!"}`, `"annotations":{"a b":"c"}`, `"labels":{"-":"!"},"deletionGracePeriodSeconds":1`} {
			created := s.Silently("POST", one.path+"?dryRun=All", `{"metadata":{"name":"b",`+metadata+`},`+one.body+`}`)
			again := s.Silently("POST", one.path+"?dryRun=All", `{"metadata":{"name":"a",`+metadata+`},`+one.body+`}`)
			updated := s.Silently("PATCH", one.path+"/a?dryRun=All", mergePatch+`{"metadata":{`+metadata+`}}`)
			s.Note(one.path + " " + metadata + "\ncreated: " + s.summary(created) + "\nwhere one is: " + s.summary(again) + "\nupdated: " + s.summary(updated))
		}
	}
}
