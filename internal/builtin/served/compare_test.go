package served

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	discovery "k8s.io/api/apidiscovery/v2"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	storagev1 "github.com/sheaf-dev/sheaf/resource/storage/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var release136 = Release{1, 36}

// recorded is what Kubernetes 1.36.3 serves with all APIs and feature gates on.
func recorded(t testing.TB) []discovery.APIGroupDiscovery {
	t.Helper()
	text, err := os.ReadFile("testdata/discovery-1.36.json")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

// resourceNamed returns the recorded resource, to be changed by a test.
func resourceNamed(t *testing.T, groups []discovery.APIGroupDiscovery, group, version, name string) *discovery.APIResourceDiscovery {
	t.Helper()
	for _, g := range groups {
		for _, v := range g.Versions {
			for i := range v.Resources {
				if g.Name == group && v.Version == version && v.Resources[i].Resource == name {
					return &v.Resources[i]
				}
			}
		}
	}
	t.Fatalf("%s.%s/%s is not recorded", name, group, version)
	return nil
}

func TestTheTableIsWhatARealServerServes(t *testing.T) {
	for _, difference := range Compare(builtin.Definitions(), release136, recorded(t)) {
		t.Error(difference)
	}
}

func TestEachDifferenceIsASentence(t *testing.T) {
	for want, change := range map[string]func(pods *discovery.APIResourceDiscovery){
		"pods/v1 is not served": func(pods *discovery.APIResourceDiscovery) { pods.Resource = "bindings" },
		"pods/v1: the server's scope is cluster, the table's namespaced":                                      func(pods *discovery.APIResourceDiscovery) { pods.Scope = discovery.ScopeCluster },
		"pods/v1: the server's kind is /v1, Kind=Pea, the table's /v1, Kind=Pod":                              func(pods *discovery.APIResourceDiscovery) { pods.ResponseKind.Kind = "Pea" },
		"pods/v1: the server has the verbs get, the table " + resource.AllVerbs.String():                      func(pods *discovery.APIResourceDiscovery) { pods.Verbs = []string{"get"} },
		`pods/v1: the server has the short names ["pd"] and categories ["all"], the table ["po"] and ["all"]`: func(pods *discovery.APIResourceDiscovery) { pods.ShortNames = []string{"pd"} },
		"attach of pods/v1 is not served":                                                                     func(pods *discovery.APIResourceDiscovery) { pods.Subresources = pods.Subresources[1:] },
		"magic of pods/v1 is served, and is not in the table": func(pods *discovery.APIResourceDiscovery) {
			pods.Subresources = append(pods.Subresources, discovery.APISubresourceDiscovery{Subresource: "magic"})
		},
		"attach of pods/v1: the server has the verbs get, the table get,create": func(pods *discovery.APIResourceDiscovery) {
			pods.Subresources[0].Verbs = []string{"get"}
		},
		"attach of pods/v1: the server's kind is /v1, Kind=Pod, the table's /v1, Kind=PodAttachOptions": func(pods *discovery.APIResourceDiscovery) {
			pods.Subresources[0].ResponseKind.Kind = "Pod"
		},
	} {
		groups := recorded(t)
		change(resourceNamed(t, groups, "", "v1", "pods"))
		if got := Compare(builtin.Definitions(), release136, groups); !slices.Equal(got, []string{want}) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestAResourceThatTheTableLacksIsADifferenceUnlessItIsCustom(t *testing.T) {
	groups := recorded(t)
	add := func(group string) {
		groups = append(groups, discovery.APIGroupDiscovery{Versions: []discovery.APIVersionDiscovery{{
			Version: "v1", Resources: []discovery.APIResourceDiscovery{{Resource: "widgets"}},
		}}})
		groups[len(groups)-1].Name = group
	}
	add("example.com")
	add("new.k8s.io")
	want := []string{"widgets.new.k8s.io/v1 is served, and is not in the table"}
	if got := Compare(builtin.Definitions(), release136, groups); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAReasonThatNoLongerHoldsIsADifference(t *testing.T) {
	got := Compare(builtin.Definitions(), Release{1, 20}, recorded(t))
	if want := "horizontalpodautoscalers.autoscaling/v2 is served, although it is new in 1.23"; !slices.Contains(got, want) {
		t.Errorf("the differences do not say %q: %q", want, got)
	}
	if want := "cronjobs.batch/v1beta1 is not served"; !slices.Contains(got, want) {
		t.Errorf("the differences do not say %q: %q", want, got)
	}
	groups := recorded(t)
	nodes := resourceNamed(t, groups, "storage.k8s.io", "v1", "csinodes")
	nodes.Subresources = []discovery.APISubresourceDiscovery{{Subresource: "status", ResponseKind: nodes.ResponseKind, Verbs: []string{"get", "patch", "update"}}}
	got = Compare([]*resource.Definition{storagev1.CSINodes.Definition()}, release136, groups)
	if want := "status of csinodes.storage.k8s.io/v1 is served, although it is new in 1.37"; !slices.Contains(got, want) {
		t.Errorf("the differences do not say %q", want)
	}
}

func TestGatedResourcesMayBeMissing(t *testing.T) {
	for gvr, reason := range gated {
		if reason == "" {
			t.Errorf("no reason for %v", gvr)
		}
		groups := recorded(t)
		resourceNamed(t, groups, gvr.Group, gvr.Version, gvr.Resource).Resource = "x"
		for _, difference := range Compare(builtin.Definitions(), release136, groups) {
			if !strings.HasPrefix(difference, "x."+gvr.Group) {
				t.Error(difference)
			}
		}
	}
}

func TestADocumentThatIsNoDiscoveryIsAnError(t *testing.T) {
	for _, text := range []string{"", "<html>", `{"kind": "APIGroupList"}`} {
		if groups, err := Parse([]byte(text)); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, groups)
		}
	}
}

func ExampleCompare() {
	groups, err := Parse([]byte(`{"kind": "APIGroupDiscoveryList", "items": [{"versions": [{"version": "v1", "resources": [
		{"resource": "configmaps", "scope": "Namespaced", "responseKind": {"kind": "ConfigMap"}, "shortNames": ["cm"], "verbs": ["get", "list"]}
	]}]}]}`))
	if err != nil {
		panic(err)
	}
	for _, difference := range Compare([]*resource.Definition{corev1.ConfigMaps.Definition()}, Release{1, 36}, groups) {
		fmt.Println(difference)
	}
	// Output: configmaps/v1: the server has the verbs get,list, the table get,list,watch,create,update,patch,delete,deletecollection
}
