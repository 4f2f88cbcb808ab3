package clientcmd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sheaf-dev/sheaf/rest"
)

// Overrides change what the files say. Empty fields change nothing.
type Overrides struct {
	// Context is used instead of the file's current context; Cluster and User instead of that context's.
	Context string
	Cluster string
	User    string
	// Namespace is used instead of the context's.
	Namespace string
	// ClusterInfo and UserInfo replace single fields of the cluster and user. A credential here replaces all of the user's.
	ClusterInfo Cluster
	UserInfo    User
	// Timeout bounds single requests, as rest.Config.Timeout does.
	Timeout time.Duration
}

// ClientConfig turns kubeconfig files and overrides into the configuration of a client. It reads the files anew at each call. It may be used
// concurrently.
type ClientConfig struct {
	rules     Rules
	overrides func() Overrides             // a function, into which nothing that prints can look: they may be secret
	inCluster func() (*rest.Config, error) // nil: no fall-back
	namespace func() (string, bool)        // of the pod's service account
}

// New returns the configuration that the rules and overrides yield. If the files have nothing, no override names a server and no file was
// asked for by path, the configuration of the pod is used (rest.InClusterConfig).
func New(rules Rules, overrides Overrides) *ClientConfig {
	c := ForFile(nil, overrides)
	c.rules, c.inCluster, c.namespace = rules, rest.InClusterConfig, rest.InClusterNamespace
	return c
}

// ForFile returns the configuration that a loaded file and overrides yield, and never falls back to the pod's.
func ForFile(f *File, overrides Overrides) *ClientConfig {
	return &ClientConfig{rules: Rules{Getter: func() (*File, error) { return f, nil }}, overrides: func() Overrides { return overrides }}
}

// Format prints which files are read and no override, since these may be secret, whatever the verb.
func (c ClientConfig) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "client configuration of %s", c.rules.where())
}

// selection is what a file and overrides come to: the context's parts, with overrides applied.
type selection struct {
	file    *File
	context Context
	cluster Cluster
	user    User
}

// RESTConfig returns the configuration for rest.NewClient. Its error is one sentence that names the file, context, cluster or user.
func (c *ClientConfig) RESTConfig() (*rest.Config, error) {
	f, err := c.rules.Load()
	if err != nil {
		return nil, err
	}
	if f.Empty() && c.overrides().ClusterInfo.Server == "" {
		return c.withoutFile()
	}
	s, err := f.choose(c.overrides())
	if err != nil {
		return nil, err
	}
	out, err := s.restConfig()
	if err != nil {
		return nil, err
	}
	out.Timeout = c.overrides().Timeout
	return out, nil
}

// withoutFile is the configuration if no file says anything.
func (c *ClientConfig) withoutFile() (*rest.Config, error) {
	if c.overrides().Context != "" {
		return nil, fmt.Errorf("%w: there is no context %q in %s", ErrNoConfig, c.overrides().Context, c.rules.where())
	}
	if c.inCluster == nil || c.rules.ExplicitPath != "" { // who asks for a file wants no other identity
		return nil, fmt.Errorf("%w: nothing is in %s", ErrNoConfig, c.rules.where())
	}
	out, err := c.inCluster()
	switch {
	case errors.Is(err, rest.ErrNotInCluster):
		return nil, fmt.Errorf("%w: nothing is in %s, and %w", ErrNoConfig, c.rules.where(), err)
	case err != nil:
		return nil, err
	}
	out.Timeout = c.overrides().Timeout
	return out, nil
}

// where names the files that the rules look at.
func (r Rules) where() string {
	switch {
	case r.ExplicitPath != "":
		return "kubeconfig " + r.ExplicitPath
	case len(r.Paths) > 0:
		return "kubeconfig " + strings.Join(r.Paths, ", ")
	}
	return "the kubeconfig"
}

// Namespace returns the namespace to work in, and whether anything said so: an override, the context, or the pod's service account.
// Otherwise it is "default".
func (c *ClientConfig) Namespace() (namespace string, explicit bool, err error) {
	if c.overrides().Namespace != "" {
		return c.overrides().Namespace, true, nil
	}
	f, err := c.rules.Load()
	if err != nil {
		return "", false, err
	}
	if f.Empty() {
		if c.namespace != nil && c.rules.ExplicitPath == "" && c.overrides().ClusterInfo.Server == "" {
			if namespace, ok := c.namespace(); ok {
				return namespace, true, nil
			}
		}
		return "default", false, nil
	}
	s, err := f.choose(c.overrides())
	if err != nil {
		return "", false, err
	}
	if s.context.Namespace == "" {
		return "default", false, nil
	}
	return s.context.Namespace, true, nil
}

// choose finds the context, and the cluster and user that it names.
func (f *File) choose(o Overrides) (selection, error) {
	s := selection{file: f}
	name, err := f.chooseContext(o)
	if err != nil {
		return s, err
	}
	if name != "" {
		s.context = *f.Contexts[name]
	}
	s.context.Cluster = first(o.Cluster, s.context.Cluster)
	s.context.User = first(o.User, s.context.User)
	by := ""
	if name != "" {
		by = fmt.Sprintf(", which context %q names", name)
	}
	if s.context.Cluster != "" {
		found, ok := f.Clusters[s.context.Cluster]
		if !ok {
			return s, fmt.Errorf("%s has no cluster %q%s; it has: %s", f.name(), s.context.Cluster, by, names(f.Clusters))
		}
		s.cluster = found.resolved()
	}
	if s.context.User != "" {
		found, ok := f.Users[s.context.User]
		if !ok {
			return s, fmt.Errorf("%s has no user %q%s; it has: %s", f.name(), s.context.User, by, names(f.Users))
		}
		s.user = found.resolved()
	}
	s.cluster = s.cluster.override(o.ClusterInfo)
	if s.user = s.user.override(o.UserInfo); o.UserInfo.AuthProvider != nil {
		s.user.origin = "" // these tokens did not come from the file
	}
	if s.cluster.Server == "" {
		return s, f.noServer(name, s.context.Cluster)
	}
	return s, nil
}

// chooseContext returns the name of the context, "" if the overrides do without one.
func (f *File) chooseContext(o Overrides) (string, error) {
	name := first(o.Context, f.CurrentContext)
	if _, ok := f.Contexts[name]; ok && name != "" {
		return name, nil
	}
	switch {
	case name != "" && o.Context == "":
		return "", fmt.Errorf("%s has no context %q, which is its current one; it has: %s", f.name(), name, names(f.Contexts))
	case name != "":
		return "", fmt.Errorf("%s has no context %q; it has: %s", f.name(), name, names(f.Contexts))
	case o.Cluster == "" && o.ClusterInfo.Server == "":
		return "", f.noContext()
	}
	return "", nil
}

func (f *File) noContext() error {
	return fmt.Errorf("%s sets no current context, and none was asked for; it has: %s", f.name(), names(f.Contexts))
}

func (f *File) noServer(context, cluster string) error {
	if cluster == "" {
		return fmt.Errorf("%s: context %q names no cluster", f.name(), context)
	}
	return fmt.Errorf("%s: cluster %q has no server", f.name(), cluster)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// names lists the keys of a map for a message.
func names[T any](all map[string]T) string {
	if len(all) == 0 {
		return "none"
	}
	list := slices.Sorted(maps.Keys(all))
	if list[0] == "" {
		list[0] = "one without a name"
	}
	return strings.Join(list, ", ")
}
