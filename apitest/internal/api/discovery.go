package api

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// group is an API group with its versions in order of preference.
type group struct {
	name     string
	versions []string
	kinds    map[string][]*kinds.Kind // by version
}

// groupOrder is the order in which the real server lists its groups; others follow by name.
var groupOrder = []string{"", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling",
	"batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
	"admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io",
	"flowcontrol.apiserver.k8s.io", "resource.k8s.io"}

func rank(name string) int {
	switch i := slices.Index(groupOrder, name); {
	case name == "extensions":
		return len(groupOrder) + 1 // gone from real servers: never preferred
	case i < 0:
		return len(groupOrder)
	default:
		return i
	}
}

// groups returns what is served.
func (a *API) groups() []*group {
	var out []*group
	byName := map[string]*group{}
	for _, k := range a.objects.Kinds.All() {
		if k.Def.Verbs() == 0 {
			continue // it exists as a subresource only
		}
		g := byName[k.GVR().Group]
		if g == nil {
			g = &group{name: k.GVR().Group, kinds: map[string][]*kinds.Kind{}}
			byName[g.name] = g
			out = append(out, g)
		}
		version := k.GVR().Version
		if _, ok := g.kinds[version]; !ok {
			g.versions = append(g.versions, version)
		}
		g.kinds[version] = append(g.kinds[version], k)
	}
	slices.SortStableFunc(out, func(a, b *group) int { return rank(a.name) - rank(b.name) })
	return out
}

func (g *group) legacy() metav1.APIGroup {
	out := metav1.APIGroup{Name: g.name}
	for _, v := range g.versions {
		gv := schema.GroupVersion{Group: g.name, Version: v}
		out.Versions = append(out.Versions, metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: v})
	}
	out.PreferredVersion = out.Versions[0]
	return out
}

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// discovery serves /api and /apis, in the aggregated form if the client asks for it.
func (a *API) discovery(w http.ResponseWriter, r *http.Request, path string) {
	groups := slices.DeleteFunc(a.groups(), func(g *group) bool { return (g.name == "") != (path == "/api") })
	accept, ok := wire.Negotiate(r.Header.Get("Accept"), func(accept wire.Accept) bool {
		return accept.Format == wire.JSON && (accept.As == "" || accept.As == "APIGroupDiscoveryList" && accept.Group == "apidiscovery.k8s.io" && accept.Ver == "v2")
	})
	w.Header().Add("Vary", "Accept")
	switch {
	case ok && accept.As != "":
		a.sendAggregated(w, r, groups)
	case path == "/api":
		a.sendDiscovery(w, r, "APIVersions", &metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: r.Host}}})
	default:
		list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{}}
		for _, g := range groups {
			list.Groups = append(list.Groups, g.legacy())
		}
		a.sendDiscovery(w, r, "APIGroupList", list)
	}
}

// documentTypes are the media types of discovery documents.
var documentTypes = []string{wire.MediaJSON, wire.MediaYAML, wire.MediaProtobuf}

// sendDiscovery answers with a discovery document in the format that the client asks for.
func (a *API) sendDiscovery(w http.ResponseWriter, r *http.Request, kind string, document interface{ Marshal() ([]byte, error) }) {
	header := r.Header.Get("Accept")
	groups := strings.HasPrefix(kind, "APIGroup") // which another part of the real server answers, in its own way
	if groups {
		header = strings.ReplaceAll(header, "application/*", "*/*")
	}
	accept, ok := wire.Negotiate(header, func(accept wire.Accept) bool { return accept.As == "" })
	if _, known := wire.Negotiate(header, func(wire.Accept) bool { return true }); !known && !groups {
		a.SendError(w, r, noRepresentation(documentTypes))
		return
	}
	if !ok {
		a.SendError(w, r, plainStatus(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, "only the following media types are accepted: "+strings.Join(documentTypes, ", ")))
		return
	}
	q := &request{api: a, w: w, r: r, accept: accept}
	encode := json.Marshal
	if accept.Format == wire.Protobuf {
		encode = func(any) ([]byte, error) { return document.Marshal() }
	}
	data, err := encode(document)
	if err != nil {
		a.SendError(w, r, err)
		return
	}
	q.sendBytes(http.StatusOK, wire.NewEnvelope(schema.GroupVersionKind{Version: "v1", Kind: kind}), data)
}

// groupDiscovery serves /apis/GROUP, /apis/GROUP/VERSION and /api/v1.
func (a *API) groupDiscovery(w http.ResponseWriter, r *http.Request, parts []string) {
	name, version := "", ""
	switch {
	case parts[0] == "api" && len(parts) == 2:
		version = parts[1]
	case parts[0] == "apis" && len(parts) == 2:
		name = parts[1]
	case parts[0] == "apis" && len(parts) == 3:
		name, version = parts[1], parts[2]
	}
	for _, g := range a.groups() {
		switch {
		case g.name != name:
		case version == "":
			legacy := g.legacy()
			legacy.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
			a.sendDiscovery(w, r, "APIGroup", &legacy)
			return
		case g.kinds[version] != nil && r.Method != http.MethodGet:
			a.SendError(w, r, errMethod)
			return
		case g.kinds[version] != nil:
			a.sendDiscovery(w, r, "APIResourceList", resourceList(schema.GroupVersion{Group: name, Version: version}, g.kinds[version]))
			return
		}
	}
	a.SendError(w, r, a.missing(schema.GroupVersion{Group: name, Version: version}))
}

func resourceList(gv schema.GroupVersion, list []*kinds.Kind) *metav1.APIResourceList {
	out := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	if gv.Group == "" {
		out.APIVersion = "" // as the real server, for old clients' sake
	}
	for _, k := range list {
		main := metav1.APIResource{
			Name: k.GVR().Resource, SingularName: k.Singular, Namespaced: k.Namespaced(), Kind: k.GVK().Kind,
			Verbs: verbsOf(k), ShortNames: k.ShortNames, Categories: k.Categories,
		}
		if k.Def.Verbs().Has(resource.VerbGet) {
			main.StorageVersionHash = storageHash(k)
		}
		out.APIResources = append(out.APIResources, main)
		for _, sub := range subresources(k) {
			gvk := subresourceKind(k, sub)
			entry := metav1.APIResource{Name: k.GVR().Resource + "/" + sub.Name, Namespaced: k.Namespaced(), Kind: gvk.Kind, Verbs: verbNames(sub.Verbs)}
			if gvk.GroupVersion() != gv {
				entry.Group, entry.Version = gvk.Group, gvk.Version
			}
			out.APIResources = append(out.APIResources, entry)
		}
	}
	return out
}

// verbsOf returns a kind's verbs; those of custom resources have an order of their own.
func verbsOf(k *kinds.Kind) metav1.Verbs {
	if k.Custom() != nil {
		return metav1.Verbs{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}
	}
	return verbNames(k.Def.Verbs())
}

// subresources returns what is below an object, a custom resource's status first.
func subresources(k *kinds.Kind) []resource.Subresource {
	list := k.Def.Subresources()
	if k.Custom() != nil {
		slices.Reverse(list)
	}
	return list
}

// verbNames returns verbs in the alphabetical order of discovery documents.
func verbNames(v resource.Verbs) metav1.Verbs {
	names := v.Names()
	slices.Sort(names)
	return names
}

func subresourceKind(k *kinds.Kind, sub resource.Subresource) schema.GroupVersionKind {
	if sub.Kind.Kind == "" {
		return k.GVK()
	}
	return sub.Kind
}

// storageHash tells clients whether two versions of a resource are stored in one form.
func storageHash(k *kinds.Kind) string {
	sum := sha512.Sum512([]byte(k.Storage.Def.String()))
	return base64.StdEncoding.EncodeToString(sum[:8])
}

// sendAggregated answers with all groups, versions and resources in one document.
func (a *API) sendAggregated(w http.ResponseWriter, r *http.Request, groups []*group) {
	list := apidiscoveryv2.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
		Items:    []apidiscoveryv2.APIGroupDiscovery{},
	}
	for _, g := range groups {
		item := apidiscoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: g.name}}
		for _, version := range g.versions {
			item.Versions = append(item.Versions, apidiscoveryv2.APIVersionDiscovery{
				Version: version, Resources: aggregatedResources(g.kinds[version]), Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent,
			})
		}
		list.Items = append(list.Items, item)
	}
	data, err := json.Marshal(list)
	if err != nil {
		a.SendError(w, r, err)
		return
	}
	tag := fmt.Sprintf("%q", strings.ToUpper(fmt.Sprintf("%x", sha512.Sum512(data))))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	var b body
	b.add(data, newline)
	a.send(w, r, http.StatusOK, aggregated, &b)
}

func aggregatedResources(list []*kinds.Kind) []apidiscoveryv2.APIResourceDiscovery {
	var out []apidiscoveryv2.APIResourceDiscovery
	for _, k := range list {
		entry := apidiscoveryv2.APIResourceDiscovery{
			Resource: k.GVR().Resource, ResponseKind: responseKind(k, k.GVK()), Scope: apidiscoveryv2.ScopeCluster, SingularResource: k.Singular,
			Verbs: verbsOf(k), ShortNames: k.ShortNames, Categories: k.Categories,
		}
		if k.Namespaced() {
			entry.Scope = apidiscoveryv2.ScopeNamespace
		}
		for _, sub := range subresources(k) {
			entry.Subresources = append(entry.Subresources, apidiscoveryv2.APISubresourceDiscovery{
				Subresource: sub.Name, ResponseKind: responseKind(k, subresourceKind(k, sub)), Verbs: verbNames(sub.Verbs),
			})
		}
		out = append(out, entry)
	}
	return out
}

// responseKind names a kind; its group and version are left out where they are the resource's.
func responseKind(k *kinds.Kind, gvk schema.GroupVersionKind) *metav1.GroupVersionKind {
	if gvk.GroupVersion() == k.GVK().GroupVersion() && k.Custom() == nil {
		return &metav1.GroupVersionKind{Kind: gvk.Kind}
	}
	return &metav1.GroupVersionKind{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind}
}
