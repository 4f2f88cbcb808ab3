package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// builtinRows are the columns of built-in kinds, by the resource in whose form objects are stored. Other kinds show their name and time of
// creation.
var builtinRows = map[string][]cell{
	"configmaps": row(column("Data", "string", docOf(corev1.ConfigMap{}, "data"), func(c *corev1.ConfigMap) any { return int64(len(c.Data) + len(c.BinaryData)) })),
	"secrets": row(
		column("Type", "string", docOf(corev1.Secret{}, "type"), func(s *corev1.Secret) any { return string(s.Type) }),
		column("Data", "string", docOf(corev1.Secret{}, "data"), func(s *corev1.Secret) any { return int64(len(s.Data)) }),
	),
	"namespaces":             row(column("Status", "string", "The status of the namespace", func(n *corev1.Namespace) any { return string(n.Status.Phase) })),
	"componentstatuses":      componentRow,
	"serviceaccounts":        row(),
	"pods":                   podRow,
	"podtemplates":           podTemplateRow,
	"nodes":                  nodeRow,
	"events":                 eventRow,
	"replicationcontrollers": replicationControllerRow,
	"resourcequotas":         quotaRow,

	"services":                          serviceRow,
	"endpoints":                         endpointsRow,
	"endpointslices.discovery.k8s.io":   endpointSliceRow,
	"ingresses.networking.k8s.io":       ingressRow,
	"ingressclasses.networking.k8s.io":  ingressClassRow,
	"networkpolicies.networking.k8s.io": networkPolicyRow,
	"servicecidrs.networking.k8s.io":    serviceCIDRRow,
	"ipaddresses.networking.k8s.io":     addressRow,

	"persistentvolumes":                      volumeRow,
	"persistentvolumeclaims":                 claimRow,
	"storageclasses.storage.k8s.io":          storageClassRow,
	"csidrivers.storage.k8s.io":              driverRow,
	"csinodes.storage.k8s.io":                driverNodeRow,
	"volumeattachments.storage.k8s.io":       attachmentRow,
	"volumeattributesclasses.storage.k8s.io": attributesClassRow,

	"deployments.apps":                     deploymentRow,
	"replicasets.apps":                     replicaSetRow,
	"statefulsets.apps":                    statefulSetRow,
	"daemonsets.apps":                      daemonSetRow,
	"controllerrevisions.apps":             revisionRow,
	"jobs.batch":                           jobRow,
	"cronjobs.batch":                       cronJobRow,
	"scales.autoscaling":                   scaleRow,
	"customscales.autoscaling":             customScaleRow,
	"horizontalpodautoscalers.autoscaling": autoscalerRow,
	"poddisruptionbudgets.policy":          disruptionBudgetRow,
	"priorityclasses.scheduling.k8s.io":    priorityClassRow,
	"runtimeclasses.node.k8s.io":           row(column("Handler", "string", "", func(c *nodev1.RuntimeClass) any { return c.Handler })),
	"leases.coordination.k8s.io": row(column("Holder", "string", docOf(coordinationv1.LeaseSpec{}, "holderIdentity"), func(l *coordinationv1.Lease) any {
		return zeroIfNil(l.Spec.HolderIdentity)
	})),

	"rolebindings.rbac.authorization.k8s.io":                         roleBindingRow,
	"clusterrolebindings.rbac.authorization.k8s.io":                  clusterRoleBindingRow,
	"certificatesigningrequests.certificates.k8s.io":                 signingRequestRow,
	"validatingwebhookconfigurations.admissionregistration.k8s.io":   validatingWebhooksRow,
	"mutatingwebhookconfigurations.admissionregistration.k8s.io":     mutatingWebhooksRow,
	"validatingadmissionpolicies.admissionregistration.k8s.io":       validatingPolicyRow,
	"validatingadmissionpolicybindings.admissionregistration.k8s.io": validatingPolicyBindingRow,
	"mutatingadmissionpolicies.admissionregistration.k8s.io":         mutatingPolicyRow,
	"mutatingadmissionpolicybindings.admissionregistration.k8s.io":   mutatingPolicyBindingRow,
	"flowschemas.flowcontrol.apiserver.k8s.io":                       flowSchemaRow,
	"prioritylevelconfigurations.flowcontrol.apiserver.k8s.io":       priorityLevelRow,

	"resourceclaims.resource.k8s.io":         claimOfDevicesRow,
	"resourceclaimtemplates.resource.k8s.io": row(),
	"deviceclasses.resource.k8s.io":          row(),
	"resourceslices.resource.k8s.io":         sliceOfDevicesRow,
}

var podRow = row(
	column("Ready", "string", "The aggregate readiness state of this pod for accepting traffic.", func(p *corev1.Pod) any {
		ready := 0
		for _, c := range p.Status.ContainerStatuses {
			if c.Ready {
				ready++
			}
		}
		return fmt.Sprintf("%d/%d", ready, len(p.Spec.Containers))
	}),
	column("Status", "string", "The aggregate status of the containers in this pod.", func(p *corev1.Pod) any { return podStatus(p) }),
	column("Restarts", "string", "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.", func(p *corev1.Pod) any {
		restarts := int32(0)
		for _, c := range p.Status.ContainerStatuses {
			restarts += c.RestartCount
		}
		return strconv.Itoa(int(restarts))
	}),
	column("IP", "string", docOf(corev1.PodStatus{}, "podIP"), func(p *corev1.Pod) any { return orNone(p.Status.PodIP) }).onlyWide(),
	column("Node", "string", docOf(corev1.PodSpec{}, "nodeName"), func(p *corev1.Pod) any { return orNone(p.Spec.NodeName) }).onlyWide(),
	column("Nominated Node", "string", docOf(corev1.PodStatus{}, "nominatedNodeName"), func(p *corev1.Pod) any { return orNone(p.Status.NominatedNodeName) }).onlyWide(),
	column("Readiness Gates", "string", docOf(corev1.PodSpec{}, "readinessGates"), func(p *corev1.Pod) any {
		if len(p.Spec.ReadinessGates) == 0 {
			return "<none>"
		}
		passed := 0
		for _, gate := range p.Spec.ReadinessGates {
			if slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
				return c.Type == gate.ConditionType && c.Status == corev1.ConditionTrue
			}) {
				passed++
			}
		}
		return fmt.Sprintf("%d/%d", passed, len(p.Spec.ReadinessGates))
	}).onlyWide(),
)

// podStatus is the one word for a pod's state: why its containers wait or have ended, else its phase.
func podStatus(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	status := string(p.Status.Phase)
	if p.Status.Reason != "" {
		status = p.Status.Reason
	}
	for _, c := range p.Status.ContainerStatuses {
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			status = c.State.Waiting.Reason
		case c.State.Terminated != nil && c.State.Terminated.Reason != "":
			status = c.State.Terminated.Reason
		}
	}
	return status
}

var nodeRow = []cell{
	nameCell,
	column("Status", "string", "The status of the node", func(n *corev1.Node) any {
		status := "Unknown"
		for _, c := range n.Status.Conditions {
			switch {
			case c.Type != corev1.NodeReady:
			case c.Status == corev1.ConditionTrue:
				status = "Ready"
			default:
				status = "NotReady"
			}
		}
		if n.Spec.Unschedulable {
			status += ",SchedulingDisabled"
		}
		return status
	}),
	column("Roles", "string", "The roles of the node", func(n *corev1.Node) any {
		var roles []string
		for label := range n.Labels {
			if role, ok := strings.CutPrefix(label, "node-role.kubernetes.io/"); ok {
				roles = append(roles, role)
			}
		}
		slices.Sort(roles)
		return orNone(roles...)
	}),
	ageCell,
	column("Version", "string", docOf(corev1.NodeSystemInfo{}, "kubeletVersion"), func(n *corev1.Node) any { return n.Status.NodeInfo.KubeletVersion }),
	nodeAddressCell("Internal-IP", corev1.NodeInternalIP),
	nodeAddressCell("External-IP", corev1.NodeExternalIP),
	nodeSystemCell("OS-Image", "osImage", func(i *corev1.NodeSystemInfo) string { return i.OSImage }),
	nodeSystemCell("Kernel-Version", "kernelVersion", func(i *corev1.NodeSystemInfo) string { return i.KernelVersion }),
	nodeSystemCell("Container-Runtime", "containerRuntimeVersion", func(i *corev1.NodeSystemInfo) string { return i.ContainerRuntimeVersion }),
}

func nodeAddressCell(name string, kind corev1.NodeAddressType) cell {
	return column(name, "string", docOf(corev1.NodeStatus{}, "addresses"), func(n *corev1.Node) any {
		for _, address := range n.Status.Addresses {
			if address.Type == kind {
				return address.Address
			}
		}
		return "<none>"
	}).onlyWide()
}

func nodeSystemCell(name, field string, value func(*corev1.NodeSystemInfo) string) cell {
	return column(name, "string", docOf(corev1.NodeSystemInfo{}, field), func(n *corev1.Node) any {
		if text := value(&n.Status.NodeInfo); text != "" {
			return text
		}
		return "<unknown>"
	}).onlyWide()
}

var eventRow = []cell{
	timedColumn("Last Seen", "string", docOf(corev1.Event{}, "lastTimestamp"), func(e *corev1.Event, now time.Time) any {
		switch {
		case e.Series != nil:
			return age(metav1.NewTime(e.Series.LastObservedTime.Time), now)
		case e.LastTimestamp.IsZero():
			return firstSeen(e, now)
		}
		return age(e.LastTimestamp, now)
	}),
	column("Type", "string", docOf(corev1.Event{}, "type"), func(e *corev1.Event) any { return e.Type }),
	column("Reason", "string", docOf(corev1.Event{}, "reason"), func(e *corev1.Event) any { return e.Reason }),
	column("Object", "string", docOf(corev1.Event{}, "involvedObject"), func(e *corev1.Event) any {
		kind := strings.ToLower(e.InvolvedObject.Kind)
		if e.InvolvedObject.Name == "" {
			return kind
		}
		return kind + "/" + e.InvolvedObject.Name
	}),
	column("Subobject", "string", docOf(corev1.ObjectReference{}, "fieldPath"), func(e *corev1.Event) any { return e.InvolvedObject.FieldPath }).onlyWide(),
	column("Source", "string", docOf(corev1.Event{}, "source"), func(e *corev1.Event) any { return eventSource(e) }).onlyWide(),
	column("Message", "string", docOf(corev1.Event{}, "message"), func(e *corev1.Event) any { return strings.TrimSpace(e.Message) }),
	timedColumn("First Seen", "string", docOf(corev1.Event{}, "firstTimestamp"), func(e *corev1.Event, now time.Time) any { return firstSeen(e, now) }).onlyWide(),
	column("Count", "string", docOf(corev1.Event{}, "count"), func(e *corev1.Event) any {
		if e.Series != nil {
			return int64(e.Series.Count)
		}
		return int64(max(e.Count, 1))
	}).onlyWide(),
	nameCell.onlyWide(),
}

// firstSeen is when an event happened first: old recorders and new ones say so in different fields.
func firstSeen(e *corev1.Event, now time.Time) string {
	if e.FirstTimestamp.IsZero() {
		return age(metav1.NewTime(e.EventTime.Time), now)
	}
	return age(e.FirstTimestamp, now)
}

// eventSource is who reported an event, in the fields of old recorders or of new ones.
func eventSource(e *corev1.Event) string {
	who, where := e.Source.Component, e.Source.Host
	if who == "" {
		who, where = e.ReportingController, e.ReportingInstance
	}
	if where == "" {
		return who
	}
	return who + ", " + where
}

var componentRow = []cell{
	nameCell,
	componentCell("Status", func(c corev1.ComponentCondition) string { return string(c.Status) }),
	componentCell("Message", func(c corev1.ComponentCondition) string { return c.Message }),
	componentCell("Error", func(c corev1.ComponentCondition) string { return c.Error }),
}

func componentCell(name string, value func(corev1.ComponentCondition) string) cell {
	return column(name, "string", name+" of the component conditions", func(s *corev1.ComponentStatus) any {
		return strings.Join(texts(s.Conditions, value), ",")
	})
}

var claimOfDevicesRow = row(column("State", "string", "A summary of the current state (allocated, pending, reserved, etc.).", func(c *resourcev1.ResourceClaim) any {
	switch {
	case c.DeletionTimestamp != nil:
		return "deleted"
	case c.Status.Allocation == nil:
		return "pending"
	case len(c.Status.ReservedFor) > 0:
		return "allocated,reserved"
	}
	return "allocated"
}))

const poolDoc = "Name is used to identify the pool. For node-local devices, this is often the node name, but this is not required.\n\n" +
	"It must not be longer than 253 characters and must consist of one or more DNS sub-domains separated by slashes. This field is immutable."

var sliceOfDevicesRow = row(
	column("Node", "string", docOf(resourcev1.ResourceSliceSpec{}, "nodeName"), func(s *resourcev1.ResourceSlice) any { return orUnset(s.Spec.NodeName) }),
	column("Driver", "string", docOf(resourcev1.ResourceSliceSpec{}, "driver"), func(s *resourcev1.ResourceSlice) any { return s.Spec.Driver }),
	column("Pool", "string", poolDoc, func(s *resourcev1.ResourceSlice) any { return s.Spec.Pool.Name }),
)
