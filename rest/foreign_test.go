package rest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// foreign are answers that no API server gives, and what every error about them says beside the request.
var foreign = map[string]struct {
	code                    int
	contentType, body, says string
}{
	"a login page":              {200, "text/html", "<html>\n<body>Please log in</body></html>", `it is text/html: "<html> <body>Please log in</body></html>"`},
	"a proxy's page":            {502, "text/html", "<html>Bad gateway</html>", `502 Bad Gateway, which is no Kubernetes status, but text/html: "<html>Bad gateway</html>"`},
	"another server's text":     {404, "text/plain", "404 page not found\n", `404 Not Found, which is no Kubernetes status, but text/plain: "404 page not found"`},
	"text that is a success":    {200, "text/plain", "ok", `it is text/plain: "ok"`},
	"a success of another kind": {200, "application/yaml", "kind: Pod", `it is application/yaml: "kind: Pod"`},
	"a redirect":                {302, "", "", "302 Found to https://login.example.com/in: redirects are not followed"},
	"JSON of something else":    {200, ContentTypeJSON, `{"error":"no upstream"}`, ""},
	"JSON of nothing":           {200, ContentTypeJSON, `{"kind":"","apiVersion":""}`, ""},
	"a list of something else":  {200, ContentTypeJSON, `["a"]`, ""},
	"a text in JSON":            {200, ContentTypeJSON, `"ok"`, ""},
	"nothing":                   {200, ContentTypeJSON, "", ""},
	"half an answer":            {200, ContentTypeJSON, `{"apiVersion":"v1","metadata":{"name":"b"},"ki`, ""},
	"half in protobuf":          {200, ContentTypeProtobuf, "k8s\x00\x0a\x05ab", ""},
	"a status of a failure":     {200, ContentTypeJSON, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"not now","code":500}`, ""},
}

// verbs are all requests of a resource.
func verbs(c *ResourceClient) map[string]func(*testing.T) error {
	return map[string]func(*testing.T) error{
		"GET /b":        func(t *testing.T) error { _, err := c.Get(t.Context(), "b", metav1.GetOptions{}); return err },
		"GET /b/status": func(t *testing.T) error { _, err := c.Get(t.Context(), "b", metav1.GetOptions{}, "status"); return err },
		"GET ":          func(t *testing.T) error { _, _, err := c.Items(t.Context(), metav1.ListOptions{}); return err },
		"POST ": func(t *testing.T) error {
			_, err := c.Create(t.Context(), pod("a", "b"), metav1.CreateOptions{})
			return err
		},
		"PUT /b": func(t *testing.T) error {
			_, err := c.Update(t.Context(), pod("a", "b"), metav1.UpdateOptions{})
			return err
		},
		"PATCH /b": func(t *testing.T) error {
			_, err := c.Patch(t.Context(), "b", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{})
			return err
		},
		"DELETE /b": func(t *testing.T) error { return c.Delete(t.Context(), "b", metav1.DeleteOptions{}) },
		"DELETE ": func(t *testing.T) error {
			return c.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
		},
		"GET ?watch=": func(t *testing.T) error { return firstOf(t, c) },
		"POST /b/status": func(t *testing.T) error {
			_, err := c.Subresource("status", pods).Create(t.Context(), "b", pod("a", "b"), metav1.CreateOptions{})
			return err
		},
	}
}

// firstOf watches and returns why there is no first event.
func firstOf(t *testing.T, c *ResourceClient) error {
	w, err := c.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Next()
	return err
}

// What answers in the API server's place must never look like a success: a list of nothing would empty a cache, and a deletion that nobody
// made would be taken for done.
func TestNoVerbTakesTheAnswerOfSomethingElseForASuccess(t *testing.T) {
	for name, tt := range foreign {
		synctest.Test(t, func(t *testing.T) {
			client := through(t, func(*http.Request) (*http.Response, error) {
				return answer(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", tt.contentType)
					w.Header().Set("Location", "https://login.example.com/in?token="+secret)
					w.WriteHeader(tt.code)
					_, _ = io.WriteString(w, tt.body)
				}), nil
			})
			for verb, do := range verbs(client.ForResource(pods).Namespace("a")) {
				err := do(t)
				if verb == "GET ?watch=" && errors.Is(err, io.EOF) && tt.body == "" {
					continue // a watch of which nothing is left to say
				}
				method, path, _ := strings.Cut(strings.TrimSuffix(verb, "?watch="), " ")
				where := method + " https://api.example.com/base/api/v1/namespaces/a/pods" + path + ": "
				if err == nil || !strings.HasPrefix(err.Error(), where) || !strings.Contains(err.Error(), tt.says) ||
					strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), secret) {
					t.Errorf("%s to %s: %v", name, verb, err)
				}
			}
		})
	}
}

// What API servers do answer to a deletion: a status, the object that is going, the objects that were deleted, or nothing.
func TestADeletionIsDoneWhenTheServerSaysSo(t *testing.T) {
	for _, tt := range []struct {
		code              int
		contentType, body string
	}{
		{200, ContentTypeJSON, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"b","kind":"pods"}}`},
		{202, ContentTypeJSON, `{"metadata":{"name":"b"},"kind":"Pod","apiVersion":"v1"}`},
		{200, ContentTypeJSON + ";charset=utf-8", `{"apiVersion":"example.com/v1","items":[{"a":["b",{}]}],"kind":"WidgetList","metadata":{}}`},
		{204, "", ""},
	} {
		client := through(t, func(*http.Request) (*http.Response, error) {
			return answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				w.WriteHeader(tt.code)
				_, _ = io.WriteString(w, tt.body)
			}), nil
		})
		all := verbs(client.ForResource(pods).Namespace("a"))
		if err := errors.Join(all["DELETE /b"](t), all["DELETE "](t)); err != nil {
			t.Errorf("%d %s: %v", tt.code, tt.body, err)
		}
	}
}
