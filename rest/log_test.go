package rest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/sheaf-dev/sheaf/internal/decode"
	authenticationv1 "github.com/sheaf-dev/sheaf/resource/authentication/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"

	authenticationapi "k8s.io/api/authentication/v1"
)

// logged returns what is logged at a level while f runs.
func logged(t *testing.T, level int, f func(*Client, *http.Request)) string {
	t.Helper()
	var out bytes.Buffer
	logger := textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&out), textlogger.Verbosity(level)))
	ctx := klog.NewContext(t.Context(), logger)
	client := through(t, func(req *http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ContentTypeJSON)
			w.Header().Set("Set-Cookie", "session="+secret)
			w.Header().Set("Audit-Id", "audit-7")
			if req.Body != nil {
				_, _ = io.Copy(w, req.Body)
				return
			}
			_, _ = io.WriteString(w, `{"kind":"Pod","apiVersion":"v1","metadata":{"namespace":"a","name":"answered"},"data":"`+strings.Repeat("x", 2000)+`"}`)
		}), nil
	}, func(c *Config) { c.BearerToken, c.ContentType = secret, ContentTypeJSON })
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	f(client, req)
	return out.String()
}

func TestEachLevelLogsMore(t *testing.T) {
	do := func(c *Client, req *http.Request) {
		_, _ = c.ForResource(pods).Namespace("a").Get(req.Context(), "b", metav1.GetOptions{ResourceVersion: "5"})
	}
	marks := []string{`method="GET"`, "Audit-Id", `"name":"answered"`, strings.Repeat("x", 1500)}
	for i, level := range []int{5, 6, 7, 8, 9} {
		out := logged(t, level, do)
		for j, mark := range marks {
			if strings.Contains(strings.ReplaceAll(out, `\"`, `"`), mark) != (j < i) {
				t.Errorf("level %d and %.20s: %s", level, mark, out)
			}
		}
		if level >= 6 && (!strings.Contains(out, "status=200") || !strings.Contains(out, "latency=") || !strings.Contains(out, "pods/b?resourceVersion=5")) {
			t.Errorf("level %d: %s", level, out)
		}
	}
}

func TestNoLevelLogsWhatMayBeSecret(t *testing.T) {
	for name, do := range map[string]func(*Client, *http.Request){
		"a secret": func(c *Client, req *http.Request) {
			o := &coreapi.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b"}, StringData: map[string]string{"k": secret}}
			if _, err := c.ForResource(corev1.Secrets.Definition()).Create(req.Context(), o, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		},
		"a review": func(c *Client, req *http.Request) {
			o := &authenticationapi.TokenReview{Spec: authenticationapi.TokenReviewSpec{Token: secret}}
			if _, err := c.ForResource(authenticationv1.TokenReviews.Definition()).Create(req.Context(), o, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		},
		"a token request": func(c *Client, req *http.Request) {
			_ = c.For(coreV1).Post().Namespace("a").Resource("serviceaccounts").Name("b").SubResource("token").Body([]byte(secret)).Do(req.Context()).Error()
		},
		"a list of secrets": func(c *Client, req *http.Request) {
			_, _ = c.ForResource(corev1.Secrets.Definition()).List(req.Context(), metav1.ListOptions{}, func(decode.Item) error { return nil })
		},
		"a proxied request": func(c *Client, req *http.Request) {
			_ = c.For(coreV1).Post().Namespace("a").Resource("services").Name("b").SubResource("proxy").Suffix("login").Param("password", secret).Body([]byte(secret)).Do(req.Context()).Error()
		},
		"headers": func(c *Client, req *http.Request) {
			_ = c.Get().AbsPath("version").SetHeader("Authorization", "Basic "+secret).SetHeader("Cookie", secret).Do(req.Context()).Error()
		},
	} {
		out := logged(t, 10, do)
		if !strings.Contains(out, "status=200") || strings.Contains(out, secret) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestWhatMayBeSecretIsKnownByItsPath(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1/namespaces/a/secrets/b": true, "/api/v1/secrets": true, "/api/v1/namespaces/a/serviceaccounts/b/token": true,
		"/apis/authentication.k8s.io/v1/tokenreviews": true, "/base/apis/authentication.k8s.io/v1/selfsubjectreviews": true,
		"/api/v1/nodes/a/proxy/logs": true, "/api/v1/namespaces/a/pods/b/exec": true,
		"/api/v1/namespaces/a/configmaps/b": false, "/apis/apps/v1/deployments": false, "/version": false,
	} {
		if got := secretPath(path); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestABodyInProtobufIsLoggedQuoted(t *testing.T) {
	for _, tt := range []struct {
		data  string
		limit int
		want  string
	}{
		{"text", 10, "text"}, {"a long text", 6, "a long… [11 bytes]"}, {"ü\x00k8s\xff\xfe----", 100, `"ü\x00k8s\xff\xfe----"`}, {"abcdeü", 6, "abcde\xc3… [7 bytes]"},
	} {
		if got := shownBody([]byte(tt.data), tt.limit); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
