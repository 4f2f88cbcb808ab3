package conformance

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	mediaProtobuf      = "application/vnd.kubernetes.protobuf"
	mediaWatchProtobuf = mediaProtobuf + ";stream=watch"
)

// message is a type that has a form in protobuf.
type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// packed returns an object in protobuf, within the envelope.
func (s *Session) packed(apiVersion, kind string, o message) []byte {
	raw, err := o.Marshal()
	s.check(err)
	data, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}).Marshal()
	s.check(err)
	return append([]byte("k8s\x00"), data...)
}

// unpack returns an object out of its envelope as JSON, with its kind.
func (s *Session) unpack(data []byte) map[string]any {
	raw, ok := bytes.CutPrefix(data, []byte("k8s\x00"))
	if !ok {
		s.check(fmt.Errorf("%q is no envelope", data))
	}
	var envelope runtime.Unknown
	s.check(envelope.Unmarshal(raw))
	forms := map[string]message{
		"ConfigMap": &corev1.ConfigMap{}, "ConfigMapList": &corev1.ConfigMapList{}, "Status": &metav1.Status{},
		"PartialObjectMetadata": &metav1.PartialObjectMetadata{}, "PartialObjectMetadataList": &metav1.PartialObjectMetadataList{},
	}
	o, ok := forms[envelope.Kind]
	if !ok {
		s.check(fmt.Errorf("unexpected kind %q", envelope.Kind))
	}
	s.check(o.Unmarshal(envelope.Raw))
	data, err := json.Marshal(o)
	s.check(err)
	var out map[string]any
	s.check(json.Unmarshal(data, &out))
	out["kind"], out["apiVersion"] = envelope.Kind, envelope.APIVersion
	return out
}

// doPacked sends a body in protobuf, asks for an answer in protobuf, and writes both down as JSON.
func (s *Session) doPacked(method, path, media string, body []byte) {
	fmt.Fprintf(&s.log, "\n%s %s in protobuf\n", method, path)
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	resp := s.sendRaw(method, path, media, reader, "Accept", mediaProtobuf)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	s.check(err)
	fmt.Fprintf(&s.log, "%d %s\n", resp.StatusCode, resp.Header.Get("Content-Type"))
	if resp.Header.Get("Content-Type") == mediaProtobuf {
		s.writeBody(s.unpack(data))
	}
}

// encodings sends and receives protobuf, in whole answers and in the frames of a watch.
func encodings(s *Session) {
	const path = "$path/configmaps"
	named := func(name string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"k": "v"}, BinaryData: map[string][]byte{"b": {0, 255}}}
	}
	s.doPacked("POST", path, mediaProtobuf, s.packed("v1", "ConfigMap", named("a")))
	s.doPacked("POST", path, mediaProtobuf, s.packed("v1", "ConfigMap", named("a")))
	s.doPacked("PUT", path+"/a", mediaProtobuf, s.packed("v1", "ConfigMap", &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string]string{"k": "w"}}))
	s.doPacked("PATCH", path+"/a", "application/merge-patch+json", []byte(`{"data":{"l":"x"}}`))
	s.doPacked("GET", path+"/a", "", nil)
	s.doPacked("GET", path+"?labelSelector=none", "", nil)
	s.doPacked("GET", path+"?fieldSelector=metadata.name%3Da", "", nil)
	s.doPacked("GET", path+"/none", "", nil)
	s.Do("GET", path+"/a", "")
	s.Note("what a client cannot mean")
	s.doPacked("POST", path, mediaProtobuf, s.packed("v1", "Secret", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "b"}}))
	s.doPacked("POST", path, mediaProtobuf, s.packed("apps/v1", "ConfigMap", named("b")))
	s.doPacked("POST", path, mediaProtobuf, s.packed("", "", named("b")))
	for _, body := range []string{"", "k8s", "k8s\x00", "k8s\x00\x0a", "k8s\x00\x0a\x00", "k8s\x00\x12\x00"} {
		s.doPacked("POST", path, mediaProtobuf, []byte(body))
	}
	s.doPacked("PATCH", path+"/a", mediaProtobuf, s.packed("v1", "ConfigMap", named("a")))
	s.doPacked("PATCH", path+"/a", "application/none", []byte(`{}`))
	s.doPacked("PATCH", path+"/a", "application/json", []byte(`{}`))
	s.doPacked("PATCH", path+"/a", "", []byte(`{}`))
	s.Note("frames of a watch")
	s.watchPacked(path+"?watch=1&fieldSelector=metadata.name%3Da", 1)
	s.watchPacked(path+"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Da", 2)
	s.Note("deletion")
	s.doPacked("DELETE", path+"/a", mediaProtobuf, s.packed("v1", "DeleteOptions", &metav1.DeleteOptions{DryRun: []string{"All"}}))
	s.doPacked("DELETE", path+"/a", "", nil)
	s.doPacked("DELETE", path+"?labelSelector=none", "", nil)
}

// watchPacked writes down the first n frames of a watch in protobuf, but of bookmarks only their type.
func (s *Session) watchPacked(path string, n int) {
	fmt.Fprintf(&s.log, "\nGET %s in protobuf\n", path)
	resp := s.sendRaw("GET", path, "", nil, "Accept", mediaWatchProtobuf)
	defer resp.Body.Close()
	fmt.Fprintf(&s.log, "%d %s\n", resp.StatusCode, resp.Header.Get("Content-Type"))
	for range n {
		var size [4]byte
		_, err := io.ReadFull(resp.Body, size[:])
		s.check(err)
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		_, err = io.ReadFull(resp.Body, frame)
		s.check(err)
		var e metav1.WatchEvent
		s.check(e.Unmarshal(frame))
		s.Note(e.Type)
		if e.Type == "BOOKMARK" {
			continue
		}
		if len(e.Object.Raw) == 0 {
			s.check(errors.New("an event without an object"))
		}
		s.writeBody(s.unpack(e.Object.Raw))
	}
}

// compression asks for answers of several sizes, packed and not.
func compression(s *Session) {
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"small"}}`)
	s.Silently("POST", "$path/configmaps", `{"metadata":{"name":"large"},"data":{"k":"`+strings.Repeat("x", 200<<10)+`"}}`)
	for _, path := range []string{"$path/configmaps/small", "$path/configmaps/large", "$path/configmaps?fieldSelector=metadata.name%3Dlarge", "$path/configmaps/large?watch=1&timeoutSeconds=1"} {
		for _, encoding := range []string{"gzip", "gzip, deflate, br", "deflate", "identity"} {
			r := s.send("GET", path, "", "Accept-Encoding", encoding)
			s.Note(fmt.Sprintf("%s, %s accepted: %d %q varies by %q", path, encoding, r.StatusCode, r.Header.Get("Content-Encoding"), r.Header.Get("Vary")))
			_ = r.Body.Close()
		}
	}
}
