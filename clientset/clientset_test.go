package clientset_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset"
	"github.com/sheaf-dev/sheaf/resource"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
	apiregistrationv1 "github.com/sheaf-dev/sheaf/resource/apiregistration/v1"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	"github.com/sheaf-dev/sheaf/rest"
)

// server answers every request with one answer and remembers them, without any connection.
type server struct {
	code     int
	answer   string
	requests []string // "GET /api/v1/pods"
	bodies   []string
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	s.bodies = append(s.bodies, string(body))
	return &http.Response{
		StatusCode: s.code,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(s.answer)),
		Request:    r,
	}, nil
}

const notFound = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"nothing here","code":404}`

func newClientset(t testing.TB, s *server) *clientset.Clientset {
	t.Helper()
	cs, err := clientset.NewForConfig(&rest.Config{Host: "http://server.example", Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// accessor is one method of one group-version's clients, found by reflection.
type accessor struct {
	group, plural string
	method        reflect.Value
}

func (a accessor) namespaced() bool { return a.method.Type().NumIn() == 1 }

// call returns the client; a namespaced one for the namespace "ns".
func (a accessor) call() reflect.Value {
	if a.namespaced() {
		return a.method.Call([]reflect.Value{reflect.ValueOf("ns")})[0]
	}
	return a.method.Call(nil)[0]
}

func accessors(cs *clientset.Clientset) []accessor {
	var all []accessor
	set := reflect.ValueOf(cs)
	for i := range set.NumMethod() {
		group := set.Type().Method(i).Name
		if group == "RESTClient" {
			continue
		}
		clients := set.Method(i).Call(nil)[0]
		for j := range clients.NumMethod() {
			if plural := clients.Type().Method(j).Name; plural != "RESTClient" {
				all = append(all, accessor{group, plural, clients.Method(j)})
			}
		}
	}
	return all
}

func TestTheClientsetHasTheAccessorsThatClientGoHas(t *testing.T) {
	text, err := os.ReadFile("testdata/client-go-0.37.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(want) != 162 {
		t.Errorf("client-go has %d", len(want))
	}
	// An eviction is no resource of its own group: subresource.Evict posts it to its pod. client-go keeps the clients of definitions and API services elsewhere.
	want = slices.DeleteFunc(want, func(line string) bool {
		return strings.HasPrefix(line, "Policy") && strings.Contains(line, " Evictions ")
	})
	want = append(want, "ApiextensionsV1 CustomResourceDefinitions cluster", "ApiregistrationV1 APIServices cluster")
	slices.Sort(want)
	var got []string
	for _, a := range accessors(newClientset(t, &server{})) {
		scope := "cluster"
		if a.namespaced() {
			scope = "namespaced"
		}
		got = append(got, a.group+" "+a.plural+" "+scope)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEachAccessorRequestsItsOwnResource(t *testing.T) {
	definitions := map[string]*resource.Definition{}
	for _, def := range append(builtin.Definitions(), apiextensionsv1.CustomResourceDefinitions.Definition(), apiregistrationv1.APIServices.Definition()) {
		definitions[def.GoType().PkgPath()+" "+def.GoType().Name()] = def
	}
	s := &server{code: http.StatusNotFound, answer: notFound}
	for _, a := range accessors(newClientset(t, s)) {
		client := a.call()
		create := client.MethodByName("Create")
		object := create.Type().In(1).Elem()
		def := definitions[object.PkgPath()+" "+object.Name()]
		if strings.ToLower(a.plural) != def.GroupVersionResource().Resource {
			t.Errorf("%s.%s is the client of %v", a.group, a.plural, def)
		}
		want := "/apis/" + def.GroupVersionResource().GroupVersion().String()
		if def.GroupVersionResource().Group == "" {
			want = "/api/v1"
		}
		if def.Namespaced() {
			want += "/namespaces/ns"
		}
		want += "/" + def.GroupVersionResource().Resource

		s.requests = nil
		ctx := reflect.ValueOf(context.Background())
		if def.Verbs() == resource.VerbCreate {
			create.Call([]reflect.Value{ctx, reflect.ValueOf(def.New()), reflect.ValueOf(metav1.CreateOptions{})})
			want = "POST " + want
		} else {
			client.MethodByName("Get").Call([]reflect.Value{ctx, reflect.ValueOf("name"), reflect.ValueOf(metav1.GetOptions{})})
			want = "GET " + want + "/name"
		}
		if !slices.Equal(s.requests, []string{want}) {
			t.Errorf("%s.%s requested %q, want %q", a.group, a.plural, s.requests, want)
		}
	}
}

func TestARESTClientStartsAtItsGroupAndVersion(t *testing.T) {
	s := &server{code: http.StatusOK, answer: "{}"}
	cs := newClientset(t, s)
	for want, c := range map[string]*rest.Client{
		"GET /x":        cs.RESTClient(),
		"GET /api/v1/x": cs.CoreV1().RESTClient(),
		"GET /apis/rbac.authorization.k8s.io/v1/x":       cs.RbacV1().RESTClient(),
		"GET /apis/internal.apiserver.k8s.io/v1alpha1/x": cs.InternalV1alpha1().RESTClient(),
	} {
		s.requests = nil
		if _, err := c.Get().Suffix("x").DoRaw(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.requests, []string{want}) {
			t.Errorf("requested %q, want %q", s.requests, want)
		}
	}
}

func TestAVerbThatTheResourceLacksIsAnErrorWithoutARequest(t *testing.T) {
	s := &server{code: http.StatusOK, answer: "{}"}
	_, err := newClientset(t, s).CoreV1().ComponentStatuses().Create(t.Context(), &corev1.ComponentStatus{}, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), "componentstatuses") || len(s.requests) > 0 {
		t.Errorf("error %v, requests %q", err, s.requests)
	}
}

func TestAConfigurationThatCannotWorkIsAnError(t *testing.T) {
	if _, err := clientset.NewForConfig(&rest.Config{Host: "http://server.example:port"}); err == nil {
		t.Error("no error")
	}
}

func TestAClientsetWorksOverAnHTTPClientOfTheCallers(t *testing.T) {
	s := &server{code: http.StatusNotFound, answer: notFound}
	cs, err := clientset.NewForConfigAndClient(&rest.Config{Host: "http://server.example"}, &http.Client{Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cs.CoreV1().Pods("a").Get(t.Context(), "b", metav1.GetOptions{}); !apierrors.IsNotFound(err) || !slices.Equal(s.requests, []string{"GET /api/v1/namespaces/a/pods/b"}) {
		t.Errorf("got %v after %q", err, s.requests)
	}
	if _, err := clientset.NewForConfigAndClient(&rest.Config{Host: "http://server.example"}, nil); err == nil {
		t.Error("no error without an HTTP client")
	}
}

func ExampleClientset() {
	// Stands in for a server; a program uses clientcmd or rest.InClusterConfig.
	answers := &server{code: http.StatusOK, answer: `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[
		{"metadata":{"namespace":"shop","name":"cart-0"},"spec":{"nodeName":"a"}},
		{"metadata":{"namespace":"shop","name":"cart-1"},"spec":{"nodeName":"b"}}]}`}
	config := &rest.Config{Host: "http://server.example", Transport: answers}

	cs, err := clientset.NewForConfig(config)
	if err != nil {
		panic(err)
	}
	pods, err := cs.CoreV1().Pods("shop").List(context.Background(), metav1.ListOptions{LabelSelector: "app=cart"})
	if err != nil {
		panic(err)
	}
	for _, pod := range pods.Items {
		fmt.Println(pod.Name, pod.Spec.NodeName)
	}
	// Output:
	// cart-0 a
	// cart-1 b
}
