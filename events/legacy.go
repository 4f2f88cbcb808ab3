package events

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	return create(ctx, l.client.Namespace(event.Namespace), s, event)
}

func (l *legacy) repeat(ctx context.Context, of story, s *series) error {
	change := map[string]any{"count": s.count, "lastTimestamp": metav1.NewTime(s.last), "message": s.text}
	return recount(ctx, l.client.Namespace(eventNamespace(of)), s, change)
}
