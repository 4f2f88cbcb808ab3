package clientcmd

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
)

// redacted stands where a secret would, as kubectl shows it.
const redacted = "REDACTED"

// dataOmitted stands where data would. In base64, as data is written, it reads "DATA+OMITTED".
var dataOmitted = []byte{0x0c, 0x04, 0xc0, 0xf8, 0xe3, 0x08, 0x4d, 0x31, 0x03}

// View returns a copy to be shown as `kubectl config view` shows it: tokens and passwords are "REDACTED", the data of certificates and
// keys is "DATA+OMITTED", and fields that this package does not know are left out. As with kubectl, the arguments of plugins and the
// settings of providers are kept: Format hides these, too.
func (f *File) View() *File {
	out := f.Copy()
	preferences, ok := out.unknown["preferences"]
	if out.unknown = nil; ok {
		out.unknown = unknown{"preferences": preferences}
	}
	for _, c := range out.Clusters {
		c.unknown = nil
		c.CertificateAuthorityData = omit(c.CertificateAuthorityData)
	}
	for _, u := range out.Users {
		u.redact()
	}
	for _, c := range out.Contexts {
		c.unknown = nil
	}
	return out
}

func (u *User) redact() {
	u.unknown = nil
	u.ClientCertificateData, u.ClientKeyData = omit(u.ClientCertificateData), omit(u.ClientKeyData)
	u.Token, u.Password = hide(u.Token), hide(u.Password)
}

func hide(secret string) string {
	if secret == "" {
		return ""
	}
	return redacted
}

func omit(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return slices.Clone(dataOmitted)
}

// Copy returns a deep copy.
func (f *File) Copy() *File {
	out := newFile()
	out.CurrentContext, out.Extensions, out.unknown = f.CurrentContext, cloneRaw(f.Extensions), cloneRaw(f.unknown)
	out.sources = slices.Clone(f.sources)
	for name, c := range f.Clusters {
		d := *c
		d.CertificateAuthorityData = slices.Clone(c.CertificateAuthorityData)
		d.Extensions, d.unknown = cloneRaw(c.Extensions), cloneRaw(c.unknown)
		out.Clusters[name] = &d
	}
	for name, u := range f.Users {
		out.Users[name] = u.copy()
	}
	for name, c := range f.Contexts {
		d := *c
		d.Extensions, d.unknown = cloneRaw(c.Extensions), cloneRaw(c.unknown)
		out.Contexts[name] = &d
	}
	return out
}

func (u *User) copy() *User {
	out := *u
	out.ClientCertificateData, out.ClientKeyData = slices.Clone(u.ClientCertificateData), slices.Clone(u.ClientKeyData)
	out.ImpersonateGroups = slices.Clone(u.ImpersonateGroups)
	out.ImpersonateUserExtra = maps.Clone(u.ImpersonateUserExtra)
	for name, values := range out.ImpersonateUserExtra {
		out.ImpersonateUserExtra[name] = slices.Clone(values)
	}
	if u.AuthProvider != nil {
		out.AuthProvider = u.AuthProvider.clone()
	}
	if u.Exec != nil {
		exec := *u.Exec
		exec.Args, exec.Env = slices.Clone(exec.Args), slices.Clone(exec.Env)
		out.Exec = &exec
	}
	out.Extensions, out.unknown = cloneRaw(u.Extensions), cloneRaw(u.unknown)
	return &out
}

func cloneRaw[M ~map[string]json.RawMessage](m M) M {
	out := maps.Clone(m)
	for name, raw := range out {
		out[name] = slices.Clone(raw)
	}
	return out
}

// secretless is View without what plugins and providers are told, and without extensions, which may hold anything.
func (f *File) secretless() *File {
	out := f.View()
	out.Extensions = nil
	for name, c := range out.Clusters {
		shown := Cluster(c.shown())
		out.Clusters[name] = &shown
	}
	for _, u := range out.Users {
		u.Extensions = nil
		if u.Exec != nil {
			exec := Exec(u.Exec.shown())
			u.Exec = &exec
		}
		if u.AuthProvider != nil {
			provider := AuthProvider(u.AuthProvider.shown())
			u.AuthProvider = &provider
		}
	}
	for _, c := range out.Contexts {
		c.Extensions = nil
	}
	return out
}

// hideUserinfo hides the password in a URL, and all of a URL that is malformed.
func hideUserinfo(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return redacted
	}
	return u.Redacted()
}

// shown is the file as YAML, redacted.
func (f *File) shown() string {
	data, err := f.secretless().Bytes()
	if err != nil {
		return "kubeconfig that cannot be shown"
	}
	return string(data)
}

// Format prints the file as YAML without its secrets, whatever the verb.
func (f File) Format(s fmt.State, _ rune) { fmt.Fprint(s, f.shown()) }

// MarshalJSON writes the file without its secrets.
func (f File) MarshalJSON() ([]byte, error) { return f.secretless().json() }

// LogValue gives package log/slog the file without its secrets.
func (f File) LogValue() slog.Value { return slog.StringValue(f.shown()) }

// MarshalLog gives klog and logr the file without its secrets.
func (f File) MarshalLog() any { return f.shown() }

// The plain types have the fields of the public ones but not their methods.
type (
	plainCluster  Cluster
	plainContext  Context
	plainUser     User
	plainExec     Exec
	plainProvider AuthProvider
)

func (c Cluster) shown() plainCluster {
	c.ProxyURL, c.Server = hideUserinfo(c.ProxyURL), hideUserinfo(c.Server)
	c.CertificateAuthorityData = omit(c.CertificateAuthorityData)
	c.Extensions, c.unknown = nil, nil
	return plainCluster(c)
}

// Format prints the cluster without passwords in URLs, extensions and unknown fields, whatever the verb.
func (c Cluster) Format(s fmt.State, verb rune) { fmt.Fprintf(s, fmt.FormatString(s, verb), c.shown()) }

// MarshalJSON writes the cluster without passwords in URLs, extensions and unknown fields.
func (c Cluster) MarshalJSON() ([]byte, error) { return json.Marshal(c.shown()) }

func (c Context) shown() plainContext {
	c.Extensions, c.unknown = nil, nil
	return plainContext(c)
}

// Format prints the context without extensions and unknown fields, whatever the verb.
func (c Context) Format(s fmt.State, verb rune) { fmt.Fprintf(s, fmt.FormatString(s, verb), c.shown()) }

func (u User) shown() plainUser {
	out := u.copy()
	out.redact()
	out.Extensions = nil
	return plainUser(*out)
}

// Format prints the user without secrets, whatever the verb.
func (u User) Format(s fmt.State, verb rune) { fmt.Fprintf(s, fmt.FormatString(s, verb), u.shown()) }

// MarshalJSON writes the user without secrets.
func (u User) MarshalJSON() ([]byte, error) { return json.Marshal(u.shown()) }

func (e Exec) shown() plainExec {
	e.Args, e.Env = slices.Clone(e.Args), slices.Clone(e.Env)
	for i := range e.Args {
		e.Args[i] = redacted
	}
	for i := range e.Env {
		e.Env[i].Value = hide(e.Env[i].Value)
	}
	return plainExec(e)
}

// Format prints the plugin without its arguments and the values of its environment, whatever the verb.
func (e Exec) Format(s fmt.State, verb rune) { fmt.Fprintf(s, fmt.FormatString(s, verb), e.shown()) }

// MarshalJSON writes the plugin without its arguments and the values of its environment.
func (e Exec) MarshalJSON() ([]byte, error) { return json.Marshal(e.shown()) }

func (p AuthProvider) shown() plainProvider {
	out := p.clone()
	for name := range out.Config {
		out.Config[name] = redacted
	}
	return plainProvider(*out)
}

// Format prints the provider without its settings, whatever the verb.
func (p AuthProvider) Format(s fmt.State, verb rune) {
	fmt.Fprintf(s, fmt.FormatString(s, verb), p.shown())
}

// MarshalJSON writes the provider without its settings.
func (p AuthProvider) MarshalJSON() ([]byte, error) { return json.Marshal(p.shown()) }
