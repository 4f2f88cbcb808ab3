package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/sheaf-dev/sheaf/resource"
	authenticationv1 "github.com/sheaf-dev/sheaf/resource/authentication/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"

	authenticationapi "k8s.io/api/authentication/v1"
)

// logged returns what is logged at a level while f runs.
func logged(t *testing.T, level int, contentType string, f func(*Client, *http.Request)) string {
	t.Helper()
	var out bytes.Buffer
	logger := textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&out), textlogger.Verbosity(level)))
	ctx := klog.NewContext(t.Context(), logger)
	client := through(t, func(req *http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ContentTypeJSON)
			w.Header().Set("Set-Cookie", "session="+secret)
			w.Header().Set("Audit-Id", "audit-7")
			if strings.HasSuffix(req.URL.Path, "/secrets") && req.Method == http.MethodGet {
				writeSecrets(t, w, contentType)
				return
			}
			if req.Body != nil {
				w.Header().Set("Content-Type", req.Header.Get("Content-Type"))
				_, _ = io.Copy(w, req.Body)
				return
			}
			_, _ = io.WriteString(w, `{"kind":"Pod","apiVersion":"v1","metadata":{"namespace":"a","name":"answered"},"data":"`+strings.Repeat("x", 2000)+`"}`)
		}), nil
	}, func(c *Config) { c.BearerToken, c.ContentType = secret, contentType })
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	f(client, req)
	return out.String()
}

// writeSecrets answers with a list of one secret.
func writeSecrets(t *testing.T, w http.ResponseWriter, contentType string) {
	list := &coreapi.SecretList{Items: []coreapi.Secret{{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b"}, Data: map[string][]byte{"k": []byte(secret)}}}}
	data, err := json.Marshal(list)
	if contentType == ContentTypeProtobuf {
		raw, marshalErr := list.Marshal()
		unknown := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "SecretList"}, Raw: raw}
		data, err = unknown.Marshal()
		data, err = append([]byte("k8s\x00"), data...), errors.Join(marshalErr, err)
	}
	if err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(data)
}

func TestEachLevelLogsMore(t *testing.T) {
	do := func(c *Client, req *http.Request) {
		_, _ = c.ForResource(pods).Namespace("a").Get(req.Context(), "b", metav1.GetOptions{ResourceVersion: "5"})
	}
	marks := []string{`method="GET"`, "Audit-Id", `"name":"answered"`, strings.Repeat("x", 1500)}
	for i, level := range []int{5, 6, 7, 8, 9} {
		out := logged(t, level, ContentTypeJSON, do)
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
			o := &authenticationapi.TokenRequest{Status: authenticationapi.TokenRequestStatus{Token: secret}}
			kind := resource.Define[*authenticationapi.TokenRequest]("authentication.k8s.io", "v1", "tokenrequests", "TokenRequest", resource.Namespaced, resource.WithProtobuf()).Definition()
			if _, err := c.ForResource(corev1.ServiceAccounts.Definition()).Namespace("a").Subresource("token", kind).Create(req.Context(), "b", o, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		},
		"a list of secrets": func(c *Client, req *http.Request) {
			items, _, err := c.ForResource(corev1.Secrets.Definition()).Items(req.Context(), metav1.ListOptions{})
			if err != nil || len(items) != 1 || string(items[0].Object.(*coreapi.Secret).Data["k"]) != secret {
				t.Errorf("got %v, %v", items, err)
			}
		},
		"a list of secrets in one piece": func(c *Client, req *http.Request) {
			if data, err := c.For(coreV1).Get().Resource("secrets").DoRaw(req.Context()); err != nil || len(data) == 0 {
				t.Errorf("got %q, %v", data, err)
			}
		},
		"a review of oneself": func(c *Client, req *http.Request) {
			o := &authenticationapi.SelfSubjectReview{Status: authenticationapi.SelfSubjectReviewStatus{UserInfo: authenticationapi.UserInfo{Username: secret}}}
			if _, err := c.ForResource(authenticationv1.SelfSubjectReviews.Definition()).Create(req.Context(), o, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		},
		"a patch of a secret": func(c *Client, req *http.Request) {
			_ = c.For(coreV1).Patch(types.MergePatchType).Namespace("a").Resource("secrets").Name("b").Body([]byte(`{"data":{"k":"` + secret + `"}}`)).Do(req.Context()).Error()
		},
		"a proxied request": func(c *Client, req *http.Request) {
			_ = c.For(coreV1).Post().Namespace("a").Resource("services").Name("b").SubResource("proxy").Suffix("login").Param("password", secret).Body([]byte(secret)).Do(req.Context()).Error()
		},
		"headers": func(c *Client, req *http.Request) {
			_ = c.Get().AbsPath("version").SetHeader("Authorization", "Basic "+secret).SetHeader("Cookie", secret).Do(req.Context()).Error()
		},
	} {
		for _, contentType := range []string{ContentTypeJSON, ContentTypeProtobuf} {
			for _, level := range []int{6, 7, 8, 9, 10} {
				out := logged(t, level, contentType, do)
				encoded := base64.StdEncoding.EncodeToString([]byte(secret))
				if !strings.Contains(out, "status=200") || strings.Contains(out, secret) || strings.Contains(out, encoded) {
					t.Errorf("%s at level %d in %s: %s", name, level, contentType, out)
				}
			}
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

func TestAListIsLoggedAsItIsRead(t *testing.T) {
	body := `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"x"}},{"metadata":{"name":"y"}}],"more":"` + strings.Repeat("z", 2000) + `"}`
	for level, want := range map[int]string{7: "", 8: body[:bodyBrief], 9: body} {
		var out bytes.Buffer
		ctx := klog.NewContext(t.Context(), textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&out), textlogger.Verbosity(level))))
		client := through(t, func(*http.Request) (*http.Response, error) {
			return answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", ContentTypeJSON)
				_, _ = io.WriteString(w, body)
			}), nil
		})
		items, _, err := client.ForResource(pods).Items(ctx, metav1.ListOptions{})
		if err != nil || len(items) != 2 {
			t.Fatalf("got %v, %v", items, err)
		}
		text := strings.ReplaceAll(out.String(), `\"`, `"`)
		if want == "" && strings.Contains(text, "PodList") || want != "" && (!strings.Contains(text, want) || strings.Count(text, "PodList") != 1) {
			t.Errorf("level %d: %s", level, text)
		}
		if shortened := strings.Contains(text, "bytes]"); shortened != (level == 8) {
			t.Errorf("level %d: %s", level, text)
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
		if got := shownBody([]byte(tt.data)[:min(len(tt.data), tt.limit)], len(tt.data)); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
