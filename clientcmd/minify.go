package clientcmd

import (
	"fmt"
	"os"
)

// Minify returns a copy with nothing but what the context needs; "" means the current one. The copy's current context is that
// context.
func (f *File) Minify(context string) (*File, error) {
	name := first(context, f.CurrentContext)
	if name == "" {
		return nil, f.noContext()
	}
	c, ok := f.Contexts[name]
	if !ok {
		return nil, fmt.Errorf("%s has no context %q; it has: %s", f.name(), name, names(f.Contexts))
	}
	all := f.Copy()
	out := *all
	out.CurrentContext = name
	out.Contexts = map[string]*Context{name: all.Contexts[name]}
	out.Clusters, out.Users = map[string]*Cluster{}, map[string]*User{}
	if c.Cluster != "" {
		if out.Clusters[c.Cluster], ok = all.Clusters[c.Cluster]; !ok {
			return nil, fmt.Errorf("%s has no cluster %q, which context %q names; it has: %s", f.name(), c.Cluster, name, names(f.Clusters))
		}
	}
	if c.User != "" {
		if out.Users[c.User], ok = all.Users[c.User]; !ok {
			return nil, fmt.Errorf("%s has no user %q, which context %q names; it has: %s", f.name(), c.User, name, names(f.Users))
		}
	}
	return &out, nil
}

// Flatten returns a copy in which the content of the files that it names stands instead of their names, so that it can be carried
// elsewhere: authorities, certificates and keys. Token files, which change, stay files.
func (f *File) Flatten() (*File, error) {
	out := f.Copy()
	for name, c := range out.Clusters {
		if err := inline(c.origin, &c.CertificateAuthority, &c.CertificateAuthorityData); err != nil {
			return nil, fmt.Errorf("%s: cluster %q: certificate-authority: %w", f.name(), name, err)
		}
	}
	for name, u := range out.Users {
		if err := inline(u.origin, &u.ClientCertificate, &u.ClientCertificateData); err != nil {
			return nil, fmt.Errorf("%s: user %q: client-certificate: %w", f.name(), name, err)
		}
		if err := inline(u.origin, &u.ClientKey, &u.ClientKeyData); err != nil {
			return nil, fmt.Errorf("%s: user %q: client-key: %w", f.name(), name, err)
		}
	}
	return out, nil
}

func inline(origin string, path *string, data *[]byte) error {
	switch {
	case *path == "":
		return nil
	case len(*data) > 0:
		return errBoth
	}
	content, err := os.ReadFile(relativeTo(origin, *path))
	if err != nil {
		return err
	}
	*path, *data = "", content
	return nil
}
