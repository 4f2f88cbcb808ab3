package apitest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Kubeconfig returns a kubeconfig file for the server, which must be listening on a socket.
func (s *Server) Kubeconfig() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Config\nclusters:\n- name: apitest\n  cluster:\n    server: %s\n", s.URL())
	if ca := s.CAData(); ca != nil {
		fmt.Fprintf(&b, "    certificate-authority-data: %s\n", base64.StdEncoding.EncodeToString(ca))
	}
	b.WriteString("users:\n- name: apitest\n  user: {}\n")
	b.WriteString("contexts:\n- name: apitest\n  context:\n    cluster: apitest\n    user: apitest\n    namespace: default\ncurrent-context: apitest\n")
	return []byte(b.String())
}
