package clientcmd

import (
	"errors"

	"github.com/sheaf-dev/sheaf/rest"
)

// BuildConfig is what a program with the flags --master and --kubeconfig wants. The first of these counts:
//
//  1. the file at kubeconfigPath, if that is not empty;
//  2. the pod's own configuration, if the program runs in one and masterURL is empty;
//  3. the files of DefaultRules: $KUBECONFIG or ~/.kube/config;
//  4. masterURL alone, without credentials.
//
// masterURL, if not empty, replaces the server's URL of the file.
func BuildConfig(masterURL, kubeconfigPath string) (*rest.Config, error) {
	if kubeconfigPath == "" && masterURL == "" {
		config, err := rest.InClusterConfig()
		if err == nil || !errors.Is(err, rest.ErrNotInCluster) {
			return config, err
		}
	}
	rules := DefaultRules()
	if kubeconfigPath != "" {
		rules = Rules{ExplicitPath: kubeconfigPath}
	}
	return New(rules, Overrides{ClusterInfo: Cluster{Server: masterURL}}).RESTConfig()
}
