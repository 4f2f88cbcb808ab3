//lint:file-ignore SA1019 a deprecated resource is a resource all the same

package kinds

import (
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var serviceRow = row(
	column("Type", "string", docOf(corev1.ServiceSpec{}, "type"), func(s *corev1.Service) any { return string(s.Spec.Type) }),
	column("Cluster-IP", "string", docOf(corev1.ServiceSpec{}, "clusterIP"), func(s *corev1.Service) any { return orNone(s.Spec.ClusterIP) }),
	column("External-IP", "string", docOf(corev1.ServiceSpec{}, "externalIPs"), func(s *corev1.Service) any { return externalAddress(s) }),
	column("Port(s)", "string", docOf(corev1.ServiceSpec{}, "ports"), func(s *corev1.Service) any { return orNone(texts(s.Spec.Ports, servicePort)...) }),
	column("Selector", "string", docOf(corev1.ServiceSpec{}, "selector"), func(s *corev1.Service) any { return equalities(s.Spec.Selector) }).onlyWide(),
)

// equalities writes a selector of equal labels.
func equalities(selector map[string]string) string {
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: selector})
}

// externalAddress is how a service is reached from outside of the cluster.
func externalAddress(s *corev1.Service) string {
	switch s.Spec.Type {
	case corev1.ServiceTypeExternalName:
		return s.Spec.ExternalName
	case corev1.ServiceTypeLoadBalancer:
		addresses := texts(s.Status.LoadBalancer.Ingress, func(i corev1.LoadBalancerIngress) string { return i.IP + i.Hostname })
		if addresses = append(addresses, s.Spec.ExternalIPs...); len(addresses) > 0 {
			return strings.Join(addresses, ",")
		}
		return "<pending>"
	}
	return orNone(s.Spec.ExternalIPs...)
}

func servicePort(p corev1.ServicePort) string {
	text := strconv.Itoa(int(p.Port))
	if p.NodePort != 0 {
		text += ":" + strconv.Itoa(int(p.NodePort))
	}
	if p.Protocol == "" {
		p.Protocol = corev1.ProtocolTCP
	}
	return text + "/" + string(p.Protocol)
}

var endpointsRow = row(
	column("Endpoints", "string", docOf(corev1.Endpoints{}, "subsets"), func(e *corev1.Endpoints) any {
		var all []string
		for _, subset := range e.Subsets {
			for _, port := range subset.Ports {
				for _, address := range subset.Addresses {
					all = append(all, net.JoinHostPort(address.IP, strconv.Itoa(int(port.Port))))
				}
			}
			for _, address := range subset.Addresses {
				if len(subset.Ports) == 0 {
					all = append(all, address.IP)
				}
			}
		}
		return few(all)
	}),
)

var endpointSliceRow = row(
	column("AddressType", "string", docOf(discoveryv1.EndpointSlice{}, "addressType"), func(s *discoveryv1.EndpointSlice) any { return string(s.AddressType) }),
	column("Ports", "string", docOf(discoveryv1.EndpointSlice{}, "ports"), func(s *discoveryv1.EndpointSlice) any {
		ports := texts(s.Ports, func(p discoveryv1.EndpointPort) string {
			if p.Port == nil {
				return "*"
			}
			return strconv.Itoa(int(*p.Port))
		})
		if len(ports) == 0 {
			return "<unset>"
		}
		return few(ports)
	}),
	column("Endpoints", "string", docOf(discoveryv1.EndpointSlice{}, "endpoints"), func(s *discoveryv1.EndpointSlice) any {
		var all []string
		for _, endpoint := range s.Endpoints {
			all = append(all, endpoint.Addresses...)
		}
		if len(all) == 0 {
			return "<unset>"
		}
		return few(all)
	}),
)

var ingressRow = row(
	column("Class", "string", "The name of the IngressClass resource that should be used for additional configuration", func(i *networkingv1.Ingress) any {
		return orNone(zeroIfNil(i.Spec.IngressClassName))
	}),
	column("Hosts", "string", "Hosts that incoming requests are matched against before the ingress rule", func(i *networkingv1.Ingress) any {
		var hosts []string
		for _, rule := range i.Spec.Rules {
			if rule.Host != "" {
				hosts = append(hosts, rule.Host)
			}
		}
		if len(hosts) == 0 {
			return "*"
		}
		return few(hosts)
	}),
	column("Address", "string", "Address is a list containing ingress points for the load-balancer", func(i *networkingv1.Ingress) any {
		return strings.Join(texts(i.Status.LoadBalancer.Ingress, func(l networkingv1.IngressLoadBalancerIngress) string { return l.IP + l.Hostname }), ",")
	}),
	column("Ports", "string", "Ports of TLS configurations that open", func(i *networkingv1.Ingress) any {
		if len(i.Spec.TLS) > 0 {
			return "80, 443"
		}
		return "80"
	}),
)

var ingressClassRow = row(
	column("Controller", "string", "Controller that is responsible for handling this class", func(c *networkingv1.IngressClass) any { return c.Spec.Controller }),
	column("Parameters", "string", "A reference to a resource with additional parameters", func(c *networkingv1.IngressClass) any {
		p := c.Spec.Parameters
		if p == nil {
			return "<none>"
		}
		return qualified(p.Kind, zeroIfNil(p.APIGroup)) + "/" + p.Name
	}),
)

// qualified is a kind or resource with its group.
func qualified(name, group string) string {
	if group == "" {
		return name
	}
	return name + "." + group
}

var networkPolicyRow = row(
	column("Pod-Selector", "string", docOf(networkingv1.NetworkPolicySpec{}, "podSelector"), func(p *networkingv1.NetworkPolicy) any {
		return metav1.FormatLabelSelector(&p.Spec.PodSelector)
	}),
)

const cidrsDoc = `CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or "2001:db8::/64") from which to assign service cluster IPs. ` +
	"Max of two CIDRs is allowed, one of each IP family. This field is immutable."

var serviceCIDRRow = row(
	column("CIDRs", "string", cidrsDoc, func(c *networkingv1.ServiceCIDR) any { return strings.Join(c.Spec.CIDRs, ",") }),
)

var addressRow = []cell{
	nameCell,
	column("ParentRef", "string", "ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.", func(a *networkingv1.IPAddress) any {
		ref := a.Spec.ParentRef
		if ref == nil {
			return "<none>"
		}
		path := []string{qualified(ref.Resource, ref.Group)}
		if ref.Namespace != "" {
			path = append(path, ref.Namespace)
		}
		return strings.Join(append(path, ref.Name), "/")
	}),
}
