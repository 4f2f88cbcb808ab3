package apitest_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sheaf-dev/sheaf/apitest"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// productionPod is a pod of the size that pods have in production, 6 kB in protobuf: two containers, 15 variables in each, probes, three
// volumes, an owner, two managers of fields, five conditions.
func productionPod(i int) *corev1.Pod {
	yes := true
	labels := map[string]string{"app": fmt.Sprintf("app-%d", i/40), "pod-template-hash": "5d4f8c7b9d", "app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "store",
		"app.kubernetes.io/version": "1.2.3", "team": "payments", "tier": "backend"}
	at := metav1.NewTime(time.Unix(1_700_000_000+int64(i), 0))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			ManagedFields: []metav1.ManagedFieldsEntry{managedFields("kube-controller-manager", "", at), managedFields("kubelet", "status", at)},
			Namespace:     fmt.Sprintf("ns-%d", i%50), Name: fmt.Sprintf("app-%d-5d4f8c7b9d-%05d", i/40, i), Labels: labels,
			Annotations:     map[string]string{"prometheus.io/scrape": "true", "checksum/config": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: fmt.Sprintf("app-%d-5d4f8c7b9d", i/40), UID: types.UID(fmt.Sprintf("owner-%d", i/40)), Controller: &yes, BlockOwnerDeletion: &yes}},
		},
		Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node-%d", i%100), ServiceAccountName: "shop", RestartPolicy: corev1.RestartPolicyAlways},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255), HostIP: "10.0.0.1",
			Conditions: conditions(at)},
	}
	for c := range 2 {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: fmt.Sprintf("c%d", c), Ready: true, Image: "registry.example.com/store/shop:1.2.3",
			ImageID: fmt.Sprintf("registry.example.com/store/shop@sha256:%064d", c), ContainerID: fmt.Sprintf("containerd://%064d", 2*i+c), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}}})
		container := corev1.Container{Name: fmt.Sprintf("c%d", c), Image: "registry.example.com/store/shop:1.2.3", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			Resources:     corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")}},
			LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}}}
		for e := range 15 {
			container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprintf("SHOP_SETTING_%02d_OF_THE_SERVICE", e), Value: fmt.Sprintf("https://service-%d.store.svc.cluster.local:8443/api/v1?timeout=30s&retries=5", e)})
		}
		pod.Spec.Containers = append(pod.Spec.Containers, container)
	}
	for v := range 3 {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: fmt.Sprintf("volume-%d", v), VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}}}})
	}
	return pod
}

// conditions are those of a pod that runs.
func conditions(at metav1.Time) (list []corev1.PodCondition) {
	for _, kind := range []corev1.PodConditionType{corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		list = append(list, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: at})
	}
	return list
}

// managedFields is the entry of a manager that owns some of a pod's fields.
func managedFields(manager, subresource string, at metav1.Time) metav1.ManagedFieldsEntry {
	var owned strings.Builder
	for i := range 6 {
		fmt.Fprintf(&owned, `"k:{\"name\":\"%s_%02d\"}":{".":{},"f:name":{},"f:value":{}},`, "SETTING", i)
	}
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &at, Subresource: subresource,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:env":{` + owned.String() + `".":{}}}}`)}
}

func load(tb testing.TB, srv *apitest.Server, n int) (wire int) {
	tb.Helper()
	pods := apitest.In(srv, resources.Pods)
	for i := range n {
		pod := productionPod(i)
		wire += pod.Size()
		if err := pods.Put(pod); err != nil {
			tb.Fatal(err)
		}
	}
	return wire
}

func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		apitest.New(apitest.Options{})
	}
}

// BenchmarkPut stores new pods. Building them is not counted.
func BenchmarkPut(b *testing.B) {
	srv := apitest.New(apitest.Options{})
	pods := apitest.In(srv, resources.Pods)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		pod := productionPod(i)
		b.StartTimer()
		if err := pods.Put(pod); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad stores 100,000 pods in an empty server. Building them is not counted. It reports how much of all processors' time each
// takes, which other work on the machine changes little.
func BenchmarkLoad(b *testing.B) {
	pods := make([]*corev1.Pod, 100_000)
	for i := range pods {
		pods[i] = productionPod(i)
	}
	used := processorTime(b)
	for b.Loop() {
		if err := apitest.In(apitest.New(apitest.Options{}), resources.Pods).Put(pods...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-used)/float64(b.N*len(pods)), "cpu-ns/object")
}

// BenchmarkMemory reports the live heap that objects cost, and the states before the newest that the history keeps of them, each in
// relation to their wire size.
func BenchmarkMemory(b *testing.B) {
	const pods = 20_000
	for b.Loop() {
		empty := liveHeap()
		srv := apitest.New(apitest.Options{})
		wire := load(b, srv, pods)
		loaded := liveHeap()
		load(b, srv, pods) // the history keeps the first states, as many bytes as there are of objects
		both := liveHeap()
		b.ReportMetric(float64(wire)/pods, "B/pod")
		b.ReportMetric((loaded-empty)/float64(wire), "objects-heap/wire")
		b.ReportMetric((both-loaded)/float64(wire), "history-heap/wire")
		runtime.KeepAlive(srv)
	}
}

func liveHeap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkSwagger asks for the OpenAPI document of version 2.
func BenchmarkSwagger(b *testing.B) {
	c := clientOf(b, apitest.New(apitest.Options{NoCompression: true}).Start(b))
	c.must(200, nil, "GET", "/openapi/v2", nil) // which makes it
	for b.Loop() {
		c.must(200, nil, "GET", "/openapi/v2", nil)
	}
}

func BenchmarkList(b *testing.B) {
	srv := apitest.New(apitest.Options{NoCompression: true, Addr: "127.0.0.1:0"}).Start(b)
	load(b, srv, 20000)
	c := clientOf(b, srv)
	for _, accept := range []string{protobuf, "application/json"} {
		b.Run(accept, func(b *testing.B) {
			for b.Loop() {
				resp := c.open("GET", "/api/v1/pods", nil, "Accept", accept)
				n, err := io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(n)
			}
		})
	}
}

// BenchmarkUpdate changes pods through HTTP, with and without managed fields.
func BenchmarkUpdate(b *testing.B) {
	for _, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("NoManagedFields=%v", plain), func(b *testing.B) {
			srv := apitest.New(apitest.Options{NoManagedFields: plain}).Start(b)
			c := clientOf(b, srv)
			const path = "/api/v1/namespaces/default/pods"
			pod := productionPod(0)
			pod.Namespace, pod.Name = "default", "p"
			c.must(201, nil, "POST", path, wrap(b, "v1", "Pod", pod), "Content-Type", protobuf)
			for i := 0; b.Loop(); i++ {
				c.must(200, nil, "PATCH", path+"/p", []byte(fmt.Sprintf(`{"metadata":{"labels":{"n":"%d"}}}`, i)), "Content-Type", mergePatch)
			}
		})
	}
}

// BenchmarkFanOut delivers each change to 100 watchers on sockets: as fast as it goes, and at 2,000 changes a second, when events come one
// by one. It reports deliveries a second, how long after the last change the last of them came, and how much of all processors' time one
// takes, the clients' part included.
func BenchmarkFanOut(b *testing.B) {
	b.Run("at once", func(b *testing.B) { fanOut(b, 0) })
	b.Run("2000 changes a second", func(b *testing.B) { fanOut(b, 2000) })
}

func fanOut(b *testing.B, perSecond int) {
	const watchers = 100
	srv := apitest.New(apitest.Options{}).Start(b)
	load(b, srv, 200)
	var wg sync.WaitGroup
	for range watchers {
		w := openRawWatch(b, srv, "/api/v1/pods?watch=1&resourceVersion="+srv.ResourceVersion())
		defer func() { _ = w.conn.Close() }()
		wg.Go(func() {
			if err := w.skip(b.N); err != nil {
				b.Error(err)
			}
		})
	}
	pods := apitest.In(srv, resources.Pods)
	changes := make([]*corev1.Pod, 200)
	for i := range changes {
		changes[i] = productionPod(i)
	}
	b.ResetTimer()
	start, used := time.Now(), processorTime(b)
	for i := range b.N {
		if perSecond > 0 {
			<-time.After(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
		}
		pod := changes[i%200]
		pod.Annotations["n"] = fmt.Sprint(i)
		if err := pods.Put(pod); err != nil {
			b.Fatal(err)
		}
	}
	changed := time.Now()
	wg.Wait()
	b.ReportMetric(float64(time.Since(changed).Milliseconds()), "ms-behind")
	deliveries := float64(b.N * watchers)
	b.ReportMetric(deliveries/time.Since(start).Seconds(), "deliveries/s")
	b.ReportMetric(float64(processorTime(b)-used)/deliveries, "cpu-ns/delivery")
}

// processorTime is the time that this process has spent on all processors.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// rawWatch is a watch read as cheaply as possible: off the connection, without a copy of what was received.
type rawWatch struct {
	conn net.Conn
	in   *bufio.Reader
}

func openRawWatch(b *testing.B, srv *apitest.Server, path string) rawWatch {
	conn, err := srv.Dial(b.Context(), "tcp", strings.TrimPrefix(srv.URL(), "http://"))
	if err != nil {
		b.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: apitest\r\nAccept: %s;stream=watch\r\n\r\n", path, protobuf)
	w := rawWatch{conn, bufio.NewReaderSize(conn, 256<<10)}
	for line := "?"; line != "\r\n" && err == nil; {
		line, err = w.in.ReadString('\n')
	}
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// skip reads n frames, of which each chunk has whole ones.
func (w rawWatch) skip(n int) error {
	for n > 0 {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		left, err := strconv.ParseInt(strings.TrimSpace(string(line)), 16, 64)
		if err != nil {
			return err
		}
		for ; left > 0; n-- {
			head, err := w.in.Peek(4)
			if err != nil {
				return err
			}
			frame, err := w.in.Discard(4 + int(binary.BigEndian.Uint32(head)))
			if err != nil {
				return err
			}
			left -= int64(frame)
		}
		if _, err := w.in.Discard(len("\r\n")); err != nil {
			return err
		}
	}
	return nil
}
