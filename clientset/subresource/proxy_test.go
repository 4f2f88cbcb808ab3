package subresource_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestAProxyReachesPodsServicesAndNodes(t *testing.T) {
	s, client := answering(t, "hello")
	pod, err1 := subresource.Proxy(typed.For(client, corev1.Pods).Namespace("shop"), "https:cart-0:8443")
	service, err2 := subresource.Proxy(typed.For(client, corev1.Services).Namespace("shop"), "cart:http")
	node, err3 := subresource.Proxy(typed.For(client, corev1.Nodes), "n1")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for _, c := range []struct {
		transport http.RoundTripper
		url, want string
	}{
		{pod, "http://pod/a%2Fb/c?x=1&y=%20", "POST /base/api/v1/namespaces/shop/pods/https:cart-0:8443/proxy/a%2Fb/c?x=1&y=%20"},
		{service, "http://cart/", "POST /base/api/v1/namespaces/shop/services/cart:http/proxy/"},
		{node, "http://node", "POST /base/api/v1/nodes/n1/proxy/"},
	} {
		h := http.Client{Transport: c.transport}
		answer, err := h.Post(c.url, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || string(text) != "hello" || s.body != "body" || s.request != c.want {
			t.Errorf("%s with %q was answered %q, %v; want %s", s.request, s.body, text, err, c.want)
		}
		if s.header.Get("Authorization") != "Bearer secret" {
			t.Errorf("the request has no credentials: %v", s.header)
		}
	}
}

func TestAnAnswerBehindAProxyIsNoError(t *testing.T) {
	s, client := answering(t, "come back later")
	s.code = http.StatusServiceUnavailable
	transport, err := subresource.Proxy(typed.For(client, corev1.Nodes), "n1")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: transport}).Get("http://n1/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || s.sent != 1 {
		t.Errorf("answered %d after %d requests", answer.StatusCode, s.sent)
	}
}

func TestARedirectBehindAProxyLeadsThroughIt(t *testing.T) {
	for location, want := range map[string]string{
		"/base/api/v1/namespaces/shop/pods/p/proxy/new?q=1":                        "http://pod/new?q=1",
		"https://api.example.com/base/api/v1/namespaces/shop/pods/p/proxy/a%2Fb":   "http://pod/a%2Fb",
		"/base/api/v1/namespaces/shop/pods/p/proxy":                                "http://pod/",
		"https://elsewhere.example.com/base/api/v1/namespaces/shop/pods/p/proxy/x": "https://elsewhere.example.com/base/api/v1/namespaces/shop/pods/p/proxy/x",
		"/base/api/v1/namespaces/shop/pods/p/proxyother":                           "/base/api/v1/namespaces/shop/pods/p/proxyother",
	} {
		s, client := answering(t, "")
		s.code, s.location = http.StatusFound, location
		transport, err := subresource.Proxy(typed.For(client, corev1.Pods).Namespace("shop"), "p")
		if err != nil {
			t.Fatal(err)
		}
		h := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := h.Get("http://pod/old")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.Header.Get("Location"); got != want {
			t.Errorf("%s became %s, want %s", location, got, want)
		}
	}
}

func TestCredentialsForWhatIsBehindAProxyAreRefused(t *testing.T) {
	s, client := answering(t, "")
	transport, err := subresource.Proxy(typed.For(client, corev1.Nodes), "n1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Impersonate-User"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://n1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(name, "hidden")
		if _, err := transport.RoundTrip(req); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hidden") || s.sent > 0 {
			t.Errorf("%s: error %v after %d requests", name, err, s.sent)
		}
	}
}

func TestAProxyOfWhatHasNoneIsAnError(t *testing.T) {
	_, client := answering(t, "")
	if _, err := subresource.Proxy(typed.For(client, corev1.Secrets).Namespace("shop"), "s"); err == nil {
		t.Error("a secret has no proxy")
	}
	for _, name := range []string{"", "a/b", ".."} {
		if _, err := subresource.Proxy(typed.For(client, corev1.Pods).Namespace("shop"), name); err == nil {
			t.Errorf("the name %q gave no error", name)
		}
	}
}

func ExampleLogs() {
	client := demoClient("the cart is open\n")

	pods := typed.For(client, corev1.Pods).Namespace("shop")
	logs, err := subresource.Logs(context.Background(), pods, "cart-0", nil)
	if err != nil {
		panic(err)
	}
	defer logs.Close()
	text, err := io.ReadAll(logs)
	fmt.Print(string(text), err)
	// Output:
	// the cart is open
	// <nil>
}
