package population

import (
	"fmt"
	"math/rand"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// pod returns pod i of a population of production shape: two containers, 15 environment variables each, probes, three volumes of which one
// has a random name, an owner, two managers' fields, five conditions. About 6 KB as protobuf and 9.3 KB as JSON. A hundred pods have one
// namespace, and seven one node.
func pod(i, replicas, nodes int) *corev1.Pod {
	deployment := i / replicas
	d := newDice("deployment", deployment)
	own := newDice("pod", i)
	app, hash := fmt.Sprintf("service-%05d", deployment), d.letters(10)
	created := own.time(i)
	started := metav1.NewTime(created.Add(own.seconds(5, 60)))
	token := "kube-api-access-" + own.letters(5)
	team := fmt.Sprintf("team-%04d", i/100)
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%s-%s", app, hash, own.letters(5)), GenerateName: app + "-" + hash + "-", Namespace: team,
			UID: own.uid(), ResourceVersion: fmt.Sprint(1_000_000 + i*3), CreationTimestamp: created,
			Labels: map[string]string{"app": app, "app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop", "pod-template-hash": hash,
				"team": fmt.Sprintf("team-%02d", deployment%25), "tier": "backend", "version": fmt.Sprintf("v1.%d", deployment%40)},
			Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "checksum/config": d.hex(64)},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app + "-" + hash, UID: d.uid(),
				Controller: new(true), BlockOwnerDeletion: new(true)}},
			ManagedFields: []metav1.ManagedFieldsEntry{
				managed("kube-controller-manager", "v1", "", created, podFields),
				managed("kubelet", "v1", "status", started, podStatusFields),
			},
		},
		Spec:   podSpec(app, deployment, token, nodeName(i*7919%nodes)),
		Status: podStatus(d, own, app, deployment, created, started),
	}
}

const (
	podFields = `{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{},"f:prometheus.io/port":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:app.kubernetes.io/name":{},"f:app.kubernetes.io/part-of":{},"f:pod-template-hash":{},"f:team":{},"f:tier":{},"f:version":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"9d1ad8c5-7e7a-4b5e-a5c5-fb0b7ef7f3a4\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:args":{},"f:env":{},"f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{},"f:name":{},"f:ports":{},"f:readinessProbe":{},"f:resources":{},"f:securityContext":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{},"f:volumeMounts":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:serviceAccount":{},"f:serviceAccountName":{},"f:terminationGracePeriodSeconds":{},"f:volumes":{}}}`

	podStatusFields = `{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Initialized\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:hostIPs":{},"f:phase":{},"f:podIP":{},"f:podIPs":{},"f:startTime":{}}}`
)

func podSpec(app string, deployment int, token, node string) corev1.PodSpec {
	image := fmt.Sprintf("registry.example.com/team/%s:v1.%d.0", app, deployment%40)
	return corev1.PodSpec{
		Volumes: podVolumes(app, token),
		Containers: []corev1.Container{
			container("app", image, app, token, quantities("500m", "512Mi")),
			container("proxy", "registry.example.com/mesh/proxy:1.22.3", app, token, quantities("100m", "128Mi")),
		},
		RestartPolicy: "Always", TerminationGracePeriodSeconds: new(int64(30)), DNSPolicy: "ClusterFirst",
		ServiceAccountName: app, DeprecatedServiceAccount: app, NodeName: node,
		SecurityContext: &corev1.PodSecurityContext{FSGroup: new(int64(1000))}, SchedulerName: "default-scheduler",
		Tolerations: []corev1.Toleration{
			{Key: "node.kubernetes.io/not-ready", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: new(int64(300))},
			{Key: "node.kubernetes.io/unreachable", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: new(int64(300))},
		},
		Priority: new(int32(0)), EnableServiceLinks: new(true), PreemptionPolicy: new(corev1.PreemptLowerPriority),
	}
}

func quantities(cpu, memory string) corev1.ResourceRequirements {
	list := corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory)}
	return corev1.ResourceRequirements{Requests: list, Limits: list}
}

func container(name, image, app, token string, resources corev1.ResourceRequirements) corev1.Container {
	var env []corev1.EnvVar
	for k := range 12 {
		env = append(env, corev1.EnvVar{Name: fmt.Sprintf("SERVICE_SETTING_%02d", k), Value: fmt.Sprintf("value-%d-of-%s", k, app)})
	}
	for _, path := range []string{"metadata.name", "metadata.namespace", "status.podIP"} {
		env = append(env, corev1.EnvVar{Name: "POD_" + path, ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}})
	}
	probe := func(path string) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080), Scheme: "HTTP"}},
			InitialDelaySeconds: 5, TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3,
		}
	}
	return corev1.Container{
		Name: name, Image: image, Args: []string{"--config=/etc/" + app + "/config.yaml", "--log-level=info"},
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: "TCP"}}, Env: env, Resources: resources,
		VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/" + app, ReadOnly: true}, {Name: "data", MountPath: "/var/lib/app"},
			{Name: token, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true}},
		LivenessProbe: probe("/healthz"), ReadinessProbe: probe("/ready"),
		TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: "File", ImagePullPolicy: "IfNotPresent",
		SecurityContext: &corev1.SecurityContext{RunAsNonRoot: new(true), AllowPrivilegeEscalation: new(false),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
	}
}

func podVolumes(app, token string) []corev1.Volume {
	return []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: app}, DefaultMode: new(int32(420))}}},
		{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: new(resource.MustParse("1Gi"))}}},
		{Name: token, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{DefaultMode: new(int32(420)), Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: new(int64(3607)), Path: "token"}},
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "namespace",
				FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}},
		}}}},
	}
}

func podStatus(d, own *dice, app string, deployment int, created, started metav1.Time) corev1.PodStatus {
	ip := fmt.Sprintf("10.%d.%d.%d", own.Intn(256), own.Intn(256), own.Intn(256))
	host := fmt.Sprintf("192.168.%d.%d", own.Intn(2), own.Intn(256))
	status := corev1.PodStatus{Phase: "Running", HostIP: host, HostIPs: []corev1.HostIP{{IP: host}}, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		StartTime: &created, QOSClass: "Guaranteed"}
	for _, condition := range []corev1.PodConditionType{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		at := started
		if condition == "PodScheduled" || condition == "Initialized" {
			at = created
		}
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: condition, Status: "True", LastTransitionTime: at})
	}
	digest := d.hex(64)
	for k, name := range []string{"app", "proxy"} {
		image := [...]string{fmt.Sprintf("registry.example.com/team/%s:v1.%d.0", app, deployment%40), "registry.example.com/mesh/proxy:1.22.3"}[k]
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}, Ready: true, Started: new(true),
			Image: image, ImageID: image + "@sha256:" + digest, ContainerID: "containerd://" + own.hex(64)})
	}
	return status
}

// touchPod is an update as a kubelet makes it: a condition moves, a container has restarted.
func touchPod(p *corev1.Pod, r *rand.Rand) {
	moved := metav1.NewTime(p.CreationTimestamp.Add(1000 * 1e9 * 60))
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == "Ready" || c.Type == "ContainersReady" {
			c.LastTransitionTime = moved
		}
	}
	p.Status.ContainerStatuses[0].RestartCount++
	p.Status.ContainerStatuses[0].State.Running.StartedAt = moved
	p.Status.ContainerStatuses[0].ContainerID = "containerd://" + letters(r, hexDigits, 64)
	p.ManagedFields[1].Time = &moved
}
