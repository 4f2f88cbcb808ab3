package apitest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/apitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a plain HTTP client of a server.
type client struct {
	t    testing.TB
	http *http.Client
	base string
}

func clientOf(t testing.TB, srv *apitest.Server) client {
	c := client{t, srv.HTTPClient(), srv.URL()}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// do sends a request. A body that is not bytes is sent as JSON. headers are names and values in turn.
func (c client) do(method, path string, body any, headers ...string) (int, []byte) {
	c.t.Helper()
	resp := c.open(method, path, body, headers...)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, data
}

func (c client) open(method, path string, body any, headers ...string) *http.Response {
	c.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		reader = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

// must is do for an answer of that code, decoded into out unless that is nil.
func (c client) must(code int, out any, method, path string, body any, headers ...string) {
	c.t.Helper()
	got, data := c.do(method, path, body, headers...)
	if got != code {
		c.t.Fatalf("%s %s: %d %s", method, path, got, data)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
}

func configMap(name string, data ...string) *corev1.ConfigMap {
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for i := 0; i+1 < len(data); i += 2 {
		if m.Data == nil {
			m.Data = map[string]string{}
		}
		m.Data[data[i]] = data[i+1]
	}
	return m
}

const configMaps = "/api/v1/namespaces/default/configmaps"

func TestAnObjectLivesThroughCreateUpdatePatchAndDelete(t *testing.T) {
	srv := apitest.New(apitest.Options{}).Start(t)
	c := clientOf(t, srv)
	var created, got, updated, patched corev1.ConfigMap
	c.must(201, &created, "POST", configMaps, configMap("a", "k", "v"))
	if created.UID == "" || created.ResourceVersion == "" || created.CreationTimestamp.IsZero() || created.Namespace != "default" {
		t.Fatalf("created %+v", created)
	}
	c.must(409, nil, "POST", configMaps, configMap("a"))
	c.must(200, &got, "GET", configMaps+"/a", nil)
	if fmt.Sprint(got) != fmt.Sprint(created) {
		t.Fatalf("got %v, created %v", got, created)
	}
	got.Data["k"] = "w"
	c.must(200, &updated, "PUT", configMaps+"/a", got)
	if updated.ResourceVersion == got.ResourceVersion || updated.Data["k"] != "w" {
		t.Fatalf("updated %+v", updated)
	}
	c.must(409, nil, "PUT", configMaps+"/a", got) // the resourceVersion is old
	c.must(200, &patched, "PATCH", configMaps+"/a", []byte(`{"data":{"k":null,"l":"x"}}`), "Content-Type", "application/merge-patch+json")
	if len(patched.Data) != 1 || patched.Data["l"] != "x" {
		t.Fatalf("patched %v", patched.Data)
	}
	var status metav1.Status
	c.must(200, &status, "DELETE", configMaps+"/a", nil)
	if status.Status != metav1.StatusSuccess || status.Details.UID != created.UID {
		t.Fatalf("%+v", status)
	}
	c.must(404, nil, "GET", configMaps+"/a", nil)
}
