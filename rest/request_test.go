package rest

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func unreachable(t *testing.T) *Client {
	return through(t, func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, http.ErrHandlerTimeout
	})
}

func TestARequestIsBuiltOfItsParts(t *testing.T) {
	root := unreachable(t)
	core, apps := root.For(coreV1), root.For(schema.GroupVersion{Group: "apps", Version: "v1"})
	grace := int64(0)
	for want, r := range map[string]*Request{
		"/":                                root.Get(),
		"/version":                         root.Get().AbsPath("version"),
		"/apis/":                           root.Get().AbsPath("/apis/"),
		"/openapi/v3/apis/apps/v1":         root.Get().AbsPath("openapi", "/v3/", "apis/apps", "v1"),
		"/api/v1/pods":                     core.Get().Resource("pods"),
		"/api/v1/namespaces/a/pods":        core.Get().Namespace("a").Resource("pods"),
		"/api/v1/namespaces/a/pods/b":      core.Get().NamespaceIfScoped("a", true).Resource("pods").Name("b"),
		"/api/v1/nodes/b":                  core.Get().NamespaceIfScoped("a", false).Resource("nodes").Name("b"),
		"/api/v1/pods?":                    core.Get().NamespaceIfScoped("", true).Resource("pods"),
		"/api/v1/namespaces/a/pods/b/exec": core.Post().Namespace("a").Resource("pods").Name("b").SubResource("exec"),
		"/api/v1/nodes/n/proxy/metrics/":   core.Get().Resource("nodes").Name("n").SubResource("proxy").Suffix("metrics/"),
		"/api/v1/nodes/n/proxy/a/b":        core.Get().Resource("nodes").Name("n").SubResource("proxy").Suffix("a/b"),
		"/api/v1/watch/pods":               core.Get().Prefix("watch").Resource("pods"),
		"/apis/apps/v1/deployments":        apps.Get().Resource("deployments"),
		"/apis/rbac/v1/roles/a:b":          root.For(schema.GroupVersion{Group: "rbac", Version: "v1"}).Get().Resource("roles").Name("a:b"),
		"/apis/apps/v1/deployments?limit=5&watch=true": root.Get().RequestURI("/apis/apps/v1/deployments?watch=true&limit=5"),
		"/version#2": root.Get().RequestURI("/base/version"),
		"/api/v1/pods?fieldSelector=spec.nodeName%3Dn&labelSelector=a%3Db": core.Get().Resource("pods").
			LabelSelector(labels.SelectorFromSet(labels.Set{"a": "b"})).FieldSelector(fields.OneTermEqualSelector("spec.nodeName", "n")),
		"/api/v1/pods?timeout=3s": core.Get().Resource("pods").Timeout(3 * time.Second),
		"/api/v1/pods?allowWatchBookmarks=true&limit=10&resourceVersion=5&resourceVersionMatch=NotOlderThan&sendInitialEvents=false&timeoutSeconds=7": core.Get().
			Resource("pods").VersionedParams(&metav1.ListOptions{TypeMeta: metav1.TypeMeta{Kind: "ListOptions"}, AllowWatchBookmarks: true, Limit: 10, ResourceVersion: "5",
			ResourceVersionMatch: "NotOlderThan", SendInitialEvents: new(bool), TimeoutSeconds: ptr(int64(7))}),
		"/api/v1/pods?command=a&command=b&container=c&stdout=true": core.Get().Resource("pods").
			VersionedParams(&corev1.PodExecOptions{Command: []string{"a", "b"}, Container: "c", Stdout: true}),
		"/api/v1/pods?dryRun=All&gracePeriodSeconds=0": core.Delete().Resource("pods").
			VersionedParams(&metav1.DeleteOptions{DryRun: []string{"All"}, GracePeriodSeconds: &grace}),
	} {
		if err := r.err(); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		want, _, _ = strings.Cut(strings.TrimSuffix(want, "?"), "#")
		if got := r.URL().String(); got != "https://api.example.com/base"+want {
			t.Errorf("got %s, want …%s", got, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestAMistakeInARequestIsAnErrorAndNothingIsSent(t *testing.T) {
	c := unreachable(t).For(coreV1)
	for want, r := range map[string]*Request{
		`the name is set twice: "a" and "b"`:                     c.Get().Resource("pods").Name("a").Name("b"),
		`the resource is set twice`:                              c.Get().Resource("pods").Resource("nodes"),
		`the namespace is set twice`:                             c.Get().Namespace("a").Namespace("b"),
		`the subresource is set twice`:                           c.Get().Resource("pods").Name("a").SubResource("x").SubResource("y"),
		`the body is set twice`:                                  c.Post().Resource("pods").Body([]byte("a")).Body([]byte("b")),
		`the name is empty`:                                      c.Get().Resource("pods").Name(""),
		`the namespace is empty`:                                 c.Get().Namespace("").Resource("pods"),
		`the resource is empty`:                                  c.Get().Resource(""),
		`the name "a/b" must not contain a slash`:                c.Get().Resource("pods").Name("a/b"),
		`the name "a%2fb" must not contain a slash or a percent`: c.Get().Resource("pods").Name("a%2fb"),
		`the name must not be ".."`:                              c.Get().Resource("pods").Name(".."),
		`the namespace must not be "."`:                          c.Get().Namespace(".").Resource("pods"),
		`the subresource "a/b" must not contain`:                 c.Get().Resource("pods").Name("a").SubResource("a/b"),
		`must not contain ".."`:                                  c.Get().AbsPath("/a/../b"),
		`the path "../.." must not`:                              c.Get().Resource("pods").Suffix("../.."),
		`a segment of the suffix is empty`:                       c.Get().Resource("pods").Suffix("/"),
		`the subresource "status" needs a name`:                  c.Get().Resource("pods").SubResource("status"),
		`the name "a" needs a resource`:                          c.Get().Name("a"),
		`the time-out -1s is negative`:                           c.Get().Resource("pods").Timeout(-time.Second),
		`retries -1 is negative`:                                 c.Get().Resource("pods").MaxRetries(-1),
		`the name of a query parameter is empty`:                 c.Get().Resource("pods").Param("", "x"),
		`the request URI is malformed`:                           c.Get().RequestURI("%"),
		`the request URI must be a path`:                         c.Get().RequestURI("https://elsewhere/"),
		`body of type chan int`:                                  c.Post().Resource("pods").Body(make(chan int)),
		`options of type int`:                                    c.Get().Resource("pods").VersionedParams(5),
	} {
		err := r.Do(t.Context()).Error()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := r.err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the second time: got %v, want %s", err, want)
		}
	}
}

// A request goes where its parts say or nowhere: whatever they are, its path has them as whole segments, below the server's path.
func FuzzThePathStaysWhereItsPartsSay(f *testing.F) {
	for _, seed := range [][4]string{
		{"default", "pods", "a", "status"}, {"..", "pods", "..", ""}, {"a/b", "%2e%2e", "a?b=c", "#x"}, {"", "", "", ""},
		{"n", "pods", "a b", "ü"}, {"n", "p;x", "\x00", "//"}, {".", ".", ".", "."}, {"n", "pods", "system:node", "proxy"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], "a/b/")
	}
	base, err := NewClient(&Config{Host: "https://example.com/base", Transport: roundTrip(nil)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, namespace, resource, name, sub, suffix string) {
		r := base.For(coreV1).Get().Namespace(namespace).Resource(resource).Name(name).SubResource(sub).Suffix(suffix).Param("q", suffix)
		if r.err() != nil {
			return
		}
		u, err := url.Parse(r.URL().String())
		if err != nil {
			t.Fatal(err)
		}
		prefix := "/base/api/v1/namespaces/" + namespace + "/" + resource + "/" + name + "/" + sub + "/"
		if !strings.HasPrefix(u.Path, prefix) || u.Host != "example.com" || u.Fragment != "" {
			t.Errorf("%q leads to %s", []string{namespace, resource, name, sub, suffix}, u)
		}
		if got := path.Clean(strings.TrimPrefix(u.Path, prefix)); strings.HasPrefix(got, "..") {
			t.Errorf("%q leads upwards: %s", suffix, u.Path)
		}
		if u.Query().Get("q") != suffix {
			t.Errorf("the parameter became %q, want %q", u.Query().Get("q"), suffix)
		}
	})
}
