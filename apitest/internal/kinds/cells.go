package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// builtinCells are the columns of the kinds that people list most, by resource. Other kinds show their name and time of creation.
var builtinCells = map[string][]cell{
	"configmaps": {column("Data", "string", corev1.ConfigMap{}.SwaggerDoc()["data"], func(c *corev1.ConfigMap) any { return int64(len(c.Data) + len(c.BinaryData)) })},
	"secrets": {
		column("Type", "string", corev1.Secret{}.SwaggerDoc()["type"], func(s *corev1.Secret) any { return string(s.Type) }),
		column("Data", "string", corev1.Secret{}.SwaggerDoc()["data"], func(s *corev1.Secret) any { return int64(len(s.Data)) }),
	},
	"namespaces":      {column("Status", "string", "The status of the namespace", func(n *corev1.Namespace) any { return string(n.Status.Phase) })},
	"serviceaccounts": {column("Secrets", "string", corev1.ServiceAccount{}.SwaggerDoc()["secrets"], func(s *corev1.ServiceAccount) any { return int64(len(s.Secrets)) })},
	"pods":            podCells,
	"nodes":           nodeCells,
	"services":        serviceCells,
	"events":          eventCells,
	"leases.coordination.k8s.io": {column("Holder", "string", coordinationv1.LeaseSpec{}.SwaggerDoc()["holderIdentity"], func(l *coordinationv1.Lease) any {
		return deref(l.Spec.HolderIdentity)
	})},
	"deployments.apps":  deploymentCells,
	"replicasets.apps":  replicaSetCells,
	"statefulsets.apps": statefulSetCells,
	"daemonsets.apps":   daemonSetCells,
	"jobs.batch":        jobCells,
	"cronjobs.batch":    cronJobCells,
}

var podCells = []cell{
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
	column("IP", "string", corev1.PodStatus{}.SwaggerDoc()["podIP"], func(p *corev1.Pod) any { return orNone(p.Status.PodIP) }).onlyWide(),
	column("Node", "string", corev1.PodSpec{}.SwaggerDoc()["nodeName"], func(p *corev1.Pod) any { return orNone(p.Spec.NodeName) }).onlyWide(),
	column("Nominated Node", "string", corev1.PodStatus{}.SwaggerDoc()["nominatedNodeName"], func(p *corev1.Pod) any { return orNone(p.Status.NominatedNodeName) }).onlyWide(),
	column("Readiness Gates", "string", corev1.PodSpec{}.SwaggerDoc()["readinessGates"], func(p *corev1.Pod) any {
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
}

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

var nodeCells = []cell{
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
	column("Version", "string", corev1.NodeSystemInfo{}.SwaggerDoc()["kubeletVersion"], func(n *corev1.Node) any { return n.Status.NodeInfo.KubeletVersion }),
}

var serviceCells = []cell{
	column("Type", "string", corev1.ServiceSpec{}.SwaggerDoc()["type"], func(s *corev1.Service) any { return string(s.Spec.Type) }),
	column("Cluster-IP", "string", corev1.ServiceSpec{}.SwaggerDoc()["clusterIP"], func(s *corev1.Service) any { return orNone(s.Spec.ClusterIP) }),
	column("External-IP", "string", corev1.ServiceSpec{}.SwaggerDoc()["externalIPs"], func(s *corev1.Service) any { return orNone(s.Spec.ExternalIPs...) }),
	column("Port(s)", "string", corev1.ServiceSpec{}.SwaggerDoc()["ports"], func(s *corev1.Service) any {
		var ports []string
		for _, p := range s.Spec.Ports {
			text := strconv.Itoa(int(p.Port))
			if p.NodePort != 0 {
				text += ":" + strconv.Itoa(int(p.NodePort))
			}
			protocol := p.Protocol
			if protocol == "" {
				protocol = corev1.ProtocolTCP
			}
			ports = append(ports, text+"/"+string(protocol))
		}
		return orNone(ports...)
	}),
	column("Selector", "string", corev1.ServiceSpec{}.SwaggerDoc()["selector"], func(s *corev1.Service) any {
		return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: s.Spec.Selector})
	}).onlyWide(),
}

var eventCells = []cell{
	{name: "Last Seen", kind: "string", description: corev1.Event{}.SwaggerDoc()["lastTimestamp"], value: func(o resource.Object, now time.Time) any {
		if e, ok := o.(*corev1.Event); ok {
			return age(e.LastTimestamp, now)
		}
		return nil
	}},
	column("Type", "string", corev1.Event{}.SwaggerDoc()["type"], func(e *corev1.Event) any { return e.Type }),
	column("Reason", "string", corev1.Event{}.SwaggerDoc()["reason"], func(e *corev1.Event) any { return e.Reason }),
	column("Object", "string", corev1.Event{}.SwaggerDoc()["involvedObject"], func(e *corev1.Event) any {
		return strings.ToLower(e.InvolvedObject.Kind) + "/" + e.InvolvedObject.Name
	}),
	column("Message", "string", corev1.Event{}.SwaggerDoc()["message"], func(e *corev1.Event) any { return strings.TrimSpace(e.Message) }),
}
