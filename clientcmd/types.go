package clientcmd

import "encoding/json"

// File is the content of one kubeconfig file, or of several merged. Maps are by name. A File that is not being changed may be used
// concurrently.
//
// Printing a File with fmt or encoding/json shows no secret; Bytes writes all of it.
type File struct {
	CurrentContext string
	Clusters       map[string]*Cluster
	Users          map[string]*User
	Contexts       map[string]*Context
	// Extensions are for other programs; each is a JSON value.
	Extensions map[string]json.RawMessage

	// sources are the files that were read, in order; none for a File from bytes.
	sources []string
	unknown unknown
}

// Cluster says how to reach a server. The names of the fields are those of the format.
type Cluster struct {
	Server                   string                     `json:"server"`
	TLSServerName            string                     `json:"tls-server-name,omitempty"`
	InsecureSkipTLSVerify    bool                       `json:"insecure-skip-tls-verify,omitempty"`
	CertificateAuthority     string                     `json:"certificate-authority,omitempty"`
	CertificateAuthorityData []byte                     `json:"certificate-authority-data,omitempty"`
	ProxyURL                 string                     `json:"proxy-url,omitempty"`
	DisableCompression       bool                       `json:"disable-compression,omitempty"`
	Extensions               map[string]json.RawMessage `json:"-"`

	origin  string
	unknown unknown
}

// User says as whom to reach a server. One without any field is anonymous.
type User struct {
	ClientCertificate     string                     `json:"client-certificate,omitempty"`
	ClientCertificateData []byte                     `json:"client-certificate-data,omitempty"`
	ClientKey             string                     `json:"client-key,omitempty"`
	ClientKeyData         []byte                     `json:"client-key-data,omitempty"`
	Token                 string                     `json:"token,omitempty"`
	TokenFile             string                     `json:"tokenFile,omitempty"`
	Impersonate           string                     `json:"as,omitempty"`
	ImpersonateUID        string                     `json:"as-uid,omitempty"`
	ImpersonateGroups     []string                   `json:"as-groups,omitempty"`
	ImpersonateUserExtra  map[string][]string        `json:"as-user-extra,omitempty"`
	Username              string                     `json:"username,omitempty"`
	Password              string                     `json:"password,omitempty"`
	AuthProvider          *AuthProvider              `json:"auth-provider,omitempty"`
	Exec                  *Exec                      `json:"exec,omitempty"`
	Extensions            map[string]json.RawMessage `json:"-"`

	origin  string
	unknown unknown
}

// AuthProvider is a source of credentials that is built into clients. Only "oidc" is left of them.
type AuthProvider struct {
	Name   string            `json:"name"`
	Config map[string]string `json:"config,omitempty"`
}

// Exec is a program that yields credentials.
type Exec struct {
	Command            string    `json:"command"`
	Args               []string  `json:"args"`
	Env                []ExecEnv `json:"env"`
	APIVersion         string    `json:"apiVersion,omitempty"`
	InstallHint        string    `json:"installHint,omitempty"`
	ProvideClusterInfo bool      `json:"provideClusterInfo"`
	InteractiveMode    string    `json:"interactiveMode,omitempty"`
}

// ExecEnv is one environment variable for the program.
type ExecEnv struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Context joins a cluster, a user and a default namespace.
type Context struct {
	Cluster    string                     `json:"cluster"`
	User       string                     `json:"user"`
	Namespace  string                     `json:"namespace,omitempty"`
	Extensions map[string]json.RawMessage `json:"-"`

	origin  string
	unknown unknown
}

// unknown holds the fields of an entry that this package has no name for, so that writing a file back keeps them.
type unknown map[string]json.RawMessage
