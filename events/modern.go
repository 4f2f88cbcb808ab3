package events

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	eventsv1resources "github.com/sheaf-dev/sheaf/resource/events/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// modern writes Events of events.k8s.io/v1: a repetition is a series with a count and the time it was last observed. What an Event says
// stays: one that stands for many shows the text of the first of them.
type modern struct {
	client  typed.Client[*eventsv1.Event]
	options Options
}

func newModern(client *rest.Client, options Options) *modern {
	return &modern{typed.For(client, eventsv1resources.Events), options}
}

func (m *modern) create(ctx context.Context, of story, s *series) error {
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: eventNamespace(of), Name: s.name},
		EventTime:           metav1.NewMicroTime(s.first),
		ReportingController: m.options.Controller,
		ReportingInstance:   cut(m.options.Instance, maxWord),
		Action:              of.action,
		Reason:              of.reason,
		Regarding:           of.regarding.object(),
		Note:                s.text,
		Type:                of.kind,
	}
	if of.related != (reference{}) {
		related := of.related.object()
		event.Related = &related
	}
	if s.count > 1 {
		event.Series = s.modern()
	}
	return create(ctx, m.client.Namespace(event.Namespace), s, event)
}

func (m *modern) repeat(ctx context.Context, of story, s *series) error {
	return recount(ctx, m.client.Namespace(eventNamespace(of)), s, map[string]any{"series": s.modern()}) // the text cannot be changed
}

func (s *series) modern() *eventsv1.EventSeries {
	return &eventsv1.EventSeries{Count: s.count, LastObservedTime: metav1.NewMicroTime(s.last)}
}

func (r reference) object() corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: r.apiVersion, Kind: r.kind, Namespace: r.namespace, Name: r.name, UID: r.uid}
}
