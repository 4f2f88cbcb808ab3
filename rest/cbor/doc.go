// Package cbor lets clients speak CBOR, for who asks for it, with API servers that do: in Kubernetes 1.36 those with the feature gate
// CBORServingAndStorage.
//
//	Beside the way, below stage 2. In: a rest.Config. Out: the same, whose transport turns CBOR into JSON and back. Owner: the caller's
//	goroutine.
//
//	cbor.Use(config)
//	client, err := rest.NewClient(config)
//
// All objects, lists and watches are asked for in CBOR, and in JSON in case the server cannot. A list in CBOR is held in memory as a whole while it is
// read. It is a package of its own so that programs without it do not carry it.
package cbor
