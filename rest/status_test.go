package rest

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// refuse writes an error as an API server does.
func refuse(err *apierrors.StatusError) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		status := err.ErrStatus
		status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Code))
		_ = json.NewEncoder(w).Encode(status)
	}
}

func TestAnErrorOfTheServersKeepsItsReasonCausesAndDetails(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", field.ErrorList{field.Required(field.NewPath("spec"), "missing")})
	for _, want := range []*apierrors.StatusError{
		apierrors.NewNotFound(pods, "a"), apierrors.NewAlreadyExists(pods, "a"), apierrors.NewConflict(pods, "a", errors.New("stale")),
		apierrors.NewResourceExpired("too old"), invalid, apierrors.NewTooManyRequests("busy", 3), apierrors.NewServerTimeout(pods, "list", 2),
	} {
		client := through(t, func(*http.Request) (*http.Response, error) { return answer(refuse(want)), nil })
		result := client.For(coreV1).Get().Resource("pods").Name("a").Do(t.Context())
		got := new(apierrors.StatusError)
		if !errors.As(result.Error(), &got) || got.ErrStatus.Reason != want.ErrStatus.Reason || got.Error() != want.Error() || result.StatusCode() != int(want.ErrStatus.Code) {
			t.Errorf("got %#v, want %#v", result.Error(), want)
		}
		if want == invalid && (len(got.ErrStatus.Details.Causes) != 1 || got.ErrStatus.Details.Causes[0].Field != "spec") {
			t.Errorf("the causes are lost: %+v", got.ErrStatus.Details)
		}
		if _, bare := result.Error().(*apierrors.StatusError); !bare {
			t.Errorf("the error is wrapped: %T", result.Error())
		}
	}
}

func TestAnErrorThatIsNoStatusBecomesOneWithAnExcerpt(t *testing.T) {
	page := "<html>\n<body>" + strings.Repeat("the gateway is tired ", 100_000) + "</body></html>"
	for name, tt := range map[string]struct {
		code       int
		typ, body  string
		is         func(error) bool
		want, lack string
	}{
		"a proxy's page":       {502, "text/html", page, apierrors.IsInternalError, `502 Bad Gateway, which is no Kubernetes status, but text/html: "<html> <body>the gateway`, ""},
		"a page without type":  {404, "", "nothing here", apierrors.IsNotFound, `404 Not Found, which is no Kubernetes status, but without a content type: "nothing here"`, ""},
		"garbage in protobuf":  {500, ContentTypeProtobuf, "\x00\x01\xff", apierrors.IsInternalError, "500 Internal Server Error", ""},
		"a half of a status":   {409, ContentTypeJSON, `{"kind":"Status","apiVe`, apierrors.IsConflict, "409 Conflict", ""},
		"an empty body":        {503, "text/plain", "", apierrors.IsServiceUnavailable, "503 Service Unavailable", "no Kubernetes status"},
		"an unknown code":      {599, "text/plain", "", apierrors.IsInternalError, "answered 599", ""},
		"a code of the client": {418, "text/plain", "teapot", func(err error) bool { return apierrors.ReasonForError(err) == metav1.StatusReasonUnknown }, "418 I'm a teapot", ""},
		"a 429 of a balancer":  {429, "text/plain", "slow down", apierrors.IsTooManyRequests, "slow down", ""},
		"a login page's 401":   {401, "text/html", "<login>", apierrors.IsUnauthorized, "api.example.com did not accept the credentials: GET https://api.example.com/base/x: the server answered 401", ""},
		"a firewall's 403":     {403, "text/html", "<denied>", apierrors.IsForbidden, "403 Forbidden", ""},
	} {
		client := through(t, func(*http.Request) (*http.Response, error) {
			return answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{tt.typ}
				w.WriteHeader(tt.code)
				_, _ = io.WriteString(w, tt.body)
			}), nil
		})
		err := client.Get().AbsPath("x").Param("token", secret).Do(t.Context()).Error()
		if err == nil || !tt.is(err) || !strings.Contains(err.Error(), tt.want) || tt.lack != "" && strings.Contains(err.Error(), tt.lack) {
			t.Errorf("%s: got %v, want %q without %q", name, err, tt.want, tt.lack)
		}
		if len(err.Error()) > 1000 || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the message must be short, one line, and without the query: %s", name, err)
		}
	}
}

func TestARejectedCredentialAMissingPermissionAndAnUnknownResourceNameTheURL(t *testing.T) {
	for want, status := range map[string]*apierrors.StatusError{
		"the server api.example.com did not accept the credentials: Unauthorized (GET https://api.example.com/base/api/v1/pods)": apierrors.NewUnauthorized("Unauthorized"),
		`pods is forbidden: joe cannot list (GET https://api.example.com/base/api/v1/pods)`:                                      apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("joe cannot list")),
		`the server could not find the requested resource (GET https://api.example.com/base/api/v1/pods)`:                        apierrors.NewGenericServerResponse(404, "list", schema.GroupResource{}, "", "", 0, false),
		`the server does not allow this method on the requested resource (GET https://api.example.com/base/api/v1/pods)`:         apierrors.NewGenericServerResponse(405, "list", schema.GroupResource{}, "", "", 0, false),
	} {
		client := through(t, func(*http.Request) (*http.Response, error) { return answer(refuse(status)), nil })
		_, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{LabelSelector: secret}, func(decode.Item) error { return nil })
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestARedirectIsAnErrorAndTheCredentialsStayHere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was followed with %v", r.URL, r.Header)
	}))
	defer elsewhere.Close()
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/login?state="+secret, http.StatusFound)
	}, func(c *Config) { c.BearerToken = secret })
	err := client.Get().AbsPath("api").Do(t.Context()).Error()
	if err == nil || !strings.Contains(err.Error(), "302 Found to "+elsewhere.URL+"/login: redirects are not followed") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
	if codeOf(err) != 302 {
		t.Errorf("the error's code is %d", codeOf(err))
	}
}

func TestAServerThatIsNotThereIsNamed(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	client, err := NewClient(&Config{Host: server.URL, BearerToken: secret})
	if err != nil {
		t.Fatal(err)
	}
	err = client.For(coreV1).Get().Resource("pods").Param("a", secret).Do(t.Context()).Error()
	want := "GET " + server.URL + "/api/v1/pods: dial tcp"
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v, want %s…", err, want)
	}
}

func TestABadCertificateIsExplained(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	other := t.TempDir() + "/ca.crt"
	if err := os.WriteFile(other, newAuthority(t, "other").pem, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, config := range map[string]Config{
		"not signed by anyone trusted (trusted: the system's authorities)": {Host: server.URL},
		"not signed by anyone trusted (trusted: CA file " + other + ")":    {Host: server.URL, TLS: TLSConfig{CAFile: other}},
		"the server's certificate is not good: tls: failed to verify certificate: x509: certificate is valid for": {
			Host: server.URL, TLS: TLSConfig{CAData: pemOf(server.Certificate()), ServerName: "wrong.example.org"}},
	} {
		client, err := NewClient(&config)
		if err != nil {
			t.Fatal(err)
		}
		err = client.Get().AbsPath("version").Do(t.Context()).Error()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), server.URL+"/version") {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestAServerWithoutTLSBehindAnHTTPSURLIsExplained(t *testing.T) {
	plain := httptest.NewUnstartedServer(http.NotFoundHandler())
	plain.Config.ErrorLog = quiet()
	plain.Start()
	defer plain.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n")
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	for want, host := range map[string]string{
		"server gave HTTP response to HTTPS client":                                 strings.Replace(plain.URL, "http:", "https:", 1),
		"the server does not speak TLS there: tls: first record does not look like": "https://" + garbage.Addr().String(),
	} {
		client := newTestClient(t, &Config{Host: host})
		if err := client.Get().AbsPath("version").Do(t.Context()).Error(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), host+"/version") {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
