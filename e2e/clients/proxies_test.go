package clients_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// podIP is the address of a pod that answers; nothing has it.
const podIP = "10.11.12.13"

// startShop makes a pod "p" with an address, behind a service "shop", and an HTTP server that answers for it on port 8080.
func startShop(t *testing.T, client *rest.Client) (pods typed.Client[*coreapi.Pod], services typed.Client[*coreapi.Service]) {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/cart?from=moved", http.StatusFound)
		case "/missing":
			http.Error(w, "no such item", http.StatusNotFound)
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s with %q, Authorization %q", r.Method, r.URL.RequestURI(), body, r.Header.Get("X-Own"), r.Header.Get("Authorization"))
		}
	}))
	t.Cleanup(backend.Close)
	nodesNetwork.answerFor(net.JoinHostPort(podIP, "8080"), strings.TrimPrefix(backend.URL, "http://"))

	ns := namespace(t, client)
	pods, services = typed.For(client, corev1.Pods).Namespace(ns), typed.For(client, corev1.Services).Namespace(ns)
	pod := create(t, pods, &coreapi.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec:       coreapi.PodSpec{Containers: []coreapi.Container{{Name: "main", Image: "example.com/web", Ports: []coreapi.ContainerPort{{ContainerPort: 8080}}}}},
	})
	pod.Status.PodIP, pod.Status.PodIPs = podIP, []coreapi.PodIP{{IP: podIP}}
	if _, err := pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	create(t, services, &coreapi.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "shop"},
		Spec:       coreapi.ServiceSpec{Ports: []coreapi.ServicePort{{Name: "http", Port: 80}}},
	})
	// The type is deprecated, and still what the API server's proxy looks into.
	answer, err := server.Do(t.Context(), http.MethodPost, "/api/v1/namespaces/"+ns+"/endpoints", `{"metadata":{"name":"shop"},"subsets":[{
		"addresses":[{"ip":"`+podIP+`","targetRef":{"kind":"Pod","namespace":"`+ns+`","name":"p"}}],"ports":[{"name":"http","port":8080}]}]}`)
	if err != nil || answer.Code != http.StatusCreated {
		t.Fatal(answer, err)
	}
	return pods, services
}

// ask makes a request through a proxy, and returns the code and the body of the answer.
func ask(t *testing.T, proxy http.RoundTripper, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Own", "mine")
	client := http.Client{Transport: proxy}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(text)
}

func TestPodsAndServicesAreReachedThroughProxies(t *testing.T) {
	pods, services := startShop(t, connect(t, cluster.Admin))
	pod, err1 := subresource.Proxy(pods, "p:8080")
	bare, err2 := subresource.Proxy(pods, "p") // its first port
	service, err3 := subresource.Proxy(services, "shop:http")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for name, proxy := range map[string]http.RoundTripper{"pod": pod, "pod without a port": bare, "service": service} {
		want := `POST /cart/a%20b?n=1&m=2 two with "mine", Authorization ""` // the credentials stay at the API server
		if code, got := ask(t, proxy, http.MethodPost, "http://shop/cart/a%20b?n=1&m=2", "two"); code != http.StatusOK || got != want {
			t.Errorf("%s: %d %s", name, code, got)
		}
		if code, got := ask(t, proxy, http.MethodGet, "http://shop/moved", ""); code != http.StatusOK || !strings.HasPrefix(got, "GET /cart?from=moved ") {
			t.Errorf("%s: a redirect leads to %d %s", name, code, got)
		}
		if code, got := ask(t, proxy, http.MethodGet, "http://shop/missing", ""); code != http.StatusNotFound || got != "no such item\n" {
			t.Errorf("%s: %d %s", name, code, got)
		}
	}
	if proxy, err := subresource.Proxy(services, "none"); err != nil {
		t.Error(err)
	} else if code, got := ask(t, proxy, http.MethodGet, "http://none/", ""); code != http.StatusNotFound || !strings.Contains(got, `"reason":"NotFound"`) {
		t.Errorf("a service that is not there: %d %s", code, got)
	}
	guest := typed.For(connect(t, cluster.Guest), corev1.Pods).Namespace("default")
	if proxy, err := subresource.Proxy(guest, "p"); err != nil {
		t.Error(err)
	} else if code, got := ask(t, proxy, http.MethodGet, "http://p/", ""); code != http.StatusForbidden || !strings.Contains(got, "pods/proxy") {
		t.Errorf("a guest: %d %s", code, got)
	}
}

// The API server does not proxy to addresses of its own machine, whoever asks.
func TestAPodOnTheServersOwnMachineIsNotReached(t *testing.T) {
	client := connect(t, cluster.Admin)
	pods, _ := startShop(t, client)
	pod, err := pods.Get(t.Context(), "p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.PodIP, pod.Status.PodIPs = "127.0.0.1", []coreapi.PodIP{{IP: "127.0.0.1"}}
	if _, err := pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	proxy, err := subresource.Proxy(pods, "p:8080")
	if err != nil {
		t.Fatal(err)
	}
	if code, got := ask(t, proxy, http.MethodGet, "http://p/", ""); code != http.StatusBadRequest || !strings.Contains(got, "not allowed") {
		t.Errorf("got %d %s", code, got)
	}
}

func TestANodeIsReachedThroughItsKubelet(t *testing.T) {
	client := connect(t, cluster.Admin)
	pods := startKubelet(t, client)
	pod, err := pods.Get(t.Context(), "p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := subresource.Proxy(typed.For(client, corev1.Nodes), pod.Spec.NodeName)
	if err != nil {
		t.Fatal(err)
	}
	if code, got := ask(t, proxy, http.MethodGet, "http://node/healthz?verbose=1", ""); code != http.StatusOK || got != "ok, asked for /healthz?verbose=1" {
		t.Errorf("got %d %s", code, got)
	}
}
