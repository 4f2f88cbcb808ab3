package decode

import (
	"fmt"
	"math/rand"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// productionPods returns n pods of the shape that clusters hold: two containers, 15 environment variables, probes, three volumes with the random
// name of the token's, an owner, two managers' fields, five conditions. So many replicas of each deployment follow each other.
func productionPods(n, replicas int) []*corev1.Pod {
	r := rand.New(rand.NewSource(7))
	pods := make([]*corev1.Pod, n)
	for i := range pods {
		pods[i] = productionPod(r, i/replicas, i)
	}
	return pods
}

func letters(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.Intn(len(alphabet))]
	}
	return string(b)
}

func productionPod(r *rand.Rand, deployment, i int) *corev1.Pod {
	hex := func(n int) string { return letters(r, "0123456789abcdef", n) }
	shared := rand.New(rand.NewSource(int64(deployment)))
	hash := letters(shared, "bcdfghjklmnpqrstvwxz2456789", 10)
	app := fmt.Sprintf("service-%04d", deployment)
	created := metav1.NewTime(time.Unix(1_700_000_000+int64(i)*17, 0))
	started := metav1.NewTime(created.Add(time.Duration(5+r.Intn(60)) * time.Second))
	token := "kube-api-access-" + letters(r, "bcdfghjklmnpqrstvwxz2456789", 5)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%s-%s", app, hash, letters(r, "bcdfghjklmnpqrstvwxz2456789", 5)), GenerateName: app + "-" + hash + "-",
			Namespace: fmt.Sprintf("team-%02d", deployment%25), UID: types.UID(hex(8) + "-" + hex(4) + "-" + hex(4) + "-" + hex(4) + "-" + hex(12)),
			ResourceVersion: fmt.Sprint(1_000_000 + i*3), CreationTimestamp: created,
			Labels: map[string]string{"app": app, "app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop", "pod-template-hash": hash,
				"team": fmt.Sprintf("team-%02d", deployment%25), "tier": "backend", "version": fmt.Sprintf("v1.%d", deployment%40)},
			Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080",
				"checksum/config": letters(shared, "0123456789abcdef", 64)},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app + "-" + hash,
				UID: types.UID(letters(shared, "0123456789abcdef", 36)), Controller: new(true), BlockOwnerDeletion: new(true)}},
			ManagedFields: []metav1.ManagedFieldsEntry{
				{Manager: "kube-controller-manager", Operation: "Update", APIVersion: "v1", Time: &created, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(controllerFields)},
				{Manager: "kubelet", Operation: "Update", APIVersion: "v1", Time: &started, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(kubeletFields), Subresource: "status"},
			},
		},
		Spec:   productionSpec(r, app, deployment, token),
		Status: productionStatus(r, app, deployment, created, started),
	}
}

const controllerFields = `{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{},"f:prometheus.io/port":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{},"f:team":{},"f:tier":{},"f:version":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"x\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:args":{},"f:env":{},"f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{},"f:name":{},"f:ports":{},"f:readinessProbe":{},"f:resources":{},"f:volumeMounts":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:serviceAccount":{},"f:volumes":{}}}`
const kubeletFields = `{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Initialized\"}":{".":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{},"f:startTime":{}}}`

func productionSpec(r *rand.Rand, app string, deployment int, token string) corev1.PodSpec {
	var env []corev1.EnvVar
	for k := range 12 {
		env = append(env, corev1.EnvVar{Name: fmt.Sprintf("SERVICE_SETTING_%02d", k), Value: fmt.Sprintf("value-%d-of-%s", k, app)})
	}
	for _, path := range []string{"metadata.name", "metadata.namespace", "status.podIP"} {
		env = append(env, corev1.EnvVar{Name: "POD_" + path, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}})
	}
	probe := func(path string) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080), Scheme: "HTTP"}},
			InitialDelaySeconds: 5, TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3}
	}
	mounts := []corev1.VolumeMount{{Name: "config", MountPath: "/etc/" + app, ReadOnly: true}, {Name: "data", MountPath: "/var/lib/app"},
		{Name: token, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true}}
	resources := func(cpu, memory string) corev1.ResourceRequirements {
		list := corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory)}
		return corev1.ResourceRequirements{Requests: list, Limits: list}
	}
	container := func(name, image string, env []corev1.EnvVar, requests corev1.ResourceRequirements) corev1.Container {
		return corev1.Container{Name: name, Image: image, Args: []string{"--config=/etc/" + app + "/config.yaml", "--log-level=info"},
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: "TCP"}}, Env: env, Resources: requests, VolumeMounts: mounts,
			LivenessProbe: probe("/healthz"), ReadinessProbe: probe("/ready"), TerminationMessagePath: "/dev/termination-log",
			TerminationMessagePolicy: "File", ImagePullPolicy: "IfNotPresent",
			SecurityContext: &corev1.SecurityContext{RunAsNonRoot: new(true), AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}
	}
	return corev1.PodSpec{
		Volumes: []corev1.Volume{
			{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: app}, DefaultMode: new(int32(420))}}},
			{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: new(resource.MustParse("1Gi"))}}},
			{Name: token, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{DefaultMode: new(int32(420)), Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: new(int64(3607)), Path: "token"}},
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}},
			}}}},
		},
		Containers: []corev1.Container{
			container("app", fmt.Sprintf("registry.example.com/team/%s:v1.%d.0", app, deployment%40), env, resources("500m", "512Mi")),
			container("proxy", "registry.example.com/mesh/proxy:1.22.3", env, resources("100m", "128Mi")),
		},
		RestartPolicy: "Always", TerminationGracePeriodSeconds: new(int64(30)), DNSPolicy: "ClusterFirst", ServiceAccountName: app, DeprecatedServiceAccount: app,
		NodeName: fmt.Sprintf("node-%04d.cluster.example.com", r.Intn(500)), SecurityContext: &corev1.PodSecurityContext{FSGroup: new(int64(1000))}, SchedulerName: "default-scheduler",
		Tolerations: []corev1.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: new(int64(300))},
			{Key: "node.kubernetes.io/unreachable", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: new(int64(300))}},
		Priority: new(int32(0)), EnableServiceLinks: new(true), PreemptionPolicy: new(corev1.PreemptLowerPriority),
	}
}

func productionStatus(r *rand.Rand, app string, deployment int, created, started metav1.Time) corev1.PodStatus {
	ip := fmt.Sprintf("10.%d.%d.%d", r.Intn(256), r.Intn(256), r.Intn(256))
	host := fmt.Sprintf("192.168.%d.%d", r.Intn(2), r.Intn(256))
	status := corev1.PodStatus{Phase: "Running", HostIP: host, HostIPs: []corev1.HostIP{{IP: host}}, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, StartTime: &created, QOSClass: "Guaranteed"}
	for _, condition := range []corev1.PodConditionType{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		at := started
		if condition == "PodScheduled" || condition == "Initialized" {
			at = created
		}
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: condition, Status: "True", LastTransitionTime: at})
	}
	for k, name := range []string{"app", "proxy"} {
		image := [...]string{fmt.Sprintf("registry.example.com/team/%s:v1.%d.0", app, deployment%40), "registry.example.com/mesh/proxy:1.22.3"}[k]
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}},
			Ready: true, Started: new(true), Image: image, ImageID: image + "@sha256:" + letters(rand.New(rand.NewSource(int64(deployment))), "0123456789abcdef", 64),
			ContainerID: "containerd://" + letters(r, "0123456789abcdef", 64)})
	}
	return status
}
