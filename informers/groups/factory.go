package groups

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	"github.com/sheaf-dev/sheaf/rest"
)

// SharedInformerFactory is a factory of package informers with accessors for the built-in resources. All methods may be called from any
// goroutine.
type SharedInformerFactory struct {
	*informers.SharedInformerFactory
}

// NewSharedInformerFactory returns a factory without informers. It starts nothing.
func NewSharedInformerFactory(client *rest.Client, opts informers.Options) *SharedInformerFactory {
	f := informers.NewSharedInformerFactory(client, opts)
	f.AddLookup(builtin.ForResource)
	return &SharedInformerFactory{f}
}

// ForResource returns the factory's informer of a resource by its name, untyped: of any built-in resource that can be listed and watched,
// and of those that the factory has been asked for by definition. It is the informer that the accessor of that resource returns.
func (f *SharedInformerFactory) ForResource(gvr schema.GroupVersionResource) (informers.Informer[resource.Object], error) {
	if def, ok := builtin.ForResource(gvr); ok && !def.Verbs().Has(followed) {
		return informers.Informer[resource.Object]{}, fmt.Errorf("no informer can follow %s: it cannot be listed and watched, its verbs are %q", def, def.Verbs())
	}
	return f.SharedInformerFactory.ForResource(gvr)
}

// followed is what an informer does with a resource.
const followed = resource.VerbList | resource.VerbWatch

// Accessor gives access to one resource of a factory. It is a value; its methods may be called from any goroutine.
type Accessor[T resource.Object] struct {
	factory  *SharedInformerFactory
	resource resource.Resource[T]
}

func access[T resource.Object](f *SharedInformerFactory, r resource.Resource[T]) Accessor[T] {
	return Accessor[T]{f, r}
}

// Informer returns the factory's informer of the resource, which is made when it is first asked for. It runs once the factory is
// started after that.
func (a Accessor[T]) Informer() informers.Informer[T] {
	return informers.For(a.factory.SharedInformerFactory, a.resource)
}

// Lister returns the reads of the informer's cache. As Informer does, it makes the factory follow the resource.
func (a Accessor[T]) Lister() listers.Lister[T] { return a.Informer().Lister() }
