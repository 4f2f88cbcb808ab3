// Package apitest is a Kubernetes API server in the test's process.
//
// It starts in a millisecond, holds objects in memory, and speaks the real protocol over HTTP: resourceVersions and conflicts, pages,
// watches with bookmarks, watch-lists, selectors, patches, server-side apply, finalizers, custom resources, discovery, JSON and protobuf. Any
// client can use it, kubectl included. It can misbehave on command, and it runs in the fake time of testing/synctest.
//
//	srv := apitest.New(apitest.Options{}).Start(t)       // real sockets on 127.0.0.1, until the test ends
//	client, err := rest.NewClient(srv.Config())          // or srv.URL() and srv.HTTPClient(), or srv.Kubeconfig()
//
// # What there is
//
//   - New makes a Server, which is an http.Handler and starts nothing. Start runs it for a test, Run for a context. Options.InMemory serves
//     connections in memory, whose Write never blocks, so that a test in a synctest bubble sees hours pass in no time.
//   - Every built-in resource is served; custom ones are listed in Options.Resources, or defined by a CustomResourceDefinition that is
//     posted or loaded.
//   - In reads and writes objects directly, past HTTP, admission and conflicts; Load stores manifests.
//   - Inject puts a Fault to work: which requests, how often, and what happens to them: errors, delays, cuts, stalls, answers that trickle, missing or
//     stale bookmarks, garbage, objects that are undecodable, chosen by key or by state, or nameless. RefuseConnections, CutConnections, Compact, Restart and RestoreTo act on the whole server;
//     EndWatches, HoldWatches and SendBookmarks on the watches that are open.
//   - Requests, OpenWatches and the Wait methods observe: what was asked, who watches, whether everything has been sent to everybody.
//   - Package conformance holds the answers of a real API server in many scenarios. This server gives the same ones.
//
// The example ControllerInFakeTime (example_controller_test.go) is a whole test of a controller in fake time, with faults.
//
// # Speed
//
// The benchmarks of this package measure, with pods of 6 kB, what a test's author waits for: Start, Load (100,000 pods), List (20,000 pods), FanOut
// (2,000 changes a second to 100 watchers) and Memory. Objects take about 1.2 times the memory of their protobuf form, and past states that the history
// keeps about 1.1 times.
//
// # What differs from a real server
//
// A difference is either here, with its reason, or a bug.
//
//   - Defaults and deep validation of built-in types are not applied, but for what the protocol itself needs (a new pod is Pending, a new
//     namespace Active): they are tens of thousands of lines in the server's own code. Metadata is defaulted and validated in full, and so are
//     custom resources, whose rules travel with them.
//   - No admission: webhooks, policies, quotas and plugins would need programs and languages of their own. Rules in CEL and conversion
//     webhooks of custom resources are not run for the same reason; versions of a custom resource differ in their apiVersion alone.
//   - No controllers, scheduler or kubelet, like a real API server on its own. Options.CollectGarbage plays the garbage collector and the
//     namespace controller. The subresources log, exec, attach, portforward and proxy answer 503: nothing runs.
//   - All versions of the built-in groups are served, also those that real servers have stopped serving, so that old clients can be tested, and
//     what is newer than 1.36; they convert into each other by the names of fields, which loses fields that were renamed between versions.
//   - A CustomResourceDefinition is served from the moment it is created; a real server takes seconds.
//   - The watch cache and the storage are one: resourceVersion "0" is never stale, and how far the past reaches is a number of changes, not a
//     number of minutes.
//   - Server-side apply knows how to merge the types that Kubernetes 1.36 serves and those of CustomResourceDefinitions. Of others, such as those
//     made by resource.Define, lists are replaced as a whole.
//   - The OpenAPI documents of built-in kinds are those of Kubernetes 1.36, and that of version 2 is made from those of version 3.
//   - Authorization is a function, not the RBAC objects: a test says it in a line. Service accounts' tokens are signed by a secret, not a key pair.
//   - CBOR, audit, and API priority and fairness are not there: clients do not depend on them.
//   - Messages of errors are the real ones word by word, except where those name Go types of the server's code, where their parts come in no
//     fixed order, and where the rules for metadata have other words since 1.36, as those for owner references.
package apitest
