package clientcmd

import (
	"github.com/sheaf-dev/sheaf/rest"
)

// BuildConfig is what a program with the flags --master and --kubeconfig wants. The first of these counts:
//
//  1. the file at kubeconfigPath, if that is not empty;
//  2. the pod's own configuration, if the program runs in one, it is in order, and masterURL is empty;
//  3. the files of DefaultRules: $KUBECONFIG or ~/.kube/config;
//  4. masterURL alone, without credentials.
//
// masterURL, if not empty, replaces the server's URL of the file.
func BuildConfig(masterURL, kubeconfigPath string) (*rest.Config, error) {
	return build(masterURL, kubeconfigPath, rest.InClusterConfig)
}

func build(masterURL, kubeconfigPath string, inCluster func() (*rest.Config, error)) (*rest.Config, error) {
	overrides := Overrides{ClusterInfo: Cluster{Server: masterURL}}
	if kubeconfigPath != "" {
		return New(Rules{ExplicitPath: kubeconfigPath}, overrides).RESTConfig()
	}
	c := New(DefaultRules(), overrides)
	c.inCluster = inCluster
	if masterURL == "" {
		config, err := inCluster()
		if err == nil {
			return config, nil
		}
		c.inCluster = func() (*rest.Config, error) { return nil, err } // said if there is no file either
	}
	return c.RESTConfig()
}
