package clientcmd_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/sheaf-dev/sheaf/clientcmd"
)

const kubeconfig = `
current-context: shop
clusters: [{name: prod, cluster: {server: "https://prod.example.com"}}, {name: test, cluster: {server: "https://test.example.com"}}]
users: [{name: joe, user: {token: hunter2}}]
contexts: [{name: shop, context: {cluster: prod, user: joe, namespace: shop}}, {name: try, context: {cluster: test, user: joe}}]
`

func ExampleBuildConfig() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte(kubeconfig), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	config, err := clientcmd.BuildConfig("", path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Host, config.BearerToken != "")

	// Output: https://prod.example.com true
}

func ExampleForFile() {
	file, err := clientcmd.LoadBytes([]byte(kubeconfig))
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := clientcmd.ForFile(file, clientcmd.Overrides{Context: "try"}).RESTConfig()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Host)
	_, err = clientcmd.ForFile(file, clientcmd.Overrides{Context: "tyr"}).RESTConfig()
	fmt.Println(err)

	// Output:
	// https://test.example.com
	// kubeconfig has no context "tyr"; it has: shop, try
}
