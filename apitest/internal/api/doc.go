// Package api is the HTTP face of the server: paths, verbs, parameters, bodies and errors, over the objects.
package api
