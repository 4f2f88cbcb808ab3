package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// issuer is an OpenID Connect provider.
type issuer struct {
	*httptest.Server
	document string // of the discovery, instead of the right one
	method   string // how clients prove themselves
	answer   string // of the token endpoint; "%s" is the next identity token
	code     int
	hold     func() // called once before the token endpoint answers

	mu        sync.Mutex
	refreshes []string // the refresh tokens that were presented
	clients   []string // as whom
	lifetime  time.Duration
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{answer: `{"id_token":"%s","refresh_token":"refresh2"}`, code: 200, lifetime: time.Hour}
	i.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/realm/.well-known/openid-configuration":
			document := i.document
			if document == "" {
				document = fmt.Sprintf(`{"issuer":"%s/realm","token_endpoint":"%s/token"%s}`, i.URL, i.URL, i.method)
			}
			fmt.Fprint(w, document)
		case "/token":
			i.token(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	i.Config.ErrorLog = quiet()
	i.StartTLS()
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	user, password, _ := r.BasicAuth()
	i.clients = append(i.clients, user+":"+password+" "+r.FormValue("client_id")+":"+r.FormValue("client_secret"))
	i.refreshes = append(i.refreshes, r.FormValue("refresh_token"))
	if i.hold != nil {
		i.hold()
		i.hold = nil
	}
	w.WriteHeader(i.code)
	if strings.Contains(i.answer, "%s") {
		fmt.Fprintf(w, i.answer, webToken(fmt.Sprint("id", len(i.refreshes)+1), time.Now().Add(i.lifetime)))
		return
	}
	fmt.Fprint(w, i.answer)
}

// webToken is an unsigned JSON web token.
func webToken(subject string, expires time.Time) string {
	encode := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	return encode(map[string]string{"alg": "none"}) + "." + encode(map[string]any{"sub": subject, "exp": expires.Unix()}) + "."
}

// subject is whom a token is about.
func subject(authorization string) string {
	parts := strings.Split(authorization, ".")
	if len(parts) != 3 {
		return ""
	}
	data, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Sub string }
	_ = json.Unmarshal(data, &claims)
	return claims.Sub
}

func (i *issuer) session() *OIDCConfig {
	return &OIDCConfig{IssuerURL: i.URL + "/realm", ClientID: "sheaf", ClientSecret: secret, RefreshToken: "refresh1",
		IDToken: webToken("id1", time.Now().Add(-time.Hour)), CAData: pemOf(i.Certificate())}
}

// subjects is a server that answers 401 to all but one subject.
func subjects(t *testing.T, want *string, seen *[]string, change ...func(*Config)) *Client {
	return through(t, func(req *http.Request) (*http.Response, error) {
		got := subject(req.Header.Get("Authorization"))
		*seen = append(*seen, got)
		if got != *want {
			return answer(refuse(apierrors.NewUnauthorized("Unauthorized"))), nil
		}
		return answer(func(http.ResponseWriter, *http.Request) {}), nil
	}, change...)
}

func TestAnExpiredIdentityTokenIsRefreshedAndSaved(t *testing.T) {
	i := newIssuer(t)
	session := i.session()
	var saved []string
	session.Persist = func(_ context.Context, id, refresh string) error {
		saved = append(saved, subject(id)+" "+refresh)
		return errors.New("the disk is full")
	}
	want, seen := "id2", []string(nil)
	client := subjects(t, &want, &seen, func(c *Config) { c.OIDC = session })
	for range 3 {
		if err := get(t, client); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(i.refreshes, i.clients, saved) != "[refresh1] [sheaf:hunter2 :] [id2 refresh2]" {
		t.Errorf("presented %q as %q, saved %q", i.refreshes, i.clients, saved)
	}
	want, seen = "id3", nil
	if err := get(t, client); err != nil || fmt.Sprint(seen) != "[id2 id3]" || fmt.Sprint(i.refreshes) != "[refresh1 refresh2]" {
		t.Errorf("a rejected token is refreshed at once: %v, sent %q, presented %q", err, seen, i.refreshes)
	}
}

func TestAGoodIdentityTokenIsSentWithoutTheIssuer(t *testing.T) {
	want, seen := "id1", []string(nil)
	client := subjects(t, &want, &seen, func(c *Config) {
		c.OIDC = &OIDCConfig{IssuerURL: "https://nowhere.invalid", ClientID: "sheaf", IDToken: webToken("id1", time.Now().Add(time.Hour))}
	})
	if err := get(t, client); err != nil {
		t.Error(err)
	}
	want = "id2"
	if err := get(t, client); !apierrors.IsUnauthorized(err) || len(seen) != 2 {
		t.Errorf("without a refresh token there is nothing to do: %v, sent %q", err, seen)
	}
}

func TestConcurrentRequestsShareOneRefresh(t *testing.T) {
	i := newIssuer(t)
	var mu sync.Mutex
	client := through(t, func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if got := subject(req.Header.Get("Authorization")); got != "id2" {
			t.Errorf("sent %q", got)
		}
		return answer(func(http.ResponseWriter, *http.Request) {}), nil
	}, func(c *Config) { c.OIDC = i.session() })
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := get(t, client); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(i.refreshes) != 1 {
		t.Errorf("%d refreshes", len(i.refreshes))
	}
}

// The issuer has taken the first refresh token back when it answers: who did not read that answer, or asked with the first again, is lost.
func TestARefreshIsFinishedAlthoughItsRequestHasGoneAway(t *testing.T) {
	i := newIssuer(t)
	asked, goOn := make(chan struct{}), make(chan struct{})
	i.hold = func() { close(asked); <-goOn }
	saved := make(chan string, 1)
	session := i.session()
	session.Persist = func(_ context.Context, id, refresh string) error {
		saved <- subject(id) + " " + refresh
		return nil
	}
	want, seen := "id2", []string(nil)
	client := subjects(t, &want, &seen, func(c *Config) { c.OIDC = session })
	ctx, leave := context.WithCancelCause(t.Context())
	why := errors.New("no patience")
	go func() {
		<-asked
		leave(why)
	}()
	if err := client.Get().AbsPath("x").Do(ctx).Error(); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	close(goOn)
	if got := <-saved; got != "id2 refresh2" {
		t.Errorf("saved %q", got)
	}
	if err := get(t, client); err != nil || fmt.Sprint(i.refreshes) != "[refresh1]" {
		t.Errorf("got %v after refreshes with %q", err, i.refreshes)
	}
}

func TestTheIssuerSaysHowClientsProveThemselves(t *testing.T) {
	for want, change := range map[string]func(*issuer, *OIDCConfig){
		": sheaf:hunter2": func(i *issuer, _ *OIDCConfig) {
			i.method = `,"token_endpoint_auth_methods_supported":["client_secret_post","private_key_jwt"]`
		},
		"sheaf:hunter2 :": func(i *issuer, _ *OIDCConfig) {
			i.method = `,"token_endpoint_auth_methods_supported":["client_secret_post","client_secret_basic"]`
		},
		"a%3Ab:hunter2 :": func(_ *issuer, o *OIDCConfig) { o.ClientID = "a:b" },
		": sheaf:":        func(_ *issuer, o *OIDCConfig) { o.ClientSecret = "" },
	} {
		i := newIssuer(t)
		session := i.session()
		change(i, session)
		expect, seen := "id2", []string(nil)
		if err := get(t, subjects(t, &expect, &seen, func(c *Config) { c.OIDC = session })); err != nil || len(i.clients) != 1 || i.clients[0] != want {
			t.Errorf("got %v as %q, want %q", err, i.clients, want)
		}
	}
}

func TestWhatGoesWrongWithAnIssuerIsOneSentenceWithoutTokens(t *testing.T) {
	for want, change := range map[string]func(*issuer, *OIDCConfig){
		"there is no refresh token: log in again":    func(_ *issuer, o *OIDCConfig) { o.RefreshToken = "" },
		"discovery: it answered 404 Not Found":       func(_ *issuer, o *OIDCConfig) { o.IssuerURL += "/gone" },
		`discovery: the issuer calls itself "x"`:     func(i *issuer, _ *OIDCConfig) { i.document = `{"issuer":"x"}` },
		"discovery: it answered with something else": func(i *issuer, _ *OIDCConfig) { i.document = "<html>" },
		"does not start with https://": func(i *issuer, _ *OIDCConfig) {
			i.document = `{"issuer":"` + i.URL + `/realm","token_endpoint":"http://x"}`
		},
		"refresh: it answered 400 Bad Request invalid_grant it is too old": func(i *issuer, _ *OIDCConfig) {
			i.code, i.answer = 400, `{"error":"invalid_grant","error_description":"it is\ntoo old"}`
		},
		"refresh: it answered 302 Found":   func(i *issuer, _ *OIDCConfig) { i.code, i.answer = 302, "" },
		`was the scope "openid" granted`:   func(i *issuer, _ *OIDCConfig) { i.answer = `{"access_token":"hunter2"}` },
		"certificate signed by unknown au": func(_ *issuer, o *OIDCConfig) { o.CAData = newAuthority(t, "other").pem },
	} {
		i := newIssuer(t)
		session := i.session()
		change(i, session)
		expect, seen := "id2", []string(nil)
		err := get(t, subjects(t, &expect, &seen, func(c *Config) { c.OIDC = session }))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "OIDC issuer "+i.URL+"/realm") {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "refresh1") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("one line without secrets: %q", err)
		}
		if len(seen) != 0 {
			t.Errorf("%s: an expired token was sent", want)
		}
	}
	for want, o := range map[string]OIDCConfig{
		"has no client ID":             {IssuerURL: "https://x", IDToken: "t"},
		"log in first":                 {IssuerURL: "https://x", ClientID: "c"},
		"must start with https://":     {IssuerURL: "http://x", ClientID: "c", IDToken: "t"},
		"[redacted]@x\" must not hold": {IssuerURL: "https://joe:hunter2@x", ClientID: "c", IDToken: "t"},
		"holds a line break":           {IssuerURL: "https://x", ClientID: "c", IDToken: "t\nX: y"},
		"OIDC issuer: CA file: open":   {IssuerURL: "https://x", ClientID: "c", IDToken: "t", CAFile: "/nowhere"},
		"OIDC issuer: CA data holds ":  {IssuerURL: "https://x", ClientID: "c", IDToken: "t", CAData: []byte("x")},
	} {
		if _, err := NewClient(&Config{Host: "x", OIDC: &o}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestATokenSaysWhenItEnds(t *testing.T) {
	in := time.Unix(1_800_000_000, 0)
	for token, want := range map[string]time.Time{
		webToken("x", in): in, "opaque": never, "a.b.c": never, "a.e30.c": never, "a." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":"soon"}`)) + ".c": never,
	} {
		if got := expiryOf(token); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", token, got, want)
		}
	}
}
