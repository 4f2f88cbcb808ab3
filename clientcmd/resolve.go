package clientcmd

import (
	"path/filepath"
	"reflect"
	"strings"
)

// resolved returns a copy whose paths are relative to the file that the entry comes from.
func (c *Cluster) resolved() Cluster {
	out := *c
	out.CertificateAuthority = relativeTo(c.origin, c.CertificateAuthority)
	return out
}

// resolved returns a copy whose paths are relative to the file that the entry comes from.
func (u *User) resolved() User {
	out := *u
	out.ClientCertificate = relativeTo(u.origin, u.ClientCertificate)
	out.ClientKey = relativeTo(u.origin, u.ClientKey)
	out.TokenFile = relativeTo(u.origin, u.TokenFile)
	if u.Exec != nil && strings.ContainsAny(u.Exec.Command, `/\`) { // a bare name is looked for in PATH
		exec := *u.Exec
		exec.Command = relativeTo(u.origin, exec.Command)
		out.Exec = &exec
	}
	if u.AuthProvider != nil && u.AuthProvider.Config[oidcCAFile] != "" {
		provider := u.AuthProvider.clone()
		provider.Config[oidcCAFile] = relativeTo(u.origin, provider.Config[oidcCAFile])
		out.AuthProvider = provider
	}
	return out
}

func relativeTo(file, path string) string {
	if path == "" || file == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// override returns the cluster with the non-empty fields of o in place of its own.
func (c Cluster) override(o Cluster) Cluster {
	switch {
	case o.InsecureSkipTLSVerify:
		c.CertificateAuthority, c.CertificateAuthorityData = "", nil
	case o.CertificateAuthority != "" || len(o.CertificateAuthorityData) > 0:
		c.CertificateAuthority, c.CertificateAuthorityData, c.InsecureSkipTLSVerify = "", nil, false
	}
	if o.Server != "" { // the name in the certificate belongs to the server
		c.TLSServerName = ""
	}
	fill(&c, &o)
	return c
}

// override returns the user with the non-empty fields of o in place of its own. One way to authenticate replaces all others.
func (u User) override(o User) User {
	if o.Token != "" || o.TokenFile != "" || o.Username != "" || o.Password != "" || o.Exec != nil || o.AuthProvider != nil {
		u.Token, u.TokenFile, u.Username, u.Password, u.Exec, u.AuthProvider = "", "", "", "", nil, nil
	}
	if o.ClientCertificate != "" || len(o.ClientCertificateData) > 0 {
		u.ClientCertificate, u.ClientCertificateData = "", nil
	}
	if o.ClientKey != "" || len(o.ClientKeyData) > 0 {
		u.ClientKey, u.ClientKeyData = "", nil
	}
	fill(&u, &o)
	return u
}

// fill copies the exported fields of from that are not empty. Both point to structs of one type.
func fill(into, from any) {
	dst, src := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for i := range src.NumField() {
		if src.Type().Field(i).IsExported() && !src.Field(i).IsZero() {
			dst.Field(i).Set(src.Field(i))
		}
	}
}
