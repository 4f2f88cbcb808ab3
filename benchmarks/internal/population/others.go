package population

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/widget"
)

func nodeName(i int) string { return fmt.Sprintf("node-%05d.cluster.example.com", i) }

// node has labels, capacities, five conditions, and 25 images with two names each, as kubelets report them.
func node(i int) *corev1.Node {
	own := newDice("node", i)
	created := own.time(i)
	zone := fmt.Sprintf("region-1%c", 'a'+i%3)
	list := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory), "pods": resource.MustParse("110"),
			"ephemeral-storage": resource.MustParse("101430960Ki"), "hugepages-1Gi": resource.MustParse("0"), "hugepages-2Mi": resource.MustParse("0")}
	}
	n := &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name: nodeName(i), UID: own.uid(), ResourceVersion: fmt.Sprint(1_000_000 + i*3), CreationTimestamp: created,
			Labels: map[string]string{"kubernetes.io/hostname": nodeName(i), "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
				"topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": "region-1", "node.kubernetes.io/instance-type": "m6.4xlarge"},
			Annotations:   map[string]string{"node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true"},
			ManagedFields: []metav1.ManagedFieldsEntry{managed("kubelet", "v1", "status", created, nodeFields)},
		},
		Spec: corev1.NodeSpec{PodCIDR: fmt.Sprintf("10.%d.%d.0/24", i/256%256, i%256), PodCIDRs: []string{fmt.Sprintf("10.%d.%d.0/24", i/256%256, i%256)},
			ProviderID: "cloud:///" + zone + "/i-" + own.hex(17)},
		Status: corev1.NodeStatus{
			Capacity: list("16", "65019436Ki"), Allocatable: list("15890m", "62041644Ki"),
			Addresses: []corev1.NodeAddress{{Type: "InternalIP", Address: fmt.Sprintf("192.168.%d.%d", i/256%256, i%256)}, {Type: "Hostname", Address: nodeName(i)}},
			NodeInfo: corev1.NodeSystemInfo{MachineID: own.hex(32), SystemUUID: string(own.uid()), BootID: string(own.uid()), KernelVersion: "6.12.30",
				OSImage: "Linux 12", ContainerRuntimeVersion: "containerd://2.1.0", KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64"},
		},
	}
	for _, condition := range []corev1.NodeConditionType{"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "Ready"} {
		status := corev1.ConditionFalse
		if condition == "Ready" {
			status = corev1.ConditionTrue
		}
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: condition, Status: status, LastHeartbeatTime: metav1.NewTime(created.Add(own.seconds(1000, 300))),
			LastTransitionTime: created, Reason: "KubeletHas" + string(condition), Message: "kubelet reports on " + string(condition)})
	}
	for k := range 25 {
		which := own.Intn(200)
		digest := newDice("image", which).hex(64)
		name := fmt.Sprintf("registry.example.com/team/service-%05d", which)
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{Names: []string{name + "@sha256:" + digest, fmt.Sprintf("%s:v1.%d.0", name, which%40)},
			SizeBytes: int64(100_000_000 + which*12345 + k%2)})
	}
	return n
}

const nodeFields = `{"f:status":{"f:allocatable":{"f:ephemeral-storage":{}},"f:capacity":{"f:ephemeral-storage":{}},"f:conditions":{"k:{\"type\":\"DiskPressure\"}":{"f:lastHeartbeatTime":{}},"k:{\"type\":\"MemoryPressure\"}":{"f:lastHeartbeatTime":{}},"k:{\"type\":\"PIDPressure\"}":{"f:lastHeartbeatTime":{}},"k:{\"type\":\"Ready\"}":{"f:lastHeartbeatTime":{},"f:lastTransitionTime":{},"f:message":{},"f:reason":{},"f:status":{}}},"f:images":{}}}`

// slice has 20 endpoints with their pods.
func slice(i int) *discoveryv1.EndpointSlice {
	own := newDice("slice", i)
	service := fmt.Sprintf("service-%05d", i)
	s := &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta: metav1.ObjectMeta{
			Name: service + "-" + own.letters(5), GenerateName: service + "-", Namespace: fmt.Sprintf("team-%04d", i/100), UID: own.uid(),
			ResourceVersion: fmt.Sprint(1_000_000 + i*3), CreationTimestamp: own.time(i), Generation: 7,
			Labels: map[string]string{"kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Service", Name: service, UID: own.uid(), Controller: new(true),
				BlockOwnerDeletion: new(true)}},
			ManagedFields: []metav1.ManagedFieldsEntry{managed("kube-controller-manager", "discovery.k8s.io/v1", "", own.time(i), sliceFields)},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
	}
	for range 20 {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{fmt.Sprintf("10.%d.%d.%d", own.Intn(256), own.Intn(256), own.Intn(256))},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
			NodeName:   new(nodeName(own.Intn(500))), Zone: new(fmt.Sprintf("region-1%c", 'a'+own.Intn(3))),
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: s.Namespace, Name: service + "-" + own.letters(10) + "-" + own.letters(5), UID: own.uid()},
		})
	}
	return s
}

const sliceFields = `{"f:addressType":{},"f:endpoints":{},"f:metadata":{"f:annotations":{".":{},"f:endpoints.kubernetes.io/last-change-trigger-time":{}},"f:generateName":{},"f:labels":{".":{},"f:endpointslice.kubernetes.io/managed-by":{},"f:kubernetes.io/service-name":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"5f0b0f4e-8d1c-4d8f-9d55-3c1de3e3c0b1\"}":{}}},"f:ports":{}}`

// secret has a certificate and its key: bytes that nothing repeats.
func secret(i int) *corev1.Secret {
	own := newDice("secret", i)
	name := fmt.Sprintf("tls-%05d", i)
	bytes := func(n int) []byte {
		b := make([]byte, n)
		own.Read(b)
		return b
	}
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: fmt.Sprintf("team-%04d", i/100), UID: own.uid(), ResourceVersion: fmt.Sprint(1_000_000 + i*3), CreationTimestamp: own.time(i),
			Labels:      map[string]string{"controller.cert-manager.io/fao": "true"},
			Annotations: map[string]string{"cert-manager.io/alt-names": name + ".example.com", "cert-manager.io/issuer-kind": "ClusterIssuer", "cert-manager.io/issuer-name": "main"},
			ManagedFields: []metav1.ManagedFieldsEntry{managed("cert-manager-certificates-issuing", "v1", "", own.time(i),
				`{"f:data":{".":{},"f:tls.crt":{},"f:tls.key":{}},"f:metadata":{"f:annotations":{},"f:labels":{}},"f:type":{}}`)},
		},
		Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": bytes(2200), "tls.key": bytes(1200)},
	}
}

// configMap has one file of settings, which the maps of 10 services have in common up to a line.
func configMap(i int) *corev1.ConfigMap {
	own, d := newDice("configmap", i), newDice("settings", i/10)
	file := "service: " + fmt.Sprintf("service-%05d", i) + "\n"
	for k := range 40 {
		file += fmt.Sprintf("setting-%02d: %s\n", k, d.hex(32))
	}
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("service-%05d", i), Namespace: fmt.Sprintf("team-%04d", i/100), UID: own.uid(),
			ResourceVersion: fmt.Sprint(1_000_000 + i*3), CreationTimestamp: own.time(i),
			Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm", "app": fmt.Sprintf("service-%05d", i)},
			ManagedFields: []metav1.ManagedFieldsEntry{managed("helm", "v1", "", own.time(i),
				`{"f:data":{".":{},"f:application.yaml":{}},"f:metadata":{"f:labels":{".":{},"f:app":{},"f:app.kubernetes.io/managed-by":{}}}}`)},
		},
		Data: map[string]string{"application.yaml": file, "log-level": "info"},
	}
}

// newWidget is a custom object; so many have one template.
func newWidget(i, replicas int) *widget.Widget {
	d, own := newDice("widget family", i/replicas), newDice("widget", i)
	family := fmt.Sprintf("release-%05d", i/replicas)
	created := own.time(i)
	w := &widget.Widget{
		TypeMeta: metav1.TypeMeta{APIVersion: widget.GroupVersion.String(), Kind: widget.Name},
		ObjectMeta: metav1.ObjectMeta{
			Name: family + "-" + own.letters(5), Namespace: fmt.Sprintf("team-%04d", i/100), UID: own.uid(), ResourceVersion: fmt.Sprint(1_000_000 + i*3),
			Generation: 3, CreationTimestamp: created, Labels: map[string]string{"app": family, "tier": "backend", "pod-template-hash": d.letters(10)},
			Annotations: map[string]string{"bench.example.com/revision": fmt.Sprint(i % 9)}, Finalizers: []string{"bench.example.com/cleanup"},
			ManagedFields: []metav1.ManagedFieldsEntry{managed("release-controller", "bench.example.com/v1", "", created, widgetFields),
				managed("release-controller", "bench.example.com/v1", "status", created, widgetStatusFields)},
		},
		Spec: widget.Spec{
			Replicas: new(int32(3 + i%5)), Image: "registry.example.com/team/" + family + ":" + d.hex(12),
			Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": family}}, Parameters: map[string]string{},
		},
		Status: widget.Status{ObservedGeneration: 3, Phase: "Healthy", Ready: int32(3 + i%5), Checksum: own.hex(64)},
	}
	for k := range 12 {
		w.Spec.Parameters[fmt.Sprintf("parameter-%02d", k)] = fmt.Sprintf("value-%d-of-%s", k, family)
	}
	for k := range 3 {
		w.Spec.Targets = append(w.Spec.Targets, widget.Target{Cluster: fmt.Sprintf("cluster-%d", k), Namespace: w.Namespace, Weight: int64(k + 1),
			Hosts: []string{family + ".example.com", fmt.Sprintf("%s.cluster-%d.example.com", family, k)}})
	}
	for k, percent := range []int32{5, 20, 50, 100} {
		w.Spec.Steps = append(w.Spec.Steps, widget.Step{Name: fmt.Sprintf("step-%d", k), Percent: percent, PauseSeconds: new(int64(60 * k)),
			Checks: map[string]string{"error-rate": "< 0.1 %", "latency-p99": "< 250 ms", "query": `sum(rate(http_requests_total{app="` + family + `"}[5m]))`}})
	}
	for _, condition := range []string{"Available", "Progressing", "Completed"} {
		w.Status.Conditions = append(w.Status.Conditions, metav1.Condition{Type: condition, Status: "True", ObservedGeneration: 3,
			LastTransitionTime: metav1.NewTime(created.Add(own.seconds(10, 600))), Reason: condition, Message: "The release is " + condition})
	}
	w.OwnerReferences = []metav1.OwnerReference{{APIVersion: "bench.example.com/v1", Kind: "Pipeline", Name: family, UID: types.UID(d.uid())}}
	return w
}

const (
	widgetFields       = `{"f:metadata":{"f:annotations":{".":{},"f:bench.example.com/revision":{}},"f:finalizers":{".":{},"v:\"bench.example.com/cleanup\"":{}},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{},"f:tier":{}}},"f:spec":{".":{},"f:image":{},"f:parameters":{},"f:replicas":{},"f:selector":{},"f:steps":{},"f:targets":{}}}`
	widgetStatusFields = `{"f:status":{".":{},"f:checksum":{},"f:conditions":{".":{},"k:{\"type\":\"Available\"}":{".":{},"f:lastTransitionTime":{},"f:message":{},"f:reason":{},"f:status":{},"f:type":{}}},"f:observedGeneration":{},"f:phase":{},"f:ready":{}}}`
)
