// Package clients_test makes requests of every kind to a real API server, with typed clients: every verb of every built-in resource, every
// option, subresources, commands in pods, refusals, and credentials that change.
package clients_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/e2e/internal/samples"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// within bounds every wait on the server; it is many times what one takes.
const within = time.Minute

var (
	server       *cluster.Cluster
	nodesNetwork *egress
)

// limited is a user whom a test sends to a priority level with a single seat.
var limited = cluster.User{Name: "limited"}

func TestMain(m *testing.M) {
	network, flag, err := startEgress()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	nodesNetwork = network
	options := cluster.Options{
		AllAPIs:        true,
		APIServerFlags: []string{"--feature-gates=AllAlpha=true,AllBeta=true", flag},
		Users:          []cluster.User{limited},
	}
	os.Exit(cluster.Main(m, options, &server, network.stop, func() error { return goleak.Find() }))
}

// connect returns a client of a user's.
func connect(t *testing.T, u cluster.User, change ...func(*rest.Config)) *rest.Client {
	t.Helper()
	config := &rest.Config{
		Host:        server.URL,
		TLS:         rest.TLSConfig{CAData: server.CA},
		BearerToken: server.Token(u),
		Warnings:    rest.IgnoreWarnings,
	}
	for _, f := range change {
		f(config)
	}
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client
}

// namespace creates a namespace of the test's own.
func namespace(t *testing.T, client *rest.Client) string {
	t.Helper()
	ns, err := typed.For(client, corev1.Namespaces).Create(t.Context(), &coreapi.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "clients-"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// configMaps returns a client for the config maps of a namespace of the test's own.
func configMaps(t *testing.T, change ...func(*rest.Config)) typed.Client[*coreapi.ConfigMap] {
	t.Helper()
	client := connect(t, cluster.Admin, change...)
	return typed.For(client, corev1.ConfigMaps).Namespace(namespace(t, client))
}

func configMap(name, value string) *coreapi.ConfigMap {
	return &coreapi.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"value": value}}
}

// create creates an object, or the test is over.
func create[T resource.Object](t *testing.T, client typed.Client[T], o T) T {
	t.Helper()
	made, err := client.Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// sample returns an object of a resource as a person would write it, without a namespace.
func sample(t *testing.T, def *resource.Definition) resource.Object {
	t.Helper()
	data := samples.JSON(def.GroupVersionKind())
	if data == nil {
		t.Fatalf("there is no sample of %s", def.GroupVersionKind())
	}
	o := def.New()
	if err := json.Unmarshal(data, o); err != nil {
		t.Fatal(err)
	}
	def.SetKind(o)
	return o
}

// sampleOf is sample with its type.
func sampleOf[T resource.Object](t *testing.T, r resource.Resource[T]) T {
	t.Helper()
	return sample(t, r.Definition()).(T)
}
