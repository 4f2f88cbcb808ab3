package apitest

import (
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

// Options say what a server is like. The zero value is a server as most tests want it: all built-in resources, the namespaces
// "default", "kube-node-lease", "kube-public" and "kube-system", no authentication, plain HTTP on 127.0.0.1.
type Options struct {
	// Resources are served beside the built-in ones. Values of resource.Resource, as resource.Define returns them, can be listed.
	// A server validates nothing of such objects but their metadata, and stores all their fields.
	Resources []Definer

	// InMemory serves connections in memory instead of sockets, which works inside testing/synctest. Clients must dial by Dial, as those
	// made from HTTPClient and Config do.
	InMemory bool
	// Addr is where Run and Start listen. Default: "127.0.0.1:0", a free port. It has no meaning in memory.
	Addr string
	// TLS serves HTTPS, with HTTP/2, by a certificate minted by New.
	TLS bool

	// Auth says who may use the server. Default: everybody, for everything.
	Auth Auth

	// CreateNamespaces creates a missing namespace together with the first object in it, instead of answering 404.
	CreateNamespaces bool

	// CollectGarbage does what the controller manager of a real cluster does about deletions: dependents are deleted or orphaned with their
	// owners, as the propagation policy says, and namespaces that are being deleted are emptied and end. It happens within the request.
	// Pods deleted so end at once: there is no kubelet.
	CollectGarbage bool

	// BookmarkInterval is the time between two bookmarks of a watch. Default: one minute, as a real server.
	BookmarkInterval time.Duration

	// History is how many past changes can be watched and paged; older ones answer 410 Expired. Default: 100,000.
	History int
	// HistoryBytes bounds the wire bytes of past states in the history. Default: 256 MiB.
	HistoryBytes int64

	// Seed makes uids, generated names and the chances of faults repeatable. Default: different in each run.
	Seed int64

	// NoCompression sends nothing gzipped, whatever the client accepts, which saves much time with large lists.
	NoCompression bool

	// NoManagedFields keeps metadata.managedFields only from an object's first server-side apply on, which makes writes cheaper.
	// By default they are kept from its creation on, as by a real server.
	NoManagedFields bool

	// Version is the Kubernetes version that the server says it has. Default: "v1.36.3".
	Version string

	// RequestLog is how many requests are remembered for Requests. Default: 10,000.
	RequestLog int
}

// Definer is a resource: a resource.Resource of any type.
type Definer interface {
	Definition() *resource.Definition
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.BookmarkInterval <= 0 {
		o.BookmarkInterval = time.Minute
	}
	if o.History <= 0 {
		o.History = 100_000
	}
	if o.HistoryBytes <= 0 {
		o.HistoryBytes = 256 << 20
	}
	if o.Version == "" {
		o.Version = "v1.36.3"
	}
	if o.RequestLog <= 0 {
		o.RequestLog = 10_000
	}
	return o
}
