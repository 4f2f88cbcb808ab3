package informers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Client returns a server's collection as a source for New: the objects of one namespace, or of all ("").
func Client(client *rest.Client, def *resource.Definition, namespace string) reflector.ListerWatcher {
	return newClientSource(client, def, namespace, nil)
}

// clientSource reads a collection through a client.
type clientSource struct {
	client     *rest.ResourceClient // for single objects
	lists      *rest.ResourceClient // for lists and watches
	tweak      func(*metav1.ListOptions)
	namespaces []string // that are kept of those that are read, in order; none: all
}

var (
	_ reflector.ListerWatcher = clientSource{}
	_ reflector.Opener        = clientSource{}
	_ reflector.Getter        = clientSource{}
	_ reflector.Decoding      = clientSource{}
	_ reflector.Selecting     = clientSource{}
)

func newClientSource(client *rest.Client, def *resource.Definition, namespace string, tweak func(*metav1.ListOptions)) clientSource {
	if !def.Namespaced() {
		namespace = ""
	}
	// The reflector backs off by itself, so that its status can say so.
	c := client.ForResource(def).Namespace(namespace).MaxRetries(0)
	return clientSource{client: c, lists: c, tweak: tweak}
}

// Decoding returns the same collection, whose lists and watches are decoded with options. Single objects stay private.
func (s clientSource) Decoding(opts ...decode.Option) reflector.ListerWatcher {
	if len(s.namespaces) > 0 {
		opts = append(opts, decode.Only(func(id decode.Identity) bool { return s.keeps(id.Key.Namespace) }))
	}
	s.lists = s.client.Decoding(opts...)
	return s
}

func (s clientSource) keeps(namespace string) bool {
	_, found := slices.BinarySearch(s.namespaces, namespace)
	return found || len(s.namespaces) == 0
}

// Selection returns what says whether an object is in the collection.
func (s clientSource) Selection() (func(resource.Object) bool, error) {
	opts := s.options(metav1.ListOptions{})
	if opts.FieldSelector != "" {
		return nil, fmt.Errorf("only the server knows what the field selector %q matches", opts.FieldSelector)
	}
	selector, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		return nil, fmt.Errorf("label selector %q: %w", opts.LabelSelector, err)
	}
	return func(o resource.Object) bool {
		return s.keeps(o.GetNamespace()) && selector.Matches(labels.Set(o.GetLabels()))
	}, nil
}

func (s clientSource) options(opts metav1.ListOptions) metav1.ListOptions {
	if s.tweak != nil {
		s.tweak(&opts)
	}
	return opts
}

func (s clientSource) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	return s.lists.List(ctx, s.options(opts), yield)
}

// Open asks for a page.
func (s clientSource) Open(ctx context.Context, opts metav1.ListOptions) (reflector.Page, error) {
	page, err := s.lists.Page(ctx, s.options(opts))
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (s clientSource) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	watch, err := s.lists.Watch(ctx, s.options(opts))
	if err != nil {
		return nil, err
	}
	return watch, nil
}

// errNotSelected says of an object that is there that it does not exist in a collection.
var errNotSelected = &apierrors.StatusError{ErrStatus: metav1.Status{
	Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound, Message: "it is not selected",
}}

// Get reads one object. One that is there and not selected is not in the collection; what is selected, the server knows.
func (s clientSource) Get(ctx context.Context, key resource.Key) (found resource.Object, err error) {
	client, opts := s.client.Namespace(key.Namespace), s.options(metav1.ListOptions{})
	if opts.LabelSelector == "" && opts.FieldSelector == "" {
		return client.Get(ctx, key.Name, metav1.GetOptions{})
	}
	opts.FieldSelector = strings.TrimPrefix(opts.FieldSelector+",metadata.name="+fields.EscapeValue(key.Name), ",")
	_, err = client.List(ctx, opts, func(item decode.Item) error {
		if item.Err != nil {
			return item.Err
		}
		found = item.Object
		return nil
	})
	if err == nil && found == nil {
		err = errNotSelected
	}
	return found, err
}
