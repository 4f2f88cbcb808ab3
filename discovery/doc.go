// Package discovery asks a server which resources it has, and finds the one that somebody means.
//
//	Beside the way. In: a rest.Client. Out: catalogs of resources, and definitions for clients and informers of any of them. Owner: the
//	caller; a Catalog is immutable, a Cache and a Mapper are shared. Next: dynamic, which works with what is found here.
//
// A Client asks the server each time: the whole Catalog in two requests, the resources of one group and version in one, the server's
// version, its OpenAPI documents. A Cache remembers the catalog, in memory and if wished on disk. A Mapper finds resources in a
// cache by plural, singular, short name, category or kind, and is a meta.RESTMapper of k8s.io/apimachinery.
//
//	client, err := rest.NewClient(config)
//	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
//	mapper := discovery.NewMapper(cache, discovery.MapperOptions{})
//	deploy, err := mapper.Lookup(ctx, "deploy")         // deployments of apps/v1, namespaced, with its verbs and subresources
//	def, err := discovery.Define[*unstructured.Unstructured](deploy)
//
// Where some API of the server cannot be discovered (often an aggregated one whose server is down), the rest is there all the same.
// The failure is part of the catalog: Catalog.Err has all of them, and whoever looks for a resource there gets the failure as the
// error, never "not found".
//
// Reading order: catalog.go (what there is to know), client.go with aggregated.go and legacy.go (how it is asked for), cache.go with
// disk.go and watch.go, mapper.go with match.go, define.go, openapi.go.
package discovery
