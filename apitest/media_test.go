package apitest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/apitest"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// unwrap opens a protobuf body.
func unwrap(t testing.TB, data []byte, into interface{ Unmarshal([]byte) error }) runtime.TypeMeta {
	t.Helper()
	raw, ok := bytes.CutPrefix(data, []byte("k8s\x00"))
	if !ok {
		t.Fatalf("no protobuf body: %q", data)
	}
	var envelope runtime.Unknown
	if err := envelope.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	if err := into.Unmarshal(envelope.Raw); err != nil {
		t.Fatal(err)
	}
	return envelope.TypeMeta
}

func wrap(t testing.TB, apiVersion, kind string, o interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	raw, err := o.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	data, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), data...)
}

func TestBuiltInObjectsTravelAsProtobufAndJSONAlike(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		body := wrap(t, "v1", "ConfigMap", configMap("a", "k", "v"))
		code, data := c.do("POST", configMaps, body, "Content-Type", protobuf, "Accept", protobuf)
		if code != 201 {
			t.Fatalf("%d %s", code, data)
		}
		var created, byJSON corev1.ConfigMap
		if meta := unwrap(t, data, &created); meta.Kind != "ConfigMap" || meta.APIVersion != "v1" {
			t.Fatal(meta)
		}
		c.must(200, &byJSON, "GET", configMaps+"/a", nil)
		byJSON.TypeMeta = metav1.TypeMeta{}
		if fmt.Sprint(created) != fmt.Sprint(byJSON) {
			t.Fatalf("%v\n%v", created, byJSON)
		}
		put(t, srv, "b", "c")
		_, data = c.do("GET", configMaps+"?limit=2", nil, "Accept", protobuf)
		var list corev1.ConfigMapList
		if meta := unwrap(t, data, &list); meta.Kind != "ConfigMapList" || len(list.Items) != 2 || list.Continue == "" || list.Items[0].Data["k"] != "v" {
			t.Fatalf("%v %v", meta, list)
		}
		var listJSON corev1.ConfigMapList
		_, data = c.do("GET", configMaps+"?limit=2", nil)
		if err := json.Unmarshal(data, &listJSON); err != nil || !reflect.DeepEqual(list.Items, listJSON.Items) {
			t.Fatalf("%v\n%s", err, data)
		}
		if strings.Contains(string(data), `"kind":"ConfigMap"`) {
			t.Fatalf("the items of a list name their kind: %s", data)
		}
	})
}

func TestAProtobufWatchSendsLengthDelimitedFrames(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		resp := c.open("GET", configMaps+"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", nil, "Accept", protobuf+";stream=watch")
		defer resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); got != protobuf+";stream=watch" {
			t.Fatal(got)
		}
		for _, want := range []string{"ADDED", "BOOKMARK"} {
			var size [4]byte
			if _, err := io.ReadFull(resp.Body, size[:]); err != nil {
				t.Fatal(err)
			}
			frame := make([]byte, binary.BigEndian.Uint32(size[:]))
			if _, err := io.ReadFull(resp.Body, frame); err != nil {
				t.Fatal(err)
			}
			var e metav1.WatchEvent
			if err := e.Unmarshal(frame); err != nil || e.Type != want {
				t.Fatal(e.Type, err)
			}
			var m corev1.ConfigMap
			unwrap(t, e.Object.Raw, &m)
			if m.ResourceVersion != srv.ResourceVersion() {
				t.Fatal(m)
			}
		}
	})
}

func TestMetadataAloneIsServedInBothFormats(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		for _, format := range []string{"application/json", protobuf} {
			code, data := c.do("GET", configMaps, nil, "Accept", format+";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
			var list metav1.PartialObjectMetadataList
			if format == protobuf {
				unwrap(t, data, &list)
			} else if err := json.Unmarshal(data, &list); err != nil || list.Kind != "PartialObjectMetadataList" {
				t.Fatal(err, list.Kind)
			}
			if code != 200 || len(list.Items) != 1 || list.Items[0].Name != "a" || list.ResourceVersion == "" {
				t.Fatalf("%s: %d %v", format, code, list)
			}
		}
	})
}

func TestLargeAnswersAreCompressedForClientsThatWantIt(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		m := configMap("big", "k", strings.Repeat("x", 200<<10))
		m.Namespace = "default"
		if err := apitest.In(srv, resources.ConfigMaps).Put(m); err != nil {
			t.Fatal(err)
		}
		resp := c.open("GET", configMaps, nil, "Accept-Encoding", "gzip")
		defer resp.Body.Close()
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(z)
		var list corev1.ConfigMapList
		if err != nil || json.Unmarshal(data, &list) != nil || len(list.Items[0].Data["k"]) != 200<<10 {
			t.Fatal(err, len(data))
		}
	})
}

func TestWhatCannotBeAcceptedIsRefused(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		c.must(406, nil, "GET", configMaps, nil, "Accept", "text/html")
		c.must(406, nil, "GET", configMaps, nil, "Accept", "application/json;as=Pod;g=meta.k8s.io;v=v1")
		c.must(200, nil, "GET", configMaps, nil, "Accept", "text/html,*/*;q=0.5")
		c.must(415, nil, "POST", configMaps, []byte("x"), "Content-Type", "text/html")
		c.must(415, nil, "PATCH", configMaps+"/a", []byte("{}"))
		c.must(400, nil, "POST", configMaps, []byte("k8s\x00garbage"), "Content-Type", protobuf)
		c.must(400, nil, "POST", configMaps, []byte(`{"data":`))
		c.must(400, nil, "POST", configMaps, []byte(`{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}`))
		c.must(413, nil, "POST", configMaps, bytes.Repeat([]byte(" "), 3<<20+1))
		c.must(404, nil, "GET", "/api/v1/nothings", nil)
		c.must(404, nil, "GET", "/apis/apps/v7/deployments", nil)
		c.must(404, nil, "GET", "/nowhere", nil)
		c.must(405, nil, "POST", configMaps+"/a", configMap("a"))
		c.must(405, nil, "PUT", configMaps, configMap("a"))
	})
}
