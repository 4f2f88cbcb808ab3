package flags

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/sheaf-dev/sheaf/clientcmd"
)

// Flags hold what the command line says, once it has been parsed.
type Flags struct {
	kubeconfig string
	timeout    time.Duration
	overrides  func() *clientcmd.Overrides // a function, into which nothing that prints can look: they may be secret
}

// Bind adds kubectl's connection flags to a flag set: --kubeconfig, --context, --cluster, --user, --namespace (-n), --server (-s), --token,
// --client-certificate, --as and so on. The prefix, such as "remote-", is put in front of each name, and then there are no one-letter
// names. Call Bind before parsing, and ClientConfig after.
func Bind(set *pflag.FlagSet, prefix string) *Flags {
	f, o := &Flags{}, new(clientcmd.Overrides)
	f.overrides = func() *clientcmd.Overrides { return o }
	short := func(letter string) string {
		if prefix == "" {
			return letter
		}
		return ""
	}
	text := func(into *string, name, letter, usage string) {
		set.StringVarP(into, prefix+name, short(letter), "", usage)
	}
	text(&f.kubeconfig, "kubeconfig", "", "path of the kubeconfig file to use")
	text(&o.Context, "context", "", "name of the kubeconfig context to use")
	text(&o.Cluster, "cluster", "", "name of the kubeconfig cluster to use")
	text(&o.User, "user", "", "name of the kubeconfig user to use")
	text(&o.Namespace, "namespace", "n", "namespace to work in")
	set.DurationVar(&f.timeout, prefix+"request-timeout", 0, "how long to wait for a single answer; 0 means for ever")
	f.bindCluster(set, prefix, short("s"))
	f.bindUser(set, prefix)
	return f
}

func (f *Flags) bindCluster(set *pflag.FlagSet, prefix, server string) {
	c := &f.overrides().ClusterInfo
	set.StringVarP(&c.Server, prefix+"server", server, "", "URL of the API server")
	set.StringVar(&c.TLSServerName, prefix+"tls-server-name", "", "name that the server's certificate must carry, instead of its host's")
	set.StringVar(&c.CertificateAuthority, prefix+"certificate-authority", "", "path of a file with the authorities to trust")
	set.BoolVar(&c.InsecureSkipTLSVerify, prefix+"insecure-skip-tls-verify", false, "accept any certificate of the server; insecure")
	set.BoolVar(&c.DisableCompression, prefix+"disable-compression", false, "do not ask for compressed answers")
	set.StringVar(&c.ProxyURL, prefix+"proxy-url", "", "URL of the proxy to the server")
}

func (f *Flags) bindUser(set *pflag.FlagSet, prefix string) {
	u := &f.overrides().UserInfo
	set.StringVar(&u.Token, prefix+"token", "", "bearer token")
	set.StringVar(&u.Username, prefix+"username", "", "user name for basic authentication")
	set.StringVar(&u.Password, prefix+"password", "", "password for basic authentication")
	set.StringVar(&u.ClientCertificate, prefix+"client-certificate", "", "path of a client certificate")
	set.StringVar(&u.ClientKey, prefix+"client-key", "", "path of the client certificate's key")
	set.StringVar(&u.Impersonate, prefix+"as", "", "user to act as")
	set.StringVar(&u.ImpersonateUID, prefix+"as-uid", "", "UID to act as")
	set.StringArrayVar(&u.ImpersonateGroups, prefix+"as-group", nil, "group to act as; may be given several times")
}

// Format prints the path of the kubeconfig file and nothing else, since the other flags may be secret, whatever the verb.
func (f Flags) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "connection flags, kubeconfig %q", f.kubeconfig)
}

// Overrides returns what the command line says about contexts, clusters and users.
func (f *Flags) Overrides() clientcmd.Overrides {
	out := *f.overrides()
	out.Timeout = f.timeout
	return out
}

// Rules returns which kubeconfig files the command line asks for.
func (f *Flags) Rules() clientcmd.Rules {
	if f.kubeconfig != "" {
		return clientcmd.Rules{ExplicitPath: f.kubeconfig}
	}
	return clientcmd.DefaultRules()
}

// ClientConfig returns the configuration that the command line asks for.
func (f *Flags) ClientConfig() *clientcmd.ClientConfig {
	return clientcmd.New(f.Rules(), f.Overrides())
}
