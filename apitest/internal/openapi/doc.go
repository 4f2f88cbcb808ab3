// Package openapi holds what a real API server says about its built-in types: the OpenAPI documents, as clients such as kubectl
// read them, and the merge rules of server-side apply that follow from them.
//
// Both are captured from a real server by the program in gen, and read when they are needed for the first time.
package openapi
