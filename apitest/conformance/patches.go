package conformance

func jsonPatches(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"},"data":{"k":"v"}}`)
	patch := func(body string) { s.Do("PATCH", "$path/configmaps/a", jsonPatch+body) }
	patch(`[{"op":"test","path":"/data/k","value":"v"},{"op":"add","path":"/data/l","value":"w"},{"op":"remove","path":"/data/k"}]`)
	patch(`[{"op":"copy","from":"/data/l","path":"/data/m"},{"op":"move","from":"/data/l","path":"/data/n"}]`)
	patch(`[]`)
	s.Note("what does not apply")
	patch(`[{"op":"test","path":"/data/m","value":"x"}]`)
	patch(`[{"op":"remove","path":"/data/none"}]`)
	patch(`[{"op":"replace","path":"/none/x","value":1}]`)
	patch(`[{"op":"add","path":"/data","value":5}]`)
	patch(`[{"op":"none","path":"/x"}]`)
	patch(`[`)
	s.Do("PATCH", "$path/configmaps/none", jsonPatch+`[]`)
}

func mergePatches(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"},"data":{"k":"v"}}`)
	patch := func(body string) { s.Do("PATCH", "$path/configmaps/a", mergePatch+body) }
	patch(`{"data":{"k":null,"l":"w"}}`)
	patch(`{"data":null}`)
	patch(`{}`)
	s.Note("what does not apply")
	patch(`[]`)
	patch(`{`)
	patch(`{"data":5}`)
	patch(`{"kind":"Secret"}`)
	patch(`{"apiVersion":"v2"}`)
	s.Do("PATCH", "$path/configmaps/none", mergePatch+`{}`)
	s.Do("PATCH", "$path/configmaps/a", `{}`)
	s.Do("PATCH", "$path/configmaps/a", "@text/plain {}")
	s.Do("PATCH", "$path/configmaps", mergePatch+`{}`)
}

func strategicPatches(s *Session) {
	s.Brief()
	s.Silently("POST", "$path/pods", `{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}}`)
	images := func(body string) {
		r := s.Do("PATCH", "$path/pods/p", strategicPatch+body)
		if spec, ok := r.JSON["spec"].(map[string]any); ok {
			for _, c := range spec["containers"].([]any) {
				c := c.(map[string]any)
				s.Note(c["name"].(string) + " runs " + c["image"].(string))
			}
		}
	}
	images(`{"spec":{"containers":[{"name":"b","image":"2"}]}}`)
	images(`{"metadata":{"finalizers":["example.com/a"]}}`)
	images(`{"metadata":{"finalizers":["example.com/b"]}}`)
	images(`{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/a"]}}`)
	images(`{"spec":{"containers":[{"image":"2"}]}}`)
	images(`{"spec":{"containers":5}}`)
	images(`[`)
	s.Full()
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"a"},"data":{"k":"v"}}`)
	s.Do("PATCH", "$path/configmaps/a", strategicPatch+`{"data":{"$patch":"replace","l":"w"}}`)
	s.Do("PATCH", "$path/configmaps/a", strategicPatch+`{"data":{"l":null}}`)
}
