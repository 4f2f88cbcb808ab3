package api

import (
	"net/http"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

const protobufFormat = wire.Protobuf

var scales = resource.Define[*autoscalingv1.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced, resource.Builtin())

// customScales are the scales of custom resources, whose tables the real server describes in other words.
var customScales = resource.Define[*autoscalingv1.Scale]("autoscaling", "v1", "customscales", "Scale", resource.Namespaced, resource.Builtin())

// scale reads and writes how many replicas an object wants.
func (q *request) scale() error {
	if q.Verb == "get" {
		obj, err := q.current()
		if err != nil {
			return err
		}
		return q.sendScale(obj)
	}
	options, err := q.writeOptions("UpdateOptions")
	if err != nil {
		return err
	}
	change, err := q.scaleChange()
	if err != nil {
		return err
	}
	var stored resource.Object
	_, _, err = q.api.objects.Update(q.kind, objects.Change{
		Namespace: q.Namespace, Name: q.Name, Subresource: q.Subresource, DryRun: options.dryRun,
		Make: func(current resource.Object) (resource.Object, error) {
			next := resource.Copy(current)
			scale, err := change(q.scaleOf(current))
			if err != nil {
				return nil, err
			}
			if scale.Spec.Replicas < 0 {
				problem := field.Invalid(field.NewPath("spec", "replicas"), scale.Spec.Replicas, "must be greater than or equal to 0")
				return nil, apierrors.NewInvalid(autoscalingv1.SchemeGroupVersion.WithKind("Scale").GroupKind(), q.Name, field.ErrorList{problem})
			}
			next.SetResourceVersion(scale.ResourceVersion)
			if q.Verb == "update" && scale.ResourceVersion == "" {
				next.SetResourceVersion(current.GetResourceVersion())
			}
			q.setReplicas(next, scale.Spec.Replicas)
			stored, err = q.managed(current, next, options)
			return stored, err
		},
	})
	if err != nil {
		return err
	}
	obj, err := q.current()
	if err != nil || options.dryRun {
		obj = stored
	}
	return q.sendScale(obj)
}

// scaleChange returns what the request makes of a scale.
func (q *request) scaleChange() (func(*autoscalingv1.Scale) (*autoscalingv1.Scale, error), error) {
	if q.Verb == "update" {
		body, err := bodyOf(q, scales)
		return func(*autoscalingv1.Scale) (*autoscalingv1.Scale, error) { return body, err }, err
	}
	data, err := q.readBody()
	if err != nil {
		return nil, err
	}
	whole := *q
	whole.kind = kinds.New(scales.Definition(), nil)
	change, err := whole.patcher(data)
	if err != nil {
		return nil, err
	}
	return func(current *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
		obj, err := change(current)
		if err != nil {
			return nil, err
		}
		return obj.(*autoscalingv1.Scale), nil
	}, nil
}

func (q *request) sendScale(obj resource.Object) error {
	if q.kind.Typed() {
		return answer(q, scales, http.StatusOK, q.scaleOf(obj))
	}
	return answer(q, customScales, http.StatusOK, q.scaleOf(obj))
}

// scaleOf returns the scale of an object.
func (q *request) scaleOf(obj resource.Object) *autoscalingv1.Scale {
	scale := scales.New()
	scale.ObjectMeta = metav1.ObjectMeta{
		Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(), CreationTimestamp: obj.GetCreationTimestamp(),
	}
	switch o := obj.(type) {
	case *appsv1.Deployment:
		fillScale(scale, o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector)
	case *appsv1.ReplicaSet:
		fillScale(scale, o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector)
	case *appsv1.StatefulSet:
		fillScale(scale, o.Spec.Replicas, o.Status.Replicas, o.Spec.Selector)
	case *corev1.ReplicationController:
		fillScale(scale, o.Spec.Replicas, o.Status.Replicas, nil)
		scale.Status.Selector = labels.Set(o.Spec.Selector).String()
	case *unstructured.Unstructured:
		custom := q.kind.Custom()
		if custom == nil {
			custom = &kinds.Custom{SpecReplicas: ".spec.replicas", StatusReplicas: ".status.replicas"}
		}
		scale.Spec.Replicas, scale.Status.Replicas = int32At(o, custom.SpecReplicas), int32At(o, custom.StatusReplicas)
		if custom.LabelSelector != "" {
			scale.Status.Selector, _, _ = unstructured.NestedString(o.Object, pathOf(custom.LabelSelector)...)
		}
	}
	return scale
}

func fillScale(scale *autoscalingv1.Scale, want *int32, have int32, selector *metav1.LabelSelector) {
	scale.Spec.Replicas = 1
	if want != nil {
		scale.Spec.Replicas = *want
	}
	scale.Status.Replicas = have
	if s, err := metav1.LabelSelectorAsSelector(selector); err == nil && selector != nil {
		scale.Status.Selector = s.String()
	}
}

func pathOf(jsonPath string) []string {
	return strings.Split(strings.TrimPrefix(jsonPath, "."), ".")
}

func int32At(u *unstructured.Unstructured, path string) int32 {
	n, _, _ := unstructured.NestedInt64(u.Object, pathOf(path)...)
	return int32(n)
}

// setReplicas writes the number that is wanted into an object.
func (q *request) setReplicas(obj resource.Object, n int32) {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		o.Spec.Replicas = &n
	case *appsv1.ReplicaSet:
		o.Spec.Replicas = &n
	case *appsv1.StatefulSet:
		o.Spec.Replicas = &n
	case *corev1.ReplicationController:
		o.Spec.Replicas = &n
	case *unstructured.Unstructured:
		path := ".spec.replicas"
		if custom := q.kind.Custom(); custom != nil {
			path = custom.SpecReplicas
		}
		_ = unstructured.SetNestedField(o.Object, int64(n), pathOf(path)...) // it fails only where validation has failed before
	}
}

// modify changes the object that the request is about.
func (q *request) modify(options writeOptions, change func(resource.Object) error) error {
	_, _, err := q.api.objects.Update(q.kind, objects.Change{
		Namespace: q.Namespace, Name: q.Name, Subresource: q.Subresource, DryRun: options.dryRun,
		Make: func(current resource.Object) (resource.Object, error) {
			next := resource.Copy(current)
			if err := change(next); err != nil {
				return nil, err
			}
			return q.managed(current, next, options)
		},
	})
	return err
}
