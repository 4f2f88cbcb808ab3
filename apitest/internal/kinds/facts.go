package kinds

import (
	"strings"

	"github.com/sheaf-dev/sheaf/resource"
)

// Facts are what a real server's code says about a built-in resource beyond its definition.
type Facts struct {
	ShortNames []string
	Categories []string
	// Generation: metadata.generation counts the changes of the desired state.
	Generation bool
	// Conditional: an update must name the resourceVersion that it replaces.
	Conditional bool
	// CreateOnUpdate: a PUT creates what does not exist.
	CreateOnUpdate bool
	// ReturnDeleted: a DELETE answers with the last state instead of a metav1.Status.
	ReturnDeleted bool
	// KeepStatus: a created object keeps the status it was sent with.
	KeepStatus bool
	// StatusMetadata says which metadata an update of the status may change too.
	StatusMetadata StatusMetadata
	// OwnCode: the resource is custom by its form only; the server's own code serves it.
	OwnCode bool
	// NoGarbage: propagation policies do not apply.
	NoGarbage bool
}

// StatusMetadata says which metadata an update of the status may change.
type StatusMetadata uint8

// What updates of a status may do to metadata. Resources differ in it by their age.
const (
	MetadataClosed    StatusMetadata = iota
	MetadataOpen                     // labels, annotations, finalizers, owners
	MetadataButLabels                // all but labels
	MetadataButOwners                // all but owners
)

func statusMetadata(name string) StatusMetadata {
	switch {
	case name == "pods":
		return MetadataButOwners
	case name == "deployments.apps":
		return MetadataButLabels
	case closedMetadata[name]:
		return MetadataClosed
	}
	return MetadataOpen
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// The built-in resources, by name and group, that a fact is true of. Kubernetes 1.36.
var (
	counted = set("pods", "podtemplates", "replicationcontrollers", "deployments.apps", "daemonsets.apps", "replicasets.apps",
		"statefulsets.apps", "jobs.batch", "cronjobs.batch", "networkpolicies.networking.k8s.io", "ingresses.networking.k8s.io",
		"ingressclasses.networking.k8s.io", "poddisruptionbudgets.policy", "endpointslices.discovery.k8s.io",
		"flowschemas.flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
		"deviceclasses.resource.k8s.io", "devicetaintrules.resource.k8s.io", "resourceslices.resource.k8s.io",
		"priorityclasses.scheduling.k8s.io", "mutatingadmissionpolicies.admissionregistration.k8s.io",
		"mutatingadmissionpolicybindings.admissionregistration.k8s.io", "mutatingwebhookconfigurations.admissionregistration.k8s.io",
		"validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io",
		"validatingwebhookconfigurations.admissionregistration.k8s.io")
	conditional = set("mutatingadmissionpolicies.admissionregistration.k8s.io",
		"mutatingadmissionpolicybindings.admissionregistration.k8s.io", "mutatingwebhookconfigurations.admissionregistration.k8s.io",
		"validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io",
		"validatingwebhookconfigurations.admissionregistration.k8s.io", "storageversions.internal.apiserver.k8s.io",
		"clustertrustbundles.certificates.k8s.io", "podcertificaterequests.certificates.k8s.io", "leases.coordination.k8s.io",
		"leasecandidates.coordination.k8s.io", "runtimeclasses.node.k8s.io", "poddisruptionbudgets.policy",
		"csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "csistoragecapacities.storage.k8s.io",
		"volumeattachments.storage.k8s.io", "storageversionmigrations.storagemigration.k8s.io")
	createOnUpdate = set("runtimeclasses.node.k8s.io", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
		"clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io", "leases.coordination.k8s.io",
		"leasecandidates.coordination.k8s.io", "limitranges", "events", "events.events.k8s.io", "services", "endpoints")
	returnDeleted = set("pods", "services", "namespaces", "serviceaccounts", "persistentvolumes", "persistentvolumeclaims",
		"resourcequotas", "podtemplates", "resourceclaims.resource.k8s.io", "resourceclaimtemplates.resource.k8s.io",
		"resourceslices.resource.k8s.io", "deviceclasses.resource.k8s.io", "devicetaintrules.resource.k8s.io",
		"csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io",
		"volumeattributesclasses.storage.k8s.io")
	keepStatus = set("nodes")
	noGarbage  = set("events", "events.events.k8s.io")

	closedMetadata = set("podcertificaterequests.certificates.k8s.io", "podgroups.scheduling.k8s.io", "servicecidrs.networking.k8s.io",
		"storageversionmigrations.storagemigration.k8s.io", "resourceclaims.resource.k8s.io", "devicetaintrules.resource.k8s.io",
		"resourcepoolstatusrequests.resource.k8s.io", "storageversions.internal.apiserver.k8s.io", "volumeattachments.storage.k8s.io",
		"flowschemas.flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
		"validatingadmissionpolicies.admissionregistration.k8s.io")
)

var shortNames = map[string][]string{
	"certificatesigningrequests.certificates.k8s.io": {"csr"}, "priorityclasses.scheduling.k8s.io": {"pc"},
	"networkpolicies.networking.k8s.io": {"netpol"}, "ipaddresses.networking.k8s.io": {"ip"}, "ingresses.networking.k8s.io": {"ing"},
	"poddisruptionbudgets.policy": {"pdb"}, "storageclasses.storage.k8s.io": {"sc"}, "volumeattributesclasses.storage.k8s.io": {"vac"},
	"horizontalpodautoscalers.autoscaling": {"hpa"}, "daemonsets.apps": {"ds"}, "statefulsets.apps": {"sts"},
	"deployments.apps": {"deploy"}, "replicasets.apps": {"rs"}, "cronjobs.batch": {"cj"}, "nodes": {"no"}, "resourcequotas": {"quota"},
	"limitranges": {"limits"}, "persistentvolumes": {"pv"}, "serviceaccounts": {"sa"}, "events": {"ev"}, "events.events.k8s.io": {"ev"},
	"persistentvolumeclaims": {"pvc"}, "namespaces": {"ns"}, "pods": {"po"}, "services": {"svc"}, "endpoints": {"ep"},
	"customresourcedefinitions.apiextensions.k8s.io": {"crd", "crds"}, "componentstatuses": {"cs"}, "replicationcontrollers": {"rc"}, "configmaps": {"cm"},
}

// inAll are the resources of the category "all"; the admission resources are in "api-extensions".
var inAll = set("horizontalpodautoscalers.autoscaling", "daemonsets.apps", "statefulsets.apps", "deployments.apps", "replicasets.apps",
	"jobs.batch", "cronjobs.batch", "pods", "services", "replicationcontrollers")

const definitions = "customresourcedefinitions.apiextensions.k8s.io"

func categoriesOf(name string) []string {
	switch {
	case inAll[name]:
		return []string{"all"}
	case strings.HasSuffix(name, ".admissionregistration.k8s.io"), name == definitions:
		return []string{"api-extensions"}
	}
	return nil
}

func factsOf(def *resource.Definition) Facts {
	name := def.GroupVersionResource().GroupResource().String()
	if !def.Protobuf() { // a custom resource
		return Facts{Generation: true, Conditional: true, ShortNames: shortNames[name], Categories: categoriesOf(name), OwnCode: name == definitions}
	}
	return Facts{
		ShortNames: shortNames[name], Categories: categoriesOf(name), Generation: counted[name], Conditional: conditional[name],
		CreateOnUpdate: createOnUpdate[name], ReturnDeleted: returnDeleted[name], KeepStatus: keepStatus[name],
		StatusMetadata: statusMetadata(name), NoGarbage: noGarbage[name],
	}
}
