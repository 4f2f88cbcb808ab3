package api

import (
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/resource"
)

var evictions = resource.Define[*policyv1.Eviction]("policy", "v1", "evictions", "Eviction", resource.Namespaced, resource.Builtin())

// evict deletes a pod, if its disruption budget allows that.
func (q *request) evict() error {
	options, err := q.writeOptions("CreateOptions")
	if err != nil {
		return err
	}
	eviction, err := bodyOf(q, evictions)
	if err != nil {
		return err
	}
	obj, err := q.current()
	if err != nil {
		return err
	}
	deletion := metav1.DeleteOptions{}
	if eviction.DeleteOptions != nil {
		deletion = *eviction.DeleteOptions
	}
	if options.dryRun {
		deletion.DryRun = []string{metav1.DryRunAll}
	}
	if err := q.disrupt(obj.(*corev1.Pod), len(deletion.DryRun) > 0); err != nil {
		return err
	}
	if _, _, err := q.api.objects.Delete(q.kind, q.Namespace, q.Name, deletion); err != nil {
		return err
	}
	return q.success(http.StatusCreated)
}

// disrupt takes one from the budget of a pod. A pod that has ended, or has not begun, needs none.
func (q *request) disrupt(pod *corev1.Pod, dryRun bool) error {
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodPending:
		return nil
	}
	if pod.DeletionTimestamp != nil {
		return nil
	}
	budgets, ok := q.api.objects.Kinds.Lookup(policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"))
	if !ok {
		return nil
	}
	budget, err := budgetOf(budgets, pod)
	if err != nil || budget == nil {
		return err
	}
	_, _, err = q.api.objects.Update(budgets, objects.Change{Namespace: pod.Namespace, Name: budget.Name, Subresource: "status", DryRun: dryRun,
		Make: func(current resource.Object) (resource.Object, error) {
			next := resource.Copy(current).(*policyv1.PodDisruptionBudget)
			if next.Status.DisruptionsAllowed <= 0 {
				return nil, overBudget(next)
			}
			next.Status.DisruptionsAllowed--
			if next.Status.DisruptedPods == nil {
				next.Status.DisruptedPods = map[string]metav1.Time{}
			}
			next.Status.DisruptedPods[pod.Name] = metav1.NewTime(time.Now().UTC().Truncate(time.Second))
			return next, nil
		}})
	return err
}

// budgetOf returns the budget that selects a pod, nil if none does.
func budgetOf(budgets *kinds.Kind, pod *corev1.Pod) (*policyv1.PodDisruptionBudget, error) {
	page, err := budgets.Table.Page(history.Query{Namespace: pod.Namespace})
	if err != nil {
		return nil, err
	}
	var found *policyv1.PodDisruptionBudget
	for _, v := range page.Versions {
		obj, err := budgets.Object(v)
		if err != nil {
			return nil, err
		}
		budget := obj.(*policyv1.PodDisruptionBudget)
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if found != nil {
			return nil, apierrors.NewInternalError(fmt.Errorf("this pod has more than one PodDisruptionBudget, which the eviction subresource does not support"))
		}
		found = budget
	}
	return found, nil
}

func overBudget(budget *policyv1.PodDisruptionBudget) error {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type: policyv1.DisruptionBudgetCause, Message: fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently",
			budget.Name, budget.Status.DesiredHealthy, budget.Status.CurrentHealthy),
	})
	return err
}
