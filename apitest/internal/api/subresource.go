package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// subresource serves the paths below an object.
func (q *request) subresource() error {
	switch q.Subresource {
	case "status", "approval", "finalize", "ephemeralcontainers", "resize":
		return q.part()
	case "scale":
		return q.scale()
	case "eviction":
		return q.evict()
	case "binding":
		return q.bind()
	case "token":
		return q.token()
	}
	if err := q.mustExist(); err != nil {
		return err
	}
	return apierrors.NewServiceUnavailable(fmt.Sprintf("%s/%s needs a kubelet or a running pod, and there is none", q.kind.GVR().Resource, q.Subresource))
}

// part serves a subresource that is a part of the object, and is read and written as the object.
func (q *request) part() error {
	switch q.Verb {
	case "get":
		return q.get()
	case "update":
		return q.update()
	}
	return q.patch()
}

// mustExist returns an error if there is no object that the request could be about.
func (q *request) mustExist() error {
	if q.kind.Table.Get(history.KeyOf(q.Namespace, q.Name)) == nil {
		return apierrors.NewNotFound(q.kind.GR(), q.Name)
	}
	return nil
}

// current returns the object that the request is about.
func (q *request) current() (resource.Object, error) {
	v := q.kind.Table.Get(history.KeyOf(q.Namespace, q.Name))
	if v == nil {
		return nil, apierrors.NewNotFound(q.kind.GR(), q.Name)
	}
	return q.kind.Object(v)
}

// success is the answer of subresources that have no object of their own.
func (q *request) success(code int) error {
	q.sendStatus(code, &metav1.Status{Status: metav1.StatusSuccess, Code: int32(code)})
	return nil
}

// bodyOf reads a body of a kind other than the resource's.
func bodyOf[T resource.Object](q *request, r resource.Resource[T]) (T, error) {
	var none T
	obj, err := q.object(kinds.New(r.Definition(), nil))
	if err != nil {
		return none, err
	}
	body := obj.(T)
	kind := r.Definition().GroupVersionKind().Kind
	switch name := body.GetName(); {
	case name == q.Name || name == "" && kind == "TokenRequest":
	case q.Verb == "create":
		return none, apierrors.NewBadRequest("name in URL does not match name in " + kind + " object")
	case name == "":
		return none, errNameless(q.Name)
	default:
		return none, apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", name, q.Name))
	}
	if body.GetNamespace() != "" && body.GetNamespace() != q.Namespace {
		return none, apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	body.SetName(q.Name)
	body.SetNamespace(q.Namespace)
	return body, nil
}

// answer sends an object of a kind other than the resource's.
func answer[T resource.Object](q *request, r resource.Resource[T], code int, obj T) error {
	k := kinds.New(r.Definition(), nil)
	r.Definition().SetKind(obj)
	data, err := q.encode(k, obj)
	if err != nil {
		return err
	}
	envelope := k.Envelope()
	if q.accept.As != "" {
		envelope = q.envelope()
	}
	q.sendBytes(code, envelope, data)
	return nil
}

// encode returns an object of a kind other than the resource's as the request wants it.
func (q *request) encode(k *kinds.Kind, obj resource.Object) ([]byte, error) {
	switch {
	case q.accept.As == "Table":
		return q.tableOfObject(k, obj)
	case q.accept.As != "" && q.accept.Format == protobufFormat:
		return kinds.PartialMetadata(obj).Marshal()
	case q.accept.As != "":
		return json.Marshal(kinds.PartialMetadata(obj))
	case q.accept.Format == protobufFormat:
		return k.Encode(obj)
	}
	return k.EncodeJSON(obj)
}

// Bindings is the resource that puts pods on nodes. It can only be created, and nothing is stored.
var Bindings = resource.Define[*corev1.Binding]("", "v1", "bindings", "Binding", resource.Namespaced, resource.Builtin(), resource.WithVerbs(resource.VerbCreate))

// bind puts a pod on a node.
func (q *request) bind() error {
	options, err := q.writeOptions("CreateOptions")
	if err != nil {
		return err
	}
	binding, err := bodyOf(q, Bindings)
	if err != nil {
		return err
	}
	return q.bindTo(binding, options)
}

// bindNamed is bind for a binding that is posted to the collection of bindings, and names its pod itself.
func (q *request) bindNamed() error {
	obj, options, err := q.posted()
	if err != nil {
		return err
	}
	pods, ok := q.api.objects.Kinds.Lookup(corev1.SchemeGroupVersion.WithResource("pods"))
	if !ok {
		return errNoResource
	}
	q.kind, q.Name, q.Subresource = pods, obj.GetName(), "binding"
	return q.bindTo(obj.(*corev1.Binding), options)
}

func (q *request) bindTo(binding *corev1.Binding, options writeOptions) error {
	if kind := binding.Target.Kind; kind != "" && kind != "Node" || binding.Target.Name == "" {
		return apierrors.NewBadRequest("the target of a binding must be a Node with a name")
	}
	if err := q.modify(options, func(obj resource.Object) error { return place(obj.(*corev1.Pod), binding) }); err != nil {
		return err
	}
	return q.success(http.StatusCreated)
}

// place is what a binding does to a pod.
func place(pod *corev1.Pod, binding *corev1.Binding) error {
	switch {
	case binding.UID != "" && binding.UID != pod.UID:
		return apierrors.NewConflict(corev1.Resource("pods/binding"), pod.Name,
			fmt.Errorf("uid mismatch: the provided UID is %s, the pod's is %s", binding.UID, pod.UID))
	case pod.DeletionTimestamp != nil:
		return apierrors.NewConflict(corev1.Resource("pods/binding"), pod.Name,
			fmt.Errorf("pod %s is being deleted, cannot be assigned to a host", pod.Name))
	case pod.Spec.NodeName != "":
		return apierrors.NewConflict(corev1.Resource("pods/binding"), pod.Name,
			fmt.Errorf("pod %s is already assigned to node %q", pod.Name, pod.Spec.NodeName))
	}
	pod.Spec.NodeName = binding.Target.Name
	for name, value := range binding.Annotations {
		metav1.SetMetaDataAnnotation(&pod.ObjectMeta, name, value)
	}
	scheduled := corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}
	for i, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled {
			pod.Status.Conditions[i] = scheduled
			return nil
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, scheduled)
	return nil
}
