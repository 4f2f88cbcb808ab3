package apitest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Kubeconfig returns a kubeconfig file for the server, which must be listening on a socket. With Options.TLS its user has a client certificate
// of "system:admin" in the group "system:masters", without which kubectl would ask for a name and password; it counts where Auth.Certificates
// is set.
func (s *Server) Kubeconfig() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Config\nclusters:\n- name: apitest\n  cluster:\n    server: %s\n", s.URL())
	if ca := s.CAData(); ca != nil {
		fmt.Fprintf(&b, "    certificate-authority-data: %s\n", base64.StdEncoding.EncodeToString(ca))
	}
	b.WriteString("users:\n- name: apitest\n")
	if s.secure == nil {
		b.WriteString("  user: {}\n")
	} else {
		certificate, key := s.ClientCertificate("system:admin", "system:masters")
		fmt.Fprintf(&b, "  user:\n    client-certificate-data: %s\n    client-key-data: %s\n",
			base64.StdEncoding.EncodeToString(certificate), base64.StdEncoding.EncodeToString(key))
	}
	b.WriteString("contexts:\n- name: apitest\n  context:\n    cluster: apitest\n    user: apitest\n    namespace: default\ncurrent-context: apitest\n")
	return []byte(b.String())
}
