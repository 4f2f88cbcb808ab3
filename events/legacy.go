package events

import (
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// legacy writes Events of the core group: a repetition is a count, and the last of two timestamps. One that stands for many
// shows the text of the last of them.
type legacy struct {
	client  typed.Client[*corev1.Event]
	options Options
}

func newLegacy(client *rest.Client, options Options) *legacy {
	return &legacy{typed.For(client, corev1resources.Events), options}
}

func (l *legacy) create(ctx context.Context, of story, s *series) error {
	event := &corev1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: eventNamespace(of), Name: s.name},
		InvolvedObject:      of.regarding.object(),
		Reason:              of.reason,
		Message:             s.text,
		Source:              corev1.EventSource{Component: l.options.Controller},
		FirstTimestamp:      metav1.NewTime(s.first),
		LastTimestamp:       metav1.NewTime(s.last),
		Count:               s.count,
		Type:                of.kind,
		Action:              of.action,
		ReportingController: l.options.Controller,
		ReportingInstance:   cut(l.options.Instance, maxWord),
	}
	if of.related != (reference{}) {
		related := of.related.object()
		event.Related = &related
	}
	_, err := l.client.Namespace(event.Namespace).Create(ctx, event, metav1.CreateOptions{})
	return err
}

func (l *legacy) repeat(ctx context.Context, of story, s *series) error {
	patch, err := json.Marshal(map[string]any{"count": s.count, "lastTimestamp": metav1.NewTime(s.last), "message": s.text})
	if err != nil {
		return err
	}
	_, err = l.client.Namespace(eventNamespace(of)).Patch(ctx, s.name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}
