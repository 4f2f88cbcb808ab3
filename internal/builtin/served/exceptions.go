package served

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

func (r Release) before(other Release) bool {
	return r.Major < other.Major || r.Major == other.Major && r.Minor < other.Minor
}

// String returns "1.36".
func (r Release) String() string { return fmt.Sprintf("%d.%d", r.Major, r.Minor) }

// introduced and removed are what the Go types of the API say about themselves.
type (
	introduced interface {
		APILifecycleIntroduced() (major, minor int)
	}
	removed interface {
		APILifecycleRemoved() (major, minor int)
	}
)

// notServed returns why the release does not serve the resource; "" if it should.
func (c *comparison) notServed(def *resource.Definition) string {
	if def.Verbs() == 0 {
		return "its objects are only sent to a subresource of another resource"
	}
	gv := def.GroupVersionResource().GroupVersion()
	if reason, ok := abandoned[gv]; ok {
		return reason
	}
	if since, ok := newVersions[gv]; ok && c.release.before(since) {
		return fmt.Sprintf("it is new in %v", since)
	}
	object := reflect.New(def.GoType()).Interface()
	if o, ok := object.(introduced); ok {
		if since := release(o.APILifecycleIntroduced()); c.release.before(since) {
			return fmt.Sprintf("it is new in %v", since)
		}
	}
	if o, ok := object.(removed); ok {
		if until := release(o.APILifecycleRemoved()); !c.release.before(until) {
			return fmt.Sprintf("it is gone since %v", until)
		}
	}
	return ""
}

func release(major, minor int) Release { return Release{major, minor} }

// abandoned are the versions that no current release serves, and whose Go types do not say so.
var abandoned = map[schema.GroupVersion]string{
	{Group: "node.k8s.io", Version: "v1alpha1"}:               "servers have given it up for v1",
	{Group: "rbac.authorization.k8s.io", Version: "v1alpha1"}: "servers have given it up for v1",
}

// newVersions are versions whose Go types do not say in which release they were introduced.
var newVersions = map[schema.GroupVersion]Release{
	{Group: "scheduling.k8s.io", Version: "v1alpha3"}: {1, 37},
}

// gated are the resources that need a feature gate besides the switch of their version: a server may have them or not.
var gated = map[schema.GroupVersionResource]string{
	{Group: "certificates.k8s.io", Version: "v1alpha1", Resource: "clustertrustbundles"}:         "gate ClusterTrustBundle",
	{Group: "certificates.k8s.io", Version: "v1beta1", Resource: "clustertrustbundles"}:          "gate ClusterTrustBundle",
	{Group: "certificates.k8s.io", Version: "v1beta1", Resource: "podcertificaterequests"}:       "gate PodCertificateRequest",
	{Group: "storagemigration.k8s.io", Version: "v1beta1", Resource: "storageversionmigrations"}: "gate StorageVersionMigrator",
}

// notInTheTable are the resources that servers have and the table lacks.
var notInTheTable = map[schema.GroupVersionResource]string{
	{Version: "v1", Resource: "bindings"}:                                                 "the old way of a pod's subresource binding",
	{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}: "its type is not in k8s.io/api",
	{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}:             "its type is not in k8s.io/api",
	{Group: "scheduling.k8s.io", Version: "v1alpha2", Resource: "podgroups"}:              "k8s.io/api v0.37 has dropped the version",
	{Group: "scheduling.k8s.io", Version: "v1alpha2", Resource: "workloads"}:              "k8s.io/api v0.37 has dropped the version",
}

type subresource struct {
	of   schema.GroupVersionResource
	name string
}

// newSubresources were added to a resource after its version was introduced.
var newSubresources = map[subresource]Release{
	{schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "csinodes"}, "status"}: {1, 37},
}
