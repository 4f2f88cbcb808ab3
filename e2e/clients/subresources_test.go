package clients_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	authenticationapi "k8s.io/api/authentication/v1"
	autoscalingapi "k8s.io/api/autoscaling/v1"
	certificatesapi "k8s.io/api/certificates/v1"
	coreapi "k8s.io/api/core/v1"
	policyapi "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/remote"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	certificates "github.com/sheaf-dev/sheaf/resource/certificates/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	policy "github.com/sheaf-dev/sheaf/resource/policy/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestTheScaleOfADeploymentIsReadAndSet(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	deployments := typed.For(client, appsv1.Deployments).Namespace(namespace(t, client))
	made := create(t, deployments, sampleOf(t, appsv1.Deployments))
	scales := subresource.Scale(deployments)
	scale, err := scales.Get(ctx, made.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scale.Spec.Replicas = 5
	if scale, err = scales.Update(ctx, made.Name, scale, metav1.UpdateOptions{}); err != nil || scale.Spec.Replicas != 5 {
		t.Errorf("update: %v, %v", scale, err)
	}
	if scale, err = scales.Patch(ctx, made.Name, types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{}); err != nil || scale.Spec.Replicas != 7 {
		t.Errorf("patch: %v, %v", scale, err)
	}
	if now, err := deployments.Get(ctx, made.Name, metav1.GetOptions{}); err != nil || *now.Spec.Replicas != 7 {
		t.Errorf("the deployment: %v, %v", now, err)
	}
	wish := &autoscalingapi.Scale{ObjectMeta: metav1.ObjectMeta{Name: made.Name}}
	if scale, err = scales.Apply(ctx, wish, metav1.ApplyOptions{FieldManager: "scaler"}, apply.Zero(&wish.Spec.Replicas)); !apierrors.IsConflict(err) ||
		len(apply.Conflicts(err)) == 0 || apply.Conflicts(err)[0].Field != ".spec.replicas" {
		t.Errorf("apply what is somebody else's: %v, %v", scale, err)
	}
	if scale, err = scales.Apply(ctx, wish, metav1.ApplyOptions{FieldManager: "scaler", Force: true}, apply.Zero(&wish.Spec.Replicas)); err != nil || scale.Spec.Replicas != 0 {
		t.Errorf("apply by force: %v, %v", scale, err)
	}
	now, err := deployments.Get(ctx, made.Name, metav1.GetOptions{})
	if err != nil || *now.Spec.Replicas != 0 {
		t.Fatalf("the deployment: %v, %v", now, err)
	}
	if mine, _, err := apply.Extract(now, "scaler", "scale"); err != nil || mine.Spec.Replicas == nil || *mine.Spec.Replicas != 0 || mine.Spec.Selector != nil {
		t.Errorf("extracted %v, %v", mine, err)
	}
}

// webPod creates the pod "p" of the app web.
func webPod(t *testing.T, pods typed.Client[*coreapi.Pod]) *coreapi.Pod {
	t.Helper()
	return create(t, pods, &coreapi.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"app": "web"}},
		Spec: coreapi.PodSpec{Containers: []coreapi.Container{{
			Name: "main", Image: "example.com/web",
			Resources: coreapi.ResourceRequirements{Requests: coreapi.ResourceList{"cpu": apiresource.MustParse("100m")}},
		}}},
	})
}

func TestAPodIsBoundResizedAndLookedInto(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	ns := namespace(t, client)
	pods := typed.For(client, corev1.Pods).Namespace(ns)
	webPod(t, pods)
	node := create(t, typed.For(client, corev1.Nodes), &coreapi.Node{ObjectMeta: metav1.ObjectMeta{Name: ns}})
	node.Status.Capacity = coreapi.ResourceList{"cpu": apiresource.MustParse("4")}
	node.Status.Allocatable = node.Status.Capacity
	if _, err := typed.For(client, corev1.Nodes).UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &coreapi.Binding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: coreapi.ObjectReference{Kind: "Node", Name: node.Name}}
	if err := subresource.Bind(ctx, pods, binding, metav1.CreateOptions{}); err != nil {
		t.Errorf("bind: %v", err)
	}
	if err := subresource.Bind(ctx, pods, binding, metav1.CreateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("bind again: %v", err)
	}
	pod, err := pods.Get(ctx, "p", metav1.GetOptions{})
	if err != nil || pod.Spec.NodeName != node.Name {
		t.Fatalf("got %v, %v", pod, err)
	}
	pod.Spec.Containers[0].Resources.Requests["cpu"] = apiresource.MustParse("200m")
	if pod, err = subresource.Resize(ctx, pods, pod, metav1.UpdateOptions{}); err != nil || pod.Spec.Containers[0].Resources.Requests.Cpu().String() != "200m" {
		t.Fatalf("resize: %v, %v", pod, err)
	}
	pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, coreapi.EphemeralContainer{
		EphemeralContainerCommon: coreapi.EphemeralContainerCommon{Name: "debug", Image: "example.com/debug"},
	})
	if pod, err = subresource.UpdateEphemeralContainers(ctx, pods, pod, metav1.UpdateOptions{}); err != nil || len(pod.Spec.EphemeralContainers) != 1 {
		t.Fatalf("ephemeral containers: %v, %v", pod, err)
	}
}

// A budget that allows nothing forbids evicting a pod that runs and is ready.
func TestAPodIsEvictedUnlessABudgetForbidsIt(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	ns := namespace(t, client)
	pods := typed.For(client, corev1.Pods).Namespace(ns)
	pod := webPod(t, pods)
	pod.Status.Phase = coreapi.PodRunning
	pod.Status.Conditions = []coreapi.PodCondition{{Type: coreapi.PodReady, Status: coreapi.ConditionTrue}}
	if _, err := pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	budgets := typed.For(client, policy.PodDisruptionBudgets).Namespace(ns)
	create(t, budgets, &policyapi.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "none"},
		Spec:       policyapi.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}},
	})
	looked, err := budgets.Patch(ctx, "none", types.MergePatchType,
		[]byte(`{"status":{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(looked, err)
	}
	eviction := &policyapi.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "p"}, DeleteOptions: &metav1.DeleteOptions{GracePeriodSeconds: new(int64)}}
	if err := subresource.Evict(ctx, pods, eviction, metav1.CreateOptions{}); !apierrors.IsTooManyRequests(err) {
		t.Errorf("an eviction that the budget forbids: %v", err)
	}
	if err := budgets.Delete(ctx, "none", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := subresource.Evict(ctx, pods, eviction, metav1.CreateOptions{}); err != nil {
		t.Errorf("evict: %v", err)
	}
	if _, err := pods.Get(ctx, "p", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the pod is still there: %v", err)
	}
}

func TestAServiceAccountsTokenIsItsOwn(t *testing.T) {
	client := connect(t, cluster.Admin)
	ns := namespace(t, client)
	accounts := typed.For(client, corev1.ServiceAccounts).Namespace(ns)
	create(t, accounts, &coreapi.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}})
	answer, err := subresource.RequestToken(t.Context(), accounts, "robot", &authenticationapi.TokenRequest{
		Spec: authenticationapi.TokenRequestSpec{ExpirationSeconds: ptr(int64(3600))},
	}, metav1.CreateOptions{})
	if err != nil || answer.Status.Token == "" {
		t.Fatalf("got %v, %v", answer, err)
	}
	robot := connect(t, cluster.Admin, func(c *rest.Config) { c.BearerToken = answer.Status.Token })
	_, err = typed.For(robot, corev1.Nodes).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "system:serviceaccount:"+ns+":robot") {
		t.Errorf("the token is of somebody else: %v", err)
	}
}

func TestANamespaceIsGoneWithoutFinalizers(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	namespaces := typed.For(client, corev1.Namespaces)
	name := namespace(t, client)
	if err := namespaces.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	left, err := namespaces.Get(ctx, name, metav1.GetOptions{})
	if err != nil || left.Status.Phase != coreapi.NamespaceTerminating {
		t.Fatalf("left %v, %v", left, err)
	}
	left.Spec.Finalizers = nil
	if _, err := subresource.Finalize(ctx, namespaces, left, metav1.UpdateOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := namespaces.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestASigningRequestIsApproved(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "robot"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	requests := typed.For(client, certificates.CertificateSigningRequests)
	request := create(t, requests, &certificatesapi.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "approved-"},
		Spec: certificatesapi.CertificateSigningRequestSpec{
			Request:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
			SignerName: "example.com/signer",
			Usages:     []certificatesapi.KeyUsage{certificatesapi.UsageClientAuth},
		},
	})
	request.Status.Conditions = []certificatesapi.CertificateSigningRequestCondition{
		{Type: certificatesapi.CertificateApproved, Status: coreapi.ConditionTrue, Reason: "Tested"},
	}
	if request, err = subresource.UpdateApproval(ctx, requests, request, metav1.UpdateOptions{}); err != nil || len(request.Status.Conditions) != 1 {
		t.Errorf("got %v, %v", request, err)
	}
}

func TestALogIsThatOfTheContainer(t *testing.T) {
	pods := startKubelet(t, connect(t, cluster.Admin))
	logs, err := subresource.Logs(t.Context(), pods, "p", &coreapi.PodLogOptions{TailLines: ptr(int64(5))})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	text, err := io.ReadAll(logs)
	if err != nil || !strings.HasPrefix(string(text), "log of /containerLogs/") || !strings.HasSuffix(string(text), "/p/main, tail 5\n") {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := subresource.Logs(t.Context(), pods, "p", &coreapi.PodLogOptions{Container: "none"}); !apierrors.IsBadRequest(err) {
		t.Errorf("the log of a container that is not there: %v", err)
	}
}

func TestCommandsRunThroughTheServer(t *testing.T) {
	pods := startKubelet(t, connect(t, cluster.Admin))
	text := strings.Repeat("input ", 50_000)
	var out, errs bytes.Buffer
	err := remote.Exec(t.Context(), pods, "p", remote.Command{Args: []string{"cat"}}, remote.Streams{Stdin: strings.NewReader(text), Stdout: &out})
	if err != nil || out.String() != text {
		t.Errorf("cat: got %d bytes of %d, %v", out.Len(), len(text), err)
	}
	var exit *remote.ExitError
	err = remote.Exec(t.Context(), pods, "p", remote.Command{Container: "main", Args: []string{"exit", "7"}}, remote.Streams{Stderr: &errs})
	if !errors.As(err, &exit) || exit.Code != 7 || errs.String() != "it fails\n" {
		t.Errorf("exit: %v, %q", err, errs.String())
	}
	out.Reset()
	sizes := make(chan remote.Size, 1)
	sizes <- remote.Size{Width: 80, Height: 24}
	err = remote.Exec(t.Context(), pods, "p", remote.Command{Args: []string{"size"}}, remote.Streams{Stdout: &out, TTY: true, Resize: sizes})
	if err != nil || !strings.Contains(out.String(), `"Width":80`) {
		t.Errorf("size: %q, %v", out.String(), err)
	}
	if err := remote.Exec(t.Context(), pods, "none", remote.Command{Args: []string{"cat"}}, remote.Streams{Stdout: &out}); !apierrors.IsNotFound(err) {
		t.Errorf("a pod that is not there: %v", err)
	}
	guest := typed.For(connect(t, cluster.Guest), corev1.Pods).Namespace("default")
	if err := remote.Exec(t.Context(), guest, "p", remote.Command{Args: []string{"cat"}}, remote.Streams{Stdout: &out}); !apierrors.IsForbidden(err) {
		t.Errorf("a guest: %v", err)
	}
}

func TestAttachingReachesTheMainProcessThroughTheServer(t *testing.T) {
	pods := startKubelet(t, connect(t, cluster.Admin))
	var out bytes.Buffer
	err := remote.Attach(t.Context(), pods, "p", "main", remote.Streams{Stdin: strings.NewReader("world"), Stdout: &out})
	if err != nil || out.String() != "hello world" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := remote.Attach(t.Context(), pods, "p", "none", remote.Streams{Stdout: &out}); !apierrors.IsBadRequest(err) {
		t.Errorf("a container that is not there: %v", err)
	}
}

func TestPortsAreForwardedThroughTheServer(t *testing.T) {
	pods := startKubelet(t, connect(t, cluster.Admin))
	tunnel, err := remote.Open(t.Context(), pods, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	for range 3 {
		conn, err := tunnel.Dial(t.Context(), 8080)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "hello"); err != nil {
			t.Error(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Error(err)
		}
		if got, err := io.ReadAll(conn); err != nil || string(got) != "hello" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	conn, err := tunnel.Dial(t.Context(), 9)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err == nil || !strings.Contains(err.Error(), "nobody listens") {
		t.Errorf("a port where nobody listens: %v", err)
	}
}
