package rest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotInCluster is what InClusterConfig returns, wrapped, to a program that does not run in a pod.
var ErrNotInCluster = errors.New("this program does not run in a cluster")

// serviceAccountDir is where a kubelet puts a pod's credentials.
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// InClusterConfig returns the configuration that a pod uses to talk to its own cluster, as its service account. The token and the
// authorities are read again as they are rotated. The error is ErrNotInCluster outside of a pod.
func InClusterConfig() (*Config, error) { return inCluster(os.Getenv, serviceAccountDir) }

func inCluster(getenv func(string) string, dir string) (*Config, error) {
	host, port := getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, fmt.Errorf("%w: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set", ErrNotInCluster)
	}
	tokenFile, caFile := filepath.Join(dir, "token"), filepath.Join(dir, "ca.crt")
	token, err := readTokenFile(tokenFile)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: %w", ErrNotInCluster, err)
		}
		return nil, err
	}
	if _, err := readCertPool(caFile); err != nil {
		return nil, err
	}
	return &Config{
		Host:            "https://" + net.JoinHostPort(host, port),
		TLS:             TLSConfig{CAFile: caFile},
		BearerToken:     token,
		BearerTokenFile: tokenFile,
	}, nil
}

// InClusterNamespace returns the namespace of the pod that the program runs in, and whether it runs in one.
func InClusterNamespace() (string, bool) { return namespaceIn(serviceAccountDir) }

func namespaceIn(dir string) (string, bool) {
	data, err := os.ReadFile(filepath.Join(dir, "namespace"))
	namespace := strings.TrimSpace(string(data))
	return namespace, err == nil && namespace != ""
}

// readTokenFile returns the token in a file, without the white space around it. An empty file is an error.
func readTokenFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("token file %s is empty", path)
	}
	if strings.ContainsAny(token, "\r\n\x00") {
		return "", fmt.Errorf("token file %s holds more than one line", path)
	}
	return token, nil
}
