// Package rest makes requests to an API server.
//
//	Stage 2. In: settings, credentials, and what to ask for. Out: answers, and streams of decoded items. Owner: the caller; a Client is
//	immutable and shared, a Request and a Watch belong to one goroutine. Next: cache/reflector, which lists and watches through it.
//
// A Config says how to reach a server and as whom: write one, take InClusterConfig, or read a kubeconfig file with package
// clientcmd. NewClient makes a Client of it. From there are two ways: ForResource returns a ResourceClient, with one method for each
// verb of the API, which streams lists item by item and watches event by event; Get, Post, Put, Patch and Delete start a Request for any
// path of the server.
//
// What the package promises:
//
//   - An error of the server's is an *errors.StatusError of k8s.io/apimachinery, also if what answered was a proxy with a page of HTML.
//     Other errors say which request failed, without its query. No error, log line or print of a Config shows a secret.
//
//   - A write, or an Upgrade, is repeated only if the server said that it did not happen: after 429 with Retry-After, or once after 401 with a fresh
//     credential. Reads are repeated after 429 and 5xx with Retry-After, and when the connection broke. Never more than ten times. Whether a wait is
//     too long is for the context to decide: one that does not fit into its deadline is not begun, and a minute or more is said in the log.
//
//   - Time-outs bound single answers and never cut a stream.
//
//   - Redirects are not followed: they would carry the credentials elsewhere.
//
//   - Credentials change while streams go on: token files, certificates, credential plugins and OIDC sessions are renewed in time, and
//     at once when the server rejects them.
//
//   - Levels 6 to 9 of klog (--v) show requests, headers and bodies, without credentials and without bodies that may be secret.
//
// Reading order: config.go, client.go, request.go, send.go (the loop) with retry.go (its decision), resourceclient.go, list.go,
// watch.go; then the layers of a request's way out: layers.go, bearer.go, connections.go, transport.go, httpsproxy.go; then the sources of
// credentials: exec.go with execrun.go, oidc.go.
package rest
