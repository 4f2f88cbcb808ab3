// Package clientcmd reads kubeconfig files.
//
//	Stage 2. In: files, environment, overrides. Out: a rest.Config. Owner: the caller; nothing is kept open. Next: rest.
//
// Most programs need one call:
//
//	config, err := clientcmd.BuildConfig("", *kubeconfig) // a flag that may be empty
//
// which takes the file that was asked for, or the pod's own service account, or kubectl's default files. Programs with more flags
// build a ClientConfig from Rules (which files) and Overrides (which context, namespace, server, …). LoadBytes, LoadFromFile and Load give the
// content itself.
//
// An error is one sentence that names the file and, in it, the context, cluster or user. No error and no print of a File shows a secret.
//
// Reading order: types.go, load.go (which files) with parse.go (their content), config.go (which context), resolve.go (relative
// paths, overrides), restconfig.go and provider.go (what comes out).
package clientcmd
