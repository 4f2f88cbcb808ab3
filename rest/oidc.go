package rest

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

const (
	oidcTimeout     = 30 * time.Second // for one request to the issuer
	oidcAnswerLimit = 1 << 20          // bytes of an issuer's answer
)

// oidcSession is a source of identity tokens. Concurrent requests share one refresh, which is finished even if all of them give up: an issuer
// may take the refresh token back when it has answered, and who did not read the answer, or asked twice, has lost the session.
type oidcSession struct {
	cfg       *OIDCConfig
	client    *http.Client
	refreshes flight

	mu      sync.Mutex // owns what follows
	id      string
	refresh string
	expires time.Time // of id; zero: there is none, or it was rejected
}

func newOIDCSession(cfg *OIDCConfig) (*oidcSession, error) {
	if cfg.ClientID == "" {
		return nil, errors.New("OIDC has no client ID")
	}
	if cfg.IDToken == "" && cfg.RefreshToken == "" {
		return nil, errors.New("OIDC has neither an identity token nor a refresh token: log in first")
	}
	if strings.ContainsAny(cfg.IDToken, "\r\n\x00") {
		return nil, errors.New("the OIDC identity token holds a line break")
	}
	issuer, err := url.Parse(cfg.IssuerURL)
	if err != nil || issuer.Scheme != "https" || issuer.Host == "" {
		return nil, errors.New("the URL of the OIDC issuer must start with https://")
	}
	if issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" {
		return nil, fmt.Errorf("the URL of the OIDC issuer %q must not hold a user name, password, query or fragment", shownURL(cfg.IssuerURL))
	}
	files := TLSConfig{CAFile: cfg.CAFile, CAData: cfg.CAData}
	material, err := files.load()
	if err != nil {
		return nil, fmt.Errorf("OIDC issuer: %w", err)
	}
	tlsConfig, err := files.tls(material)
	if err != nil {
		return nil, fmt.Errorf("OIDC issuer: %w", err)
	}
	return &oidcSession{
		cfg:       cfg,
		client:    oidcClient(tlsConfig, material.ca),
		refreshes: flight{finish: true},
		id:        cfg.IDToken,
		refresh:   cfg.RefreshToken,
		expires:   expiryOf(cfg.IDToken),
	}, nil
}

// oidcClient keeps no connections, since it is used once an hour or less, and follows no redirects, which would carry secrets away.
func oidcClient(tlsConfig *tls.Config, ca []byte) *http.Client {
	t := &http.Transport{
		Proxy: environmentProxy(http.ProxyFromEnvironment), TLSClientConfig: tlsConfig, DisableKeepAlives: true, TLSHandshakeTimeout: handshakeTimeout,
	}
	secureProxies(t, ca, false)
	return &http.Client{
		Timeout:       oidcTimeout,
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// never is the end of a token that does not say when it ends: the server will.
var never = time.Unix(1<<40, 0)

// expiryOf reads the end of a JSON web token, without checking the signature: that is the server's business.
func expiryOf(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return never
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return never
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1<<40 {
		return never
	}
	return time.Unix(int64(claims.Expires), 0)
}

// token returns the identity token, refreshing it if it is about to expire.
func (s *oidcSession) token(ctx context.Context) (string, error) {
	if id, ok := s.present(); ok {
		return id, nil
	}
	if err := s.refreshes.do(ctx, s.renew); err != nil {
		return "", fmt.Errorf("OIDC issuer %s: %w", s.cfg.IssuerURL, err)
	}
	id, _ := s.present()
	return id, nil
}

// present returns the identity token, and whether it is good for a while.
func (s *oidcSession) present() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id, s.id != "" && time.Now().Before(s.expires.Add(-expirySlack))
}

// rejected makes the next request refresh the token, if that can be done.
func (s *oidcSession) rejected(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == token {
		if s.refresh == "" {
			return false
		}
		s.expires = time.Time{}
	}
	return true
}

// renew gets a new identity token for the refresh token, unless a refresh has ended just now.
func (s *oidcSession) renew(ctx context.Context) error {
	if _, ok := s.present(); ok {
		return nil
	}
	s.mu.Lock()
	refresh := s.refresh
	s.mu.Unlock()
	if refresh == "" {
		return errors.New("the identity token has expired, and there is no refresh token: log in again")
	}
	provider, err := s.discover(ctx)
	if err != nil {
		return err
	}
	answer, err := s.exchange(ctx, provider, refresh)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.id, s.expires = answer.IDToken, expiryOf(answer.IDToken)
	if answer.RefreshToken != "" {
		s.refresh = answer.RefreshToken
	}
	refresh = s.refresh
	s.mu.Unlock()
	if s.cfg.Persist != nil {
		if err := s.cfg.Persist(ctx, answer.IDToken, refresh); err != nil {
			klog.FromContext(ctx).Error(err, "The refreshed OIDC tokens could not be saved")
		}
	}
	return nil
}

// oidcProvider is the part of an issuer's discovery document that is used.
type oidcProvider struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
}

// secretInBody says how the client proves itself to the token endpoint: in the form, or by basic authentication, which every issuer is to
// support unless it says otherwise.
func (p oidcProvider) secretInBody() bool {
	return slices.Contains(p.Methods, "client_secret_post") && !slices.Contains(p.Methods, "client_secret_basic")
}

func (s *oidcSession) discover(ctx context.Context) (oidcProvider, error) {
	var p oidcProvider
	issuer := strings.TrimSuffix(s.cfg.IssuerURL, "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return p, cause(err)
	}
	if err := s.ask(req, &p); err != nil {
		return p, fmt.Errorf("discovery: %w", err)
	}
	if strings.TrimSuffix(p.Issuer, "/") != issuer {
		return p, fmt.Errorf("discovery: the issuer calls itself %.200q", p.Issuer)
	}
	if !strings.HasPrefix(p.TokenEndpoint, "https://") {
		return p, fmt.Errorf("discovery: the token endpoint %.200q does not start with https://", p.TokenEndpoint)
	}
	return p, nil
}

// oidcAnswer is the answer of a token endpoint.
type oidcAnswer struct {
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
}

func (s *oidcSession) exchange(ctx context.Context, p oidcProvider, refresh string) (oidcAnswer, error) {
	var answer oidcAnswer
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	if s.cfg.ClientSecret == "" || p.secretInBody() {
		form.Set("client_id", s.cfg.ClientID)
		if s.cfg.ClientSecret != "" {
			form.Set("client_secret", s.cfg.ClientSecret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answer, cause(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !form.Has("client_id") {
		req.SetBasicAuth(url.QueryEscape(s.cfg.ClientID), url.QueryEscape(s.cfg.ClientSecret))
	}
	if err := s.ask(req, &answer); err != nil {
		return answer, fmt.Errorf("refresh: %w", err)
	}
	if answer.IDToken == "" || strings.ContainsAny(answer.IDToken, "\r\n\x00") {
		return answer, errors.New("refresh: the answer has no identity token; was the scope \"openid\" granted when logging in?")
	}
	return answer, nil
}

// ask sends a request to the issuer and reads the JSON answer. Errors show what the issuer says is wrong, and nothing else of the answer.
func (s *oidcSession) ask(req *http.Request, into any) error {
	req.Header.Set("Accept", ContentTypeJSON)
	resp, err := s.client.Do(req)
	if err != nil {
		return cause(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, oidcAnswerLimit))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var problem struct {
			Code        string `json:"error"`
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(data, &problem) // a page of HTML says nothing useful
		return errors.New(strings.TrimSpace(fmt.Sprintf("it answered %s %s", statusLine(resp), excerpt([]byte(problem.Code+" "+problem.Description)))))
	}
	if json.Unmarshal(data, into) != nil {
		return fmt.Errorf("it answered with something else than JSON, %q", resp.Header.Get("Content-Type"))
	}
	return nil
}

// String keeps the tokens out of whatever prints the session.
func (s *oidcSession) String() string { return "OIDC session with " + s.cfg.IssuerURL }
